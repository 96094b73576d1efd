"""What a producer does with a race: plan it, start it with who is there, cancel it."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

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
    race = TrainingRace(season_id=season.id, name=new.name, seconds=new.seconds, state="planned")
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
    race = await session.get_one(TrainingRace, race_id, populate_existing=True)
    if race.state != "planned":
        raise Conflict("training.race_started", "This race has started already, or is over.")
    left = [run for run in await queries.race_runs(session, race_id) if run.state in UNDER_WAY]
    if not any(run.at_line for run in left):
        raise Conflict("training.nobody_there", "Nobody is at the line yet.")
    await _withdraw(session, [run for run in left if not run.at_line], by)
    await clock.settle(session, race_id)
    _decide(session, race, "start", by)


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
