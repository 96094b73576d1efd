"""Generations pass together; a probe passes alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class DuelFirst(Exception):
    """A duel is under way; nobody is alone until it has ended."""


class Gate:
    """Many inside through `enter`/`leave`, or one through `alone`; whoever waits to be alone stops new entries, but
    gives way to a duel.

    A greedy answer can differ in a near tie when other rows share its batch, so fingerprints are taken alone.
    `leave` is plain, so that it also works while a task is being cancelled.
    """

    def __init__(self) -> None:
        self.running = 0
        self.begun = 0
        """Generations let in, and times that somebody was alone, since the node was started. Whoever counts his own
        knows from it whether there was anybody else."""
        self.duels = 0
        """Generations of duels, from their arrival: a side that still waits at the gate is part of a live duel."""
        self._turn = asyncio.Lock()
        self._open, self._moved = asyncio.Event(), asyncio.Event()
        self._open.set()

    @property
    def closed(self) -> bool:
        return not self._open.is_set()

    async def enter(self, duel: bool = False) -> None:
        self.duels += duel
        self._moved.set()
        try:
            while self.closed:
                await self._open.wait()
        except asyncio.CancelledError:
            self.duels -= duel
            raise
        self.running += 1
        self.begun += 1

    def leave(self, duel: bool = False) -> None:
        self.running -= 1
        self.duels -= duel
        self._moved.set()

    @asynccontextmanager
    async def alone(self, seconds: float) -> AsyncIterator[None]:
        """Raises TimeoutError when those inside have not left after `seconds`, DuelFirst when a duel is among them or
        arrives before they have left."""
        async with self._turn:
            self._open.clear()
            try:
                async with asyncio.timeout(seconds):
                    while self.running and not self.duels:
                        self._moved.clear()
                        await self._moved.wait()
                if self.duels:
                    raise DuelFirst
                self.begun += 1
                yield
            finally:
                self._open.set()
