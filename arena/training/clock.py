"""The start and the clock of a race. On the database's clock, and told to everybody as seconds from now."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import db_now
from arena.kit.errors import NotFound
from arena.kit.jobs.outbox import record
from arena.kit.jobs.service import HEARTBEAT_SECONDS
from arena.training import queries
from arena.training.contracts import RaceChanged, Told
from arena.training.models import UNDER_WAY, TrainingRace, TrainingRun

LEAD = timedelta(seconds=1.5 * HEARTBEAT_SECONDS)
"""From the word to the start: everybody's next sign of life comes before it."""


async def locked(session: AsyncSession, race_id: UUID) -> TrainingRace:
    """Raises NotFound. Held last: whoever also needs a job or a run has that already."""
    # Its key stays free: PostgreSQL looks at it, too, when a run is written twice in one transaction, and two runs that
    # have both done so would each wait for the other here.
    race = await session.get(
        TrainingRace, race_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if race is None:
        raise NotFound("training.race_not_found", "There is no such race.")
    return race


async def settle(session: AsyncSession, race_id: UUID) -> None:
    """After something has happened to one of its runs: the race starts when all that are left are at the line, and is
    over when none is left. The first that is there begins to wait for the others."""
    await session.flush()
    race = await locked(session, race_id)
    left = [run for run in await queries.race_runs(session, race_id) if run.state in UNDER_WAY]
    if race.state == "planned" and not left:
        race.state = "cancelled"
    elif race.state == "planned":
        there = await queries.at_the_line(session, race_id)
        if there.issuperset(run.id for run in left):
            await _start(session, race)
        elif not there:
            race.line_until = None
        elif race.line_until is None:
            race.line_until = await db_now(session) + timedelta(seconds=race.line_seconds)
    elif race.state == "running" and not left:
        race.state = "ended"
    record(session, RaceChanged(race_id=race.id, season_id=race.season_id))


async def _start(session: AsyncSession, race: TrainingRace) -> None:
    starts = await db_now(session) + LEAD
    race.state, race.started_at = "running", starts
    race.ends_at = starts + timedelta(seconds=race.seconds)


async def told(session: AsyncSession, run_id: UUID) -> Told | None:
    """What a lab hears at each sign of life of a run."""
    run = await session.get(TrainingRun, run_id)
    if run is None:
        return None
    race = await session.get(TrainingRace, run.race_id) if run.race_id is not None else None
    if race is None:
        return Told(pause=run.state == "pausing")
    now = await db_now(session)
    return Told(go_in=_seconds(now, race.started_at), stop_in=_seconds(now, race.ends_at))


def _seconds(now: datetime, moment: datetime | None) -> float | None:
    return max(0.0, (moment - now).total_seconds()) if moment is not None else None
