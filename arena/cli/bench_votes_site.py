"""A site of its own for votes: PostgreSQL, Valkey and portals as processes, each of which can be killed and restarted.

The portals are forked from a process that has imported the platform, so that another life costs no import.
"""

import asyncio
import os
import resource
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import func, select

from arena.config import Settings
from arena.embedded import ports, postgres, valkey
from arena.embedded.gates import Health
from arena.embedded.processes import Part
from arena.kit.clock import Clock
from arena.kit.db import Sessions, db_now, migrate
from arena.kit.ids import new_code
from arena.kit.launch import launcher
from arena.kit.site import Site
from arena.shows.models import Episode, Season
from arena.shows.rules import SeasonRules
from arena.votes.box import BallotBox
from arena.votes.casting import Cast
from arena.votes.contracts import HALL, BallotConfig, Channel, Option
from arena.votes.ledger import Line
from arena.votes.models import Ballot
from arena.votes.rules import digest_of

OPTIONS = ("one", "two", "three")
WAITING = 2_500
"""Casts that are handed in at once, where a shard is fed without a gateway."""
START_SECONDS = 120.0
MOST_FILES = 20_000

processes = get_context("forkserver")
processes.set_forkserver_preload(["arena.cli.bench_votes_gateway"])


class Program(Protocol):
    def start(self) -> None: ...

    def kill(self) -> None:
        """With SIGKILL, by its id; returns when it is gone."""

    async def ready(self) -> None: ...


@dataclass
class Store:
    """PostgreSQL or Valkey, as the embedded stack runs it."""

    part: Part
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*launcher(signal.SIGKILL, self.part.account), *self.part.argv],
                env=self.part.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
            )

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    async def ready(self) -> None:
        """A server that found the traces of its last life too fresh ends; it is started until it stays."""
        gate = self.part.gate
        assert gate is not None
        await _until(gate, lambda: self.process is None or self.process.poll() is not None, self.start)


@dataclass
class Gateway:
    settings: Settings
    port: int
    ceiling: bool = False
    """Answers without storing anything."""
    process: BaseProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        from arena.cli.bench_votes_gateway import serve

        self.process = processes.Process(
            target=serve, args=(self.settings, self.port, self.ceiling), daemon=True
        )
        self.process.start()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()

    async def ready(self) -> None:
        async def look() -> Health:
            async with httpx.AsyncClient(trust_env=False, timeout=3) as client:
                try:
                    return Health((await client.get(f"{self.url}/healthz")).is_success)
                except httpx.HTTPError as error:
                    return Health(False, str(error))

        await _until(look, lambda: self.process is None or not self.process.is_alive(), self.start)


async def _until(
    look: Callable[[], Awaitable[Health]], gone: Callable[[], bool], again: Callable[[], None]
) -> None:
    give_up = time.monotonic() + START_SECONDS
    while not (said := await look()).ready:
        if time.monotonic() > give_up:
            raise RuntimeError(f"it did not come up: {said.note}")
        if gone():
            again()
        await asyncio.sleep(0.05)


@dataclass
class VoteSite:
    settings: Settings
    postgres: Store
    valkey: Store
    gateways: list[Gateway] = field(default_factory=list)

    def gateway(self, *, ceiling: bool = False) -> Gateway:
        """Another one, not started yet."""
        port = free_port()
        told = self.settings.model_copy(update={"peer_url": f"http://127.0.0.1:{port}"})
        made = Gateway(told, port, ceiling)
        self.gateways.append(made)
        return made

    def kill_gateways(self) -> None:
        for gateway in self.gateways:
            gateway.kill()


@contextmanager
def vote_site(shards: int = 1) -> Iterator[VoteSite]:
    """The stores are up and migrated, no gateway is."""
    with TemporaryDirectory(prefix="gavel-votes-") as name, ExitStack() as stack:
        folder = Path(name)
        port = ports.choose("127.0.0.1", free_port(), "Valkey").number
        stores = [
            Store(postgres.prepare(folder, "votes", lambda _: None), folder / "postgres.log"),
            Store(valkey.prepare(folder, port, "votes", "lab"), folder / "valkey.log"),
        ]
        for store in stores:
            stack.callback(store.kill)
            store.start()
            asyncio.run(store.ready())
        settings = Settings(
            database_url=stores[0].part.address or "",
            redis_url=stores[1].part.address or "",
            storage_url=(folder / "files").as_uri(),
            secret_key=SecretStr(secrets.token_hex(32)),
            data_dir=folder,
            web_dir=folder / "no-web",
            vote_shards=shards,
        )
        migrate(settings.database_url)
        site = VoteSite(settings, stores[0], stores[1])
        stack.callback(site.kill_gateways)
        yield site


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def allow_files() -> None:
    """A socket is a file, and five thousand of them are more than a shell usually allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


async def open_ballot(
    sessions: Sessions, seconds: int = 60, channels: Sequence[Channel] = (HALL,), **config: Any
) -> UUID:
    """A question put to the hall, open from now on, in an episode of its own: rows only, there is no show around it."""
    salt = secrets.token_hex(32)
    wanted = BallotConfig(
        kind="question",
        options=tuple(Option(id=name) for name in OPTIONS),
        seconds=seconds,
        channels=tuple(channels),
        salt_commitment=sha256(bytes.fromhex(salt)).hexdigest(),
        rules_digest=SeasonRules().digest,
        **{"change_seconds": 0, **config},
    )
    async with sessions() as session, session.begin():
        season = (await session.scalars(select(Season))).first()
        if season is None:
            rules = SeasonRules()
            season = Season(name="votes", rules=rules.model_dump(mode="json"), rules_digest=rules.digest)
            session.add(season)
            await session.flush()
        newest = await session.scalar(select(func.max(Episode.number)).where(Episode.season_id == season.id))
        episode = Episode(season_id=season.id, number=(newest or 0) + 1, title="votes", code=new_code())
        session.add(episode)
        await session.flush()
        now = await db_now(session)
        ballot = Ballot(
            kind="question",
            episode_id=episode.id,
            state="open",
            config=wanted.model_dump(mode="json"),
            config_digest=digest_of(wanted),
            opens_at=now,
            closes_at=now + timedelta(seconds=seconds),
            locks_at=now + timedelta(seconds=seconds),
            salt=salt,
        )
        session.add(ballot)
        await session.flush()
        return ballot.id


@asynccontextmanager
async def running_box(site: Site) -> AsyncIterator[tuple[BallotBox, Clock]]:
    """The box in this process, with no gateway before it and no pages to tell."""
    clock = Clock(site.sessions)
    await clock.start()
    box = BallotBox(site, clock, lambda _: [])
    await box.start()
    try:
        yield box, clock
    finally:
        await box.stop()
        await clock.stop()


def cast_of(ballot: UUID, number: int, at: datetime) -> Cast:
    """The first vote of voter `number`, under a pseudonym as evenly spread as real ones."""
    voter = f"{number * 2654435761 % 2**32:08x}{number:024x}"
    return Cast(ballot, voter, OPTIONS[number % len(OPTIONS)], 1, 0, "hall", at)


async def hand_in(box: BallotBox, casts: list[Cast]) -> None:
    """Raises RuntimeError when one of them is not counted."""
    said = await box.handed(0, casts)
    if refused := next((one for one in said if not isinstance(one, Line)), None):
        raise RuntimeError(f"a vote was not counted: {refused}")
