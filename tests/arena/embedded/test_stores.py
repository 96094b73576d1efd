"""PostgreSQL and Valkey from the wheels: data survives, doors are closed, any user can start them."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from arena.embedded import postgres, valkey

from .conftest import Running, Start, gone, until

ORDINARY = "nobody"


def database(running: Running) -> "psycopg.Connection[tuple[object, ...]]":
    address = running.state.environment["GAVEL_DATABASE_URL"].replace("+psycopg", "")
    return psycopg.connect(address, autocommit=True)


def broker(running: Running, name: str = "GAVEL_REDIS_URL") -> Redis:
    return Redis.from_url(running.state.environment[name])


def test_data_survives_a_restart(start: Start) -> None:
    first = start(stores=True).ready()
    with database(first) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('一锤定音')")
    broker(first).set("gavel:kept", "yes")
    assert first.stop() == 0
    second = start(stores=True).ready()
    with database(second) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("一锤定音",)]
    assert broker(second).get("gavel:kept") == b"yes"
    assert "creating the database" not in second.said


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_killed_store_comes_back_with_what_it_had_promised(start: Start, part: str) -> None:
    running = start(stores=True).ready()
    with database(running) as connection:
        connection.execute("CREATE TABLE promised AS SELECT generate_series(1, 1000) AS n")
    before = running.pid(part)
    os.kill(before, signal.SIGKILL)
    until(
        lambda: running.pid(part) != before and all(row.state == "ready" for row in running.state.parts), 30
    )
    with database(running) as connection:
        assert connection.execute("SELECT count(*) FROM promised").fetchone() == (1000,)
    assert broker(running).ping()


def test_database_is_utf8_without_a_network_door_and_asks_for_the_password(start: Start) -> None:
    running = start(stores=True).ready()
    with database(running) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    doors = psutil.Process(running.pid("postgres")).net_connections("inet")
    assert not [door for door in doors if door.status == psutil.CONN_LISTEN]
    address = running.state.environment["GAVEL_DATABASE_URL"].replace("+psycopg", "")
    password = address.split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address.replace(password, "wrong"))


def test_lab_sees_its_queue_and_nothing_else(start: Start) -> None:
    running = start(stores=True).ready()
    lab, portal = broker(running, "GAVEL_LAB_REDIS_URL"), broker(running)
    lab.lpush("gavel:lab", "wake-up")
    assert lab.brpop(["gavel:lab"], timeout=1) == (b"gavel:lab", b"wake-up")
    portal.set("gavel:secret", "tally")
    for forbidden in (
        lambda: lab.get("gavel:secret"),
        lambda: lab.lpush("gavel:control", "forged"),
        lambda: lab.publish("gavel:live", "forged"),
        lambda: lab.eval("return redis.call('get', KEYS[1])", 1, "gavel:secret"),
        lambda: lab.config_get("*"),
        lambda: lab.flushall(),
        lambda: portal.config_get("*"),
        lambda: portal.flushall(),
    ):
        with pytest.raises(NoPermissionError):
            forbidden()
    assert portal.eval("return 1", 0) == 1, "rate limits need scripts"


def test_broker_keeps_everything_and_asks_for_the_password(start: Start) -> None:
    running = start(stores=True).ready()
    info = broker(running).info()
    assert info["maxmemory_policy"] == "noeviction"
    assert info["aof_enabled"] == 1
    address = running.state.environment["GAVEL_REDIS_URL"]
    with pytest.raises(AuthenticationError):
        Redis.from_url(address.replace("portal:", "portal:x")).ping()
    listening = psutil.Process(running.pid("valkey")).net_connections("inet")
    assert {door.laddr.ip for door in listening if door.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_deep_folder_gets_its_socket_elsewhere(start: Start, place: Path) -> None:
    deep = place.joinpath(*["a-rather-long-folder-name"] * 4)
    deep.parent.mkdir(parents=True)
    running = start(stores=True, data_dir=deep).ready()
    with database(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_folder_with_a_space_and_chinese_in_its_name(start: Start, place: Path) -> None:
    running = start(stores=True, data_dir=place / "演播 室").ready()
    with database(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert broker(running).ping()


def test_socket_folder_laid_by_somebody_else_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.symlink_to("/etc")
    with pytest.raises(RuntimeError, match="belongs to somebody else"):
        postgres._own(trap, None)


def test_other_major_version_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(RuntimeError, match="made by PostgreSQL 16"):
        postgres._create(tmp_path / "postgres", postgres.programs(), None, "x", lambda _: None)


def test_half_made_cluster_is_made_again(start: Start, place: Path) -> None:
    half = place / "data" / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    start(stores=True).ready()


def test_wheels_are_where_we_look() -> None:
    version = subprocess.run(
        [postgres.programs() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("postgres (PostgreSQL) 18.")
    version = subprocess.run([valkey.program(), "--version"], capture_output=True, text=True, check=True)
    assert " v=9." in version.stdout


@pytest.fixture
def others_folder() -> Iterator[Path]:
    """A folder of an ordinary user, for tests run by root."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv here")
    folder = Path(tempfile.mkdtemp(prefix="gavel-ordinary-"))
    folder.chmod(0o755)
    (folder / "home").mkdir()
    shutil.chown(folder / "home", ORDINARY)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def as_ordinary_user(folder: Path) -> tuple[str, ...]:
    """The start of a command line that runs the rest as `ORDINARY`.

    Python itself may live in root's closed home folder; then that user is shown the folder with nothing but Python in
    it, in a mount namespace that ends with the command. Skips where this is not allowed.
    """
    account = pwd.getpwnam(ORDINARY)
    become: tuple[str, ...] = (
        "setpriv",
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--",
    )
    python = Path(sys.base_prefix)
    closed = next((step for step in reversed(python.parents) if not step.stat().st_mode & 0o001), None)
    if closed is not None:
        shown = folder / "shown"
        (shown / python.relative_to(closed)).mkdir(parents=True)
        script = 'mount --bind "$1" "$2" && mount --rbind "$3" "$4" && shift 4 && exec "$@"'
        places = (str(python), str(shown / python.relative_to(closed)), str(shown), str(closed))
        become = ("unshare", "--mount", "sh", "-c", script, "sh", *places, *become)
    try_it = [*become, sys.executable, "-c", "import arena.embedded.stack"]
    if (
        tried := subprocess.run(try_it, capture_output=True, text=True, cwd="/", check=False)
    ).returncode != 0:
        pytest.skip(f"{ORDINARY} cannot run this Python: {tried.stderr.strip()[-200:]}")
    return become


def test_ordinary_user_beside_root(start: Start, others_folder: Path) -> None:
    """Both at the same time on one machine: nothing they use is shared."""
    become = as_ordinary_user(others_folder)
    by_root = start(stores=True).ready()
    by_user = start(stores=True, data_dir=others_folder / "home" / "data", prefix=become).ready()
    assert psutil.Process(by_user.pid("postgres")).username() == ORDINARY
    assert psutil.Process(by_root.pid("postgres")).username() == postgres.ACCOUNT
    assert (others_folder / "home" / "data").stat().st_mode & 0o777 == 0o700
    with database(by_user) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    pids = by_user.tree()
    by_user.process.kill()
    by_user.process.wait()
    until(lambda: all(map(gone, pids)), 10)


def test_root_opens_the_way_for_the_databases_account_and_says_so(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has such a way to open")
    closed = place / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    inner.chmod(0o750)
    said: list[str] = []
    postgres._open_way(inner, ORDINARY, said.append)
    assert closed.stat().st_mode & 0o777 == 0o701
    assert inner.stat().st_mode & 0o777 == 0o751
    assert [str(closed) in line for line in said] == [True, True]
