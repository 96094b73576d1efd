"""The database's clock in this process: asked now and then, carried on by the processor's monotonic clock in between.

What decides a deadline is the database's clock. A vote cannot wait for a question to the database, so whoever receives
it reads this one. The machine's own time of day plays no part, however wrong it is.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from arena.kit.db import Sessions, db_now

SAMPLES = 5
SET_SECONDS = 30.0
"""Quartz drifts by less than a millisecond in this time."""

log = structlog.get_logger()


class Clock:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._at = datetime.min.replace(tzinfo=UTC)
        self._read = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.set()
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._at + timedelta(seconds=monotonic() - self._read)

    async def set(self) -> None:
        """Of several answers the one that took the shortest way: it is wrong by half of that at most."""
        best = None
        async with self._sessions() as session:
            for _ in range(SAMPLES):
                asked = monotonic()
                said = await db_now(session)
                way = monotonic() - asked
                if best is None or way < best[0]:
                    best = way, said, asked + way / 2
        assert best is not None
        _, self._at, self._read = best

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(SET_SECONDS)
            try:
                await self.set()
            except (SQLAlchemyError, OSError) as error:
                log.warning("clock_not_set", error=str(error))
