"""Generations pass together; a probe passes alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Many inside through `enter`/`leave`, or one through `alone`; whoever waits to be alone stops new entries.

    A greedy answer can differ in a near tie when other rows share its batch, so fingerprints are taken alone.
    `leave` is plain, so that it also works while a task is being cancelled.
    """

    def __init__(self) -> None:
        self.running = 0
        self._turn = asyncio.Lock()
        self._open, self._idle = asyncio.Event(), asyncio.Event()
        self._open.set()
        self._idle.set()

    async def enter(self) -> None:
        while not self._open.is_set():
            await self._open.wait()
        self.running += 1
        self._idle.clear()

    def leave(self) -> None:
        self.running -= 1
        if not self.running:
            self._idle.set()

    @asynccontextmanager
    async def alone(self, seconds: float) -> AsyncIterator[None]:
        """Raises TimeoutError when those inside have not left after `seconds`."""
        async with self._turn:
            self._open.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), seconds)
                yield
            finally:
                self._open.set()
