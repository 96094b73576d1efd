"""One supervised program: what it is (`Part`), and one life of it (`Child`)."""

import asyncio
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from arena.embedded.gates import Gate
from arena.kit.launch import launcher

TAIL = 25
"""Lines kept in memory to explain a death."""
LOG_LIMIT = 8 << 20
"""Bytes after which a log file is moved to `.1` when the part starts again."""
PART_MARK = "GAVEL_PART"
"""Environment variable with the part's name; whatever the part starts inherits it."""
PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


def machine_environment(*prefixes: str) -> dict[str, str]:
    """What every program needs from our environment, and variables that start with one of `prefixes`; no secrets."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON or name.startswith(prefixes or ("\0",))
    }
    return {**kept, "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Part:
    """A row of the stack's table."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    """The whole environment of the program: a part sees only what it is given."""
    gate: Gate | None = None
    """Asked until it says ready."""
    ready_file: Path | None = None
    """For a part without a door: it makes this file (its environment's `GAVEL_READY_FILE`) when it is ready."""
    needs: tuple[str, ...] = ()
    """Parts that must be ready before this one starts, and that outlive it when the stack stops."""
    patience: float = 60.0
    """Seconds from start to ready."""
    once: bool = False
    """A step and not a server: ready when it has ended with 0; any other end stops the stack."""
    account: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    last_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends when the supervisor is killed. There is nobody left to insist, so it is not a request,
    except for parts that are sure to follow one and have something to put in order."""
    grace: float = 10.0
    """Seconds between the stop signal and SIGKILL."""
    echo: bool = True
    """Whether its lines are shown in the terminal as well as written to its log."""
    address: str | None = None
    port: int | None = None


class Child:
    """A started program: its own session, its output read to the end, and one future that tells how it ended.

    Made in the main thread only: Linux sends the death signal when the *thread* that started the program ends.
    """

    def __init__(self, part: Part, log: Path, echo: Callable[[str], None]) -> None:
        self.part = part
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        environment = {**part.environment, PART_MARK: part.name}
        if part.ready_file:
            part.ready_file.unlink(missing_ok=True)
            environment["GAVEL_READY_FILE"] = str(part.ready_file)
        self._process = subprocess.Popen(
            [*launcher(part.last_signal, part.account), *part.argv],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.created = psutil.Process(self.pid).create_time()
        pipe = self._process.stdout
        assert pipe is not None
        self._reader = threading.Thread(target=self._read, args=(pipe, log, echo), daemon=True)
        self._reader.start()
        threading.Thread(target=self._wait, args=(asyncio.get_running_loop(),), daemon=True).start()

    def _read(self, pipe: IO[bytes], log: Path, echo: Callable[[str], None]) -> None:
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with pipe, log.open("a", encoding="utf-8") as file:
            for raw in pipe:
                line = raw.decode("utf-8", "replace").rstrip()
                file.write(line + "\n")
                file.flush()
                self.tail.append(line)
                if self.part.echo:
                    echo(line)

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        code = self._process.wait()
        self._reader.join(timeout=1)  # a grandchild may still hold the pipe; its words are not ours
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(self._tell, code)

    def _tell(self, code: int) -> None:
        if not self.exited.done():
            self.exited.set_result(code)

    async def stop(self) -> None:
        """Ask, wait for the part's grace, then insist. Its whole session is gone afterwards."""
        self._signal(self.part.stop_signal)
        try:
            async with asyncio.timeout(self.part.grace):
                await asyncio.shield(self.exited)
        except TimeoutError:
            self.kill()
            await self.exited
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the session: the program, if it still runs, and what it left behind."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def ended(code: int) -> str:
    """An exit code in words: `exit code 1`, `killed by SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def end_leftovers(processes: list[tuple[int, float]], grace: float = 10.0) -> list[int]:
    """End processes known by (pid, creation time) and their descendants; returns the pids that were still there."""
    found: list[psutil.Process] = []
    for pid, created in processes:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if abs(process.create_time() - created) < 0.1:
                found += [process, *process.children(recursive=True)]
    for process in found:
        with suppress(psutil.Error):
            # PostgreSQL reads SIGTERM as "wait for every client", SIGINT as "stop now, cleanly".
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs(found, timeout=grace)
    for process in stubborn:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    return [process.pid for process in found]
