"""A child process that cannot outlive its parent: own session, killed as a group, its output in a prefixed log file."""

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from arena.kit.launch import launcher

STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
TAIL_LINES = 40
LOG_BYTES = 20 * 2**20
"""A log larger than this begins anew at the next start; one old file is kept."""


class ChildProcess:
    """One run of one command. `tail` holds its last lines, for saying why it died."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path, prefix: str) -> None:
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._command, self._env, self._log, self._prefix = list(command), dict(env), log, prefix
        self._process: asyncio.subprocess.Process | None = None
        self._copying: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, on_line: Callable[[str], None] = lambda line: None) -> None:
        """`on_line` sees every line the child writes. A command that cannot be run says so there, and ends."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        self._process = await asyncio.create_subprocess_exec(
            *launcher(signal.SIGTERM),  # a parent killed by SIGKILL still takes the child along
            *self._command,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=2**20,
        )
        self._copying = asyncio.create_task(self._copy(on_line))

    async def _copy(self, on_line: Callable[[str], None]) -> None:
        assert self._process and self._process.stdout
        with self._log.open("a", buffering=1, errors="replace") as log:
            while True:
                try:
                    raw = await self._process.stdout.readline()
                except ValueError:  # a line beyond the limit: drop what was buffered of it
                    continue
                if not raw:
                    return
                # A progress bar rewrites its line; only its last state is worth keeping.
                line = raw.decode(errors="replace").rstrip().rpartition("\r")[2]
                self.tail.append(line)
                log.write(
                    f"{time.strftime('%Y-%m-%dT%H:%M:%S')} [{self._prefix} {self._process.pid}] {line}\n"
                )
                on_line(line)

    async def wait(self) -> int:
        """The exit status (negative: the signal that ended it)."""
        assert self._process
        # asyncio's own wait() also waits for the pipe to close, which whatever the child started may hold open.
        while self._process.returncode is None:  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        self._signal(signal.SIGKILL)  # whatever it started goes too
        return self._process.returncode

    async def stop(self) -> None:
        """Ask the whole group to end, then make it; harmless when it has ended."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self.wait()
        self._signal(signal.SIGKILL)
        await self.wait()
        if self._copying:
            self._copying.cancel()

    def _signal(self, number: signal.Signals) -> None:
        """The child leads its own session, so its pid names the group; the group may outlive the child."""
        assert self._process
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def describe_exit(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    if -status == signal.SIGKILL:
        return "ended by SIGKILL, as the system does when memory runs out"
    with contextlib.suppress(ValueError):
        return f"ended by {signal.Signals(-status).name}"
    return f"ended by signal {-status}"
