"""Who waits for whom in the database, for tests that put two transactions in a certain order."""

from sqlalchemy import text

from arena.kit.db import Sessions

WAITING = text(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
)


async def waiting_for_locks(sessions: Sessions) -> int:
    """How many connections wait for another one's lock right now."""
    async with sessions() as session:
        return int((await session.execute(WAITING)).scalar_one())
