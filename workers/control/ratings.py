"""Recompute a season's ratings."""

from arena.ratings import service
from arena.ratings.contracts import RECOMPUTE
from workers.control.held import Held

KIND = RECOMPUTE


async def run(held: Held) -> None:
    async with held.finishing() as session:
        await service.recompute(session, held.subject)
