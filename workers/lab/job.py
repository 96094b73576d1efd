"""What a job handler is given: its folder, a way to say how far it is, and children that die when the job does."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class JobFailed(Exception):
    """The job ends without a result. `retry` when another attempt, perhaps on another machine, could succeed."""

    counted = True

    def __init__(self, reason: str, *, retry: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry


class ShutDown(JobFailed):
    """The worker was told to go: the job goes back to the queue, and this was no attempt at it."""

    counted = False

    def __init__(self) -> None:
        super().__init__("The worker was shut down.", retry=True)


class JobStopped(Exception):
    """The lease is lost: the work belongs to someone else now. Nothing more may be written."""


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    note: str


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code (negative: the signal that killed it), and whether it ran out of time."""

    code: int
    timed_out: bool


@dataclass(frozen=True)
class Heard:
    """What the portal last said beside "go on", and when (monotonic): its seconds count from then."""

    told: dict[str, Any]
    at: float


Keep = Callable[[list[dict[str, Any]]], bool]


class JobContext:
    """One attempt at one job. `progress` and `stop` may be called from any thread."""

    def __init__(self, folder: Path, keep: Keep = lambda _: True) -> None:
        self.folder = folder
        """Private to this attempt and removed after it."""
        self.keep = keep
        """Has the portal keep answers that the next attempt need not ask for again. False: it did not take them, and
        may do so later."""
        self.heard: Heard | None = None
        """Of jobs that the portal tells more than that they are still theirs."""
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._interrupted = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._gentle = False

    def progress(self, done: int, total: int, note: str) -> None:
        self._progress = Progress(done, total, note)
        self._changed.set()

    @property
    def latest_progress(self) -> Progress | None:
        return self._progress

    def wait_for_change(self, seconds: float) -> None:
        """Return after `seconds`, or earlier when there is progress to tell or the job is over."""
        self._changed.wait(seconds)
        self._changed.clear()

    def wake(self) -> None:
        self._changed.set()

    def stop(self) -> None:
        """The lease is lost: kill the child's whole process group and let the handler end."""
        self._stopped.set()
        with self._lock:
            if self._child is not None:
                _kill_group(self._child)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def interrupt(self) -> None:
        """The worker is shutting down: end the child and hand the job back. Safe in a signal handler."""
        self._interrupted.set()
        child = self._child
        if child is not None and not self._gentle:
            _kill_group(child)

    @property
    def interrupted(self) -> bool:
        return self._interrupted.is_set()

    def kill(self) -> None:
        """End the child here and now; the job goes on."""
        with self._lock:
            if self._child is not None:
                _kill_group(self._child)

    @property
    def child(self) -> int | None:
        """The process id of the child that runs."""
        child = self._child
        return child.pid if child is not None else None

    def check(self) -> None:
        """Raise JobStopped once the lease is lost, ShutDown once the worker shuts down. Called between steps."""
        if self._stopped.is_set():
            raise JobStopped
        if self._interrupted.is_set():
            raise ShutDown

    def run_child(
        self,
        arguments: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[bytes], None],
        environment: Mapping[str, str],
        pass_fds: Sequence[int] = (),
        max_line: int = 1 << 20,
        stderr: Path | None = None,
        gentle: bool = False,
    ) -> Ended:
        """Run a program in its own session, without our environment, and hand over its standard output line by line.

        A line longer than `max_line` bytes, and a child that outlives `timeout` seconds, are killed with all their
        descendants. Raises as `check` when the job ended meanwhile. A `gentle` end is the handler's matter: a worker
        that shuts down neither kills such a child nor raises ShutDown for it.
        """
        self.check()
        with (stderr or Path(os.devnull)).open("wb") as errors, self._lock:
            child = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(environment),
                pass_fds=pass_fds,
                start_new_session=True,
                cwd=self.folder,
            )
            self._child, self._gentle = child, gentle
            if self._stopped.is_set() or (self._interrupted.is_set() and not gentle):
                _kill_group(child)  # it was over while the child was started, and there was none to kill yet
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _kill_group(child)

        alarm = threading.Timer(timeout, expire)
        alarm.start()
        try:
            assert child.stdout is not None
            while line := child.stdout.readline(max_line):
                if not line.endswith(b"\n"):
                    break
                on_line(line)
            else:
                child.wait()  # it may close its output a little before it ends
        finally:
            alarm.cancel()
            with self._lock:
                _kill_group(child)  # what it left behind, and itself if we gave up on it
                code = child.wait()
                self._child = None
        if self._stopped.is_set() or not gentle:
            self.check()
        return Ended(code, expired.is_set())


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
