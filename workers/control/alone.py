"""The proof that nobody else was answered while a node was measured."""

import asyncio
from dataclasses import dataclass
from typing import Self

from workers.pool.client import EngineClient, EngineError

LET_GO_SECONDS = (0.0, 0.05, 0.2, 1.0, 2.0)
"""Pauses in which a node notices that nobody listens to an earlier answer any more."""


@dataclass
class Alone:
    """The node counts whom it lets in, and we count ourselves."""

    engine: EngineClient
    before: int
    mine: int = 0

    @classmethod
    async def begin(cls, engine: EngineClient) -> Self:
        """Raises EngineError while somebody is still being answered."""
        for pause in LET_GO_SECONDS:
            await asyncio.sleep(pause)
            health = await engine.health()
            if health.running == 0:
                return cls(engine, health.begun)
        raise EngineError("somebody else is still being answered on this engine")

    async def others(self) -> int:
        """How many answers to somebody else the engine has begun since."""
        return (await self.engine.health()).begun - self.before - self.mine
