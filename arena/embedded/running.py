"""One supervisor per data folder: take the folder, clear up after a predecessor, run, leave no trace."""

import asyncio
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from arena.embedded.processes import end_leftovers
from arena.embedded.screen import Screen
from arena.embedded.stack import Options, Stack, build
from arena.embedded.state import (
    PartState,
    ProcessId,
    StackState,
    lock_file,
    read_state,
    save_state,
    state_file,
)
from arena.embedded.supervisor import Supervisor

Build = Callable[[Options, Screen, Mapping[str, str]], Stack]
Announce = Callable[[Stack, float], Awaitable[None]]
"""Called when everything is ready, with the stack and the seconds it took."""


class AlreadyRunning(Exception):
    """Another supervisor holds the data folder."""


def run(options: Options, screen: Screen, announce: Announce, build: Build = build) -> int:
    """Start, watch and stop the stack; returns the exit code. Raises AlreadyRunning, and what `build` raises."""
    _make_folders(options.data_dir)
    with lock_file(options.data_dir).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(str(options.data_dir)) from error
        began = time.monotonic()
        _end_previous(options.data_dir, screen)
        stack = build(options, screen, os.environ)
        screen.introduce(tuple(part.name for part in stack.parts))
        try:
            return asyncio.run(_supervise(stack, options.data_dir, screen, announce, began))
        finally:
            state_file(options.data_dir).unlink(missing_ok=True)


async def _supervise(stack: Stack, data_dir: Path, screen: Screen, announce: Announce, began: float) -> int:
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    me = ProcessId(pid=os.getpid(), created=psutil.Process().create_time())
    logs = data_dir / "logs"

    def changed(supervisor: Supervisor) -> None:
        parts = [
            PartState(
                name=part.name,
                state=supervisor.states[part.name],
                process=ProcessId(pid=child.pid, created=child.created) if child else None,
                restarts=supervisor.restarts[part.name],
                port=part.port,
                log=logs / f"{part.name}.log",
            )
            for part in stack.parts
            for child in [supervisor.children.get(part.name)]
        ]
        state = StackState(
            supervisor=me,
            started_at=started_at,
            public_url=stack.public_url,
            secrets=stack.secrets,
            environment=stack.environment,
            parts=parts,
        )
        save_state(data_dir, state)

    async def ready() -> None:
        await announce(stack, time.monotonic() - began)

    supervisor = Supervisor(stack.parts, logs, screen, changed)
    changed(supervisor)
    return await supervisor.run(ready)


def _make_folders(data_dir: Path) -> None:
    """The data folder is the owner's alone; as root, PostgreSQL's own account may pass through it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    for name in ("logs", "files", "engine", "ready"):
        (data_dir / name).mkdir(mode=0o700, exist_ok=True)


def _end_previous(data_dir: Path, screen: Screen) -> None:
    """A supervisor that was killed leaves its state file; its parts should be gone with it, but make sure."""
    state = read_state(data_dir)
    if state is None:
        return
    left = end_leftovers([(part.process.pid, part.process.created) for part in state.parts if part.process])
    if left:
        screen.say(f"ended {len(left)} process(es) that an earlier, killed start had left behind")
