"""Stacks of small parts, started as their own process and ended whatever the test does."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from arena.embedded.state import StackState, read_state

REPOSITORY = Path(__file__).resolve().parents[3]
MINI = REPOSITORY / "tests" / "support" / "mini_stack.py"


def until(true: Callable[[], Any], seconds: float = 20, what: str = "") -> Any:
    """The first truthy answer of `true`; fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := true():
            return answer
        time.sleep(0.05)
    pytest.fail(f"did not happen within {seconds} s: {what or true}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Running:
    """One `mini_stack.py` process and what it said."""

    def __init__(self, data_dir: Path, table: dict[str, Any], prefix: tuple[str, ...] = ()) -> None:
        self.data_dir = data_dir
        self._output = data_dir.with_name(f"{data_dir.name}.{time.monotonic_ns()}.out")
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"}
        environment.pop("XDG_RUNTIME_DIR", None)
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, str(MINI), str(data_dir), json.dumps(table)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
            )

    @property
    def said(self) -> str:
        return self._output.read_text(errors="replace")

    def ready(self) -> "Running":
        def look() -> bool:
            assert self.process.poll() is None, self.said
            return "ALL READY" in self.said

        until(look, what="the stack is ready")
        return self

    @property
    def state(self) -> StackState:
        found: StackState = until(lambda: read_state(self.data_dir), what="stack.json can be read")
        return found

    def pid(self, part: str) -> int:
        process = next(row.process for row in self.state.parts if row.name == part)
        assert process is not None
        return process.pid

    @property
    def pids(self) -> list[int]:
        return [row.process.pid for row in self.state.parts if row.process]

    def tree(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def end(self) -> None:
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            self.process.kill()


Start = Callable[..., Running]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may pass through, as PostgreSQL's own account has to when root runs the tests.

    Not `tmp_path`: every pytest on the machine closes the folder above it again.
    """
    folder = Path(tempfile.mkdtemp(prefix="gavel-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    started: list[Running] = []

    def go(
        *parts: dict[str, Any], stores: bool = False, data_dir: Path | None = None, **other: Any
    ) -> Running:
        running = Running(data_dir or place / "data", {"stores": stores, "parts": list(parts)}, **other)
        started.append(running)
        return running

    yield go
    for running in started:
        running.end()


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A run started in the background ignores SIGINT, and so would the children that are sent one here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
