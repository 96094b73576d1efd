"""`stack.json`: what a running stack tells the other commands about itself (mode 0600: it holds passwords)."""

import fcntl
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from arena.embedded.secret_file import write_private


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProcessId(_Model):
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    created: float
    """Seconds since the epoch, as the system reports it."""


class PartState(_Model):
    name: str
    state: str
    """waiting, starting, ready, done, dead or stopped."""
    process: ProcessId | None
    restarts: int
    port: int | None
    log: Path


class StackState(_Model):
    supervisor: ProcessId
    started_at: str
    public_url: str
    secrets: Path
    environment: dict[str, str]
    """`GAVEL_…` variables with which a command acts on this stack."""
    parts: list[PartState]


def state_file(data_dir: Path) -> Path:
    return data_dir / "stack.json"


def lock_file(data_dir: Path) -> Path:
    return data_dir / "stack.lock"


def save_state(data_dir: Path, state: StackState) -> None:
    write_private(state_file(data_dir), state.model_dump_json(indent=2) + "\n")


def read_state(data_dir: Path) -> StackState | None:
    """What the last supervisor wrote; None when there is nothing readable. It may be dead: ask `is_running`."""
    with suppress(OSError, ValidationError):
        return StackState.model_validate_json(state_file(data_dir).read_bytes())
    return None


def is_running(data_dir: Path) -> bool:
    """Whether a supervisor holds the folder now. The kernel lets go of its lock however it ends."""
    try:
        with lock_file(data_dir).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
