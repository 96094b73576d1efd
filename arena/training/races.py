"""What happens to a race: a producer plans it, starts it with who is there, cancels it; at its deadline it starts by
itself."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller
from arena.kit.errors import Conflict
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.shows.public import Season
from arena.training import clock, ordering, queries, service
from arena.training.contracts import RaceChanged
from arena.training.models import UNDER_WAY, TrainingAction, TrainingDecision, TrainingRace, TrainingRun
from arena.training.schemas import NewRace


async def plan(
    site: Site, session: AsyncSession, caller: Caller, season: Season, new: NewRace
) -> TrainingRace:
    """Orders a run for each. It starts by itself when all of them are at the line. Raises as `ordering.order` does."""
    race = TrainingRace(
        season_id=season.id,
        name=new.name,
        seconds=new.seconds,
        line_seconds=new.line_seconds,
        state="planned",
    )
    session.add(race)
    await session.flush()
    for one in new.entries:
        run = await ordering.order(site, session, caller, one, race)
        if run.season_id != season.id:
            raise Conflict("training.other_season", "A race is run by entries of the present season.")
    _decide(session, race, "plan", caller.person_id)
    record(session, RaceChanged(race_id=race.id, season_id=season.id))
    return race


async def start(session: AsyncSession, race_id: UUID, by: UUID) -> None:
    """With who is at the line: who is not is cancelled, and then it starts by itself. Raises Conflict."""
    await queries.hold_race_jobs(session, race_id)
    race = await session.get_one(TrainingRace, race_id, populate_existing=True)
    if race.state != "planned":
        raise Conflict("training.race_started", "This race has started already, or is over.")
    there, absent = await _who_is_there(session, race_id)
    if not there:
        raise Conflict("training.nobody_there", "Nobody is at the line yet.")
    await _withdraw(session, absent, by)
    await clock.settle(session, race_id)
    _decide(session, race, "start", by)


async def start_overdue(session: AsyncSession) -> None:
    """A race whose deadline at the line has come, with who is there. Who is not, is not to blame for it."""
    overdue = (
        select(TrainingRace.id)
        .where(TrainingRace.state == "planned", TrainingRace.line_until < func.clock_timestamp())
        .order_by(TrainingRace.line_until)
        .limit(1)
    )
    race_id = (await session.execute(overdue)).scalar_one_or_none()
    if race_id is None:
        return
    await queries.hold_race_jobs(session, race_id)
    race = await session.get_one(TrainingRace, race_id, populate_existing=True)
    if race.state != "planned":
        return  # another worker was first
    there, absent = await _who_is_there(session, race_id)
    for run in absent if there else ():
        await service.leave_behind(session, run.id)
    await clock.settle(session, race_id)


async def _who_is_there(session: AsyncSession, race_id: UUID) -> tuple[set[UUID], list[TrainingRun]]:
    """Who is at the line, and the runs of those who are not."""
    there = await queries.at_the_line(session, race_id)
    left = [run for run in await queries.race_runs(session, race_id) if run.state in UNDER_WAY]
    return there, [run for run in left if run.id not in there]


async def cancel(session: AsyncSession, race_id: UUID, by: UUID) -> None:
    """Nobody gets a version of it. Raises Conflict for one that is over."""
    left = [run for run in await queries.race_runs(session, race_id) if run.state in UNDER_WAY]
    await _withdraw(session, left, by)
    await session.flush()
    race = await clock.locked(session, race_id)
    if not left:
        raise Conflict("training.race_over", "This race is over.")
    race.state = "cancelled"
    _decide(session, race, "cancel", by)
    record(session, RaceChanged(race_id=race.id, season_id=race.season_id))


async def _withdraw(session: AsyncSession, runs: Sequence[TrainingRun], by: UUID) -> None:
    """The race's row comes after all of theirs: labs that hand something in take them in this order, too."""
    for run in runs:
        with suppress(Conflict):  # it has ended in this moment
            ordering.decide(session, await service.withdraw(session, run.id), "cancel", by)


def _decide(session: AsyncSession, race: TrainingRace, action: TrainingAction, by: UUID) -> None:
    session.add(TrainingDecision(season_id=race.season_id, race_id=race.id, action=action, by=by))
