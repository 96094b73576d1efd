"""Starts parts in order, watches them, restarts what dies, stops everything in the reverse order.

A part that dies is named with its last lines and started again after a pause that grows; the fourth death within a
minute (or a failed one-time step, or a part that reports it can never work) stops the whole stack.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from arena.embedded.gates import Health
from arena.embedded.processes import PART_MARK, Child, Part, ended
from arena.embedded.screen import Screen

RESTARTS = 3
SEEN_TAIL = 6
"""Last lines repeated for a part whose lines are shown anyway."""
WINDOW = 60.0
"""Seconds in which more than `RESTARTS` deaths of one part are too many."""
LOOK_EVERY = 0.1
"""Seconds between looks at a part that starts; grows to `LOOK_SLOW` for parts that take their time."""
LOOK_SLOW = 1.0
PR_SET_CHILD_SUBREAPER = 36
"""From `linux/prctl.h`."""
STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failure(Exception):
    """Why the stack cannot go on, in words for people."""


class Supervisor:
    def __init__(
        self,
        parts: Sequence[Part],
        logs: Path,
        screen: Screen,
        changed: Callable[["Supervisor"], None] = lambda _: None,
    ) -> None:
        self.parts = tuple(parts)
        self.children: dict[str, Child] = {}
        self.states: dict[str, str] = {part.name: "waiting" for part in parts}
        self.restarts: dict[str, int] = {part.name: 0 for part in parts}
        self._logs = logs
        self._screen = screen
        self._changed = changed
        self._ready = {part.name: asyncio.Event() for part in parts}
        self._deaths: dict[str, deque[float]] = {part.name: deque(maxlen=RESTARTS + 1) for part in parts}
        self._stop = asyncio.Event()
        self._failure: str | None = None

    async def run(self, announce: Callable[[], Awaitable[None]]) -> int:
        """Until a signal (0) or a failure (1). `announce` is called once, when every part is ready."""
        _adopt_orphans()
        self._listen()
        tasks = [asyncio.create_task(self._keep(part)) for part in self.parts]
        tasks.append(asyncio.create_task(self._announce(announce)))
        try:
            await self._stop.wait()
        finally:
            await self._shut_down(tasks)
        if self._failure:
            self._screen.alarm(f"stopped, because {self._failure}")
        return 1 if self._failure else 0

    async def _announce(self, announce: Callable[[], Awaitable[None]]) -> None:
        for event in self._ready.values():
            await event.wait()
        try:
            await announce()
        except Exception as error:
            self._fail(f"could not finish the start: {error}")

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in STOPPED_BY:
            if signal.getsignal(number) is signal.SIG_IGN:  # `nohup`
                continue
            loop.add_signal_handler(number, self._asked_to_stop, number)

    def _asked_to_stop(self, number: signal.Signals) -> None:
        if self._stop.is_set():  # asked twice: do not be polite any longer
            for child in self.children.values():
                child.kill()
            return
        self._screen.say(f"stopping ({number.name}); once more to stop at once")
        self._stop.set()

    async def _keep(self, part: Part) -> None:
        """The life of one part, over and over."""
        try:
            for need in part.needs:
                await self._ready[need].wait()
            while not self._stop.is_set():
                if await self._live(part):
                    return
                await asyncio.sleep(self._pause(part))
                self.restarts[part.name] += 1
        except Failure as failure:
            self._fail(str(failure))
        except Exception as error:
            self._fail(f"{part.name} could not be watched: {error!r}")

    async def _live(self, part: Part) -> bool:
        """One life; True when the part has done its work and is not wanted again."""
        child = Child(part, self._logs / f"{part.name}.log", lambda line: self._screen.line(part.name, line))
        self.children[part.name] = child
        self._state(part, "starting")
        started = time.monotonic()
        if not part.once:
            await self._until_ready(part, child, started)
        code = await asyncio.shield(child.exited)
        if self._stop.is_set():
            return True
        child.kill()
        self._sweep()
        if part.once and code == 0:
            self._state(part, "done")
            self._ready[part.name].set()
            return True
        self._state(part, "dead")
        self._report(part, child, code)
        if part.once:
            raise Failure(f"{part.name} failed ({ended(code)}); see {self._logs / part.name}.log")
        return False

    async def _until_ready(self, part: Part, child: Child, started: float) -> None:
        """Returns when the part is ready or dead; kills one that is not ready in time."""
        note, pause = "", LOOK_EVERY
        while not child.exited.done():
            age = time.monotonic() - started
            health = await _health(part)
            if child.exited.done():
                return
            if health.ready:
                self._state(part, "ready")
                self._screen.say(f"{part.name} is ready ({age:.1f} s)")
                self._ready[part.name].set()
                return
            if health.failed:
                raise Failure(f"{part.name} cannot work: {health.note}")
            if age > part.patience:
                self._screen.alarm(
                    f"{part.name} was not ready within {part.patience:.0f} s ({health.note}); killing it"
                )
                child.kill()
                return
            if health.note != note and age > 2:
                note = health.note
                self._screen.say(f"{part.name} … {note}", "dim")
            await asyncio.wait([child.exited], timeout=pause)
            pause = min(pause * 1.2, LOOK_SLOW)

    def _report(self, part: Part, child: Child, code: int) -> None:
        self._screen.alarm(
            f"{part.name} died ({ended(code)}). Its last lines, from {self._logs / part.name}.log:"
        )
        # What was shown as it came needs only its end again; of a silent part this is all that is seen.
        shown = list(child.tail)[-SEEN_TAIL:] if part.echo else list(child.tail)
        for line in shown or ["(it said nothing)"]:
            self._screen.line(part.name, line)

    def _pause(self, part: Part) -> float:
        """Seconds before the next try. Raises Failure when the part died too often."""
        deaths = self._deaths[part.name]
        deaths.append(time.monotonic())
        recent = [moment for moment in deaths if deaths[-1] - moment <= WINDOW]
        if len(recent) > RESTARTS:
            raise Failure(f"{part.name} died {len(recent)} times within {WINDOW:.0f} s; stopping everything")
        pause = float(0.5 * 2 ** (len(recent) - 1))
        self._screen.say(f"starting {part.name} again in {pause:.1f} s ({len(recent)} of {RESTARTS})")
        return pause

    def _fail(self, why: str) -> None:
        if not self._stop.is_set():
            self._failure = why
            self._screen.alarm(why)
            self._stop.set()

    def _state(self, part: Part, state: str) -> None:
        self.states[part.name] = state
        self._changed(self)

    async def _shut_down(self, tasks: list[asyncio.Task[None]]) -> None:
        """Nobody is stopped before those who need it."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        running = {name: child for name, child in self.children.items() if not child.exited.done()}
        while running:
            needed = {need for child in running.values() for need in child.part.needs}
            leaves = [name for name in running if name not in needed]
            await asyncio.gather(*(self._stop_one(running[name]) for name in leaves))
            for name in leaves:
                del running[name]
        self._sweep()

    async def _stop_one(self, child: Child) -> None:
        began = time.monotonic()
        await child.stop()
        self._state(child.part, "stopped")
        self._screen.say(f"{child.part.name} stopped ({time.monotonic() - began:.1f} s)", "dim")

    def _sweep(self) -> None:
        """End orphans: processes that a dead part left behind, also those in sessions of their own.

        They carry the part's name in their environment, so nothing else that happens to be our child is touched.
        """
        alive = {name for name, child in self.children.items() if not child.exited.done()}
        own = {child.pid for child in self.children.values()}
        for process in psutil.Process().children():
            if process.pid in own or part_of(process) in alive | {None}:
                continue
            for below in [*process.children(recursive=True), process]:
                with suppress(psutil.Error):
                    below.kill()
            with suppress(OSError):
                os.waitpid(process.pid, 0)


async def _health(part: Part) -> Health:
    if part.gate:
        return await part.gate()
    return Health(part.ready_file is None or part.ready_file.exists())


def part_of(process: psutil.Process) -> str | None:
    """The part that `process` descends from, as far as we may look."""
    try:
        return process.environ().get(PART_MARK)
    except (psutil.Error, OSError):
        return None


def _adopt_orphans() -> None:
    """On Linux, orphaned descendants become our children, so that `_sweep` can find and end them."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
