"""Show the newest truth on the board."""

from arena.leaderboard import service
from arena.leaderboard.contracts import REFRESH
from workers.control.held import Held

KIND = REFRESH


async def run(held: Held) -> None:
    async with held.finishing() as session:
        await service.refresh(session, held.subject)
