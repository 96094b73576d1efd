"""The one door to a training run or a race: loads it and checks who may see it. Not yours means not found."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Producer, PublicCaller, Role, SignedIn
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.submissions import public as submissions
from arena.training.models import TrainingRace, TrainingRun


async def _entry(session: AsyncSession, run: TrainingRun) -> submissions.Entry:
    return await session.get_one(submissions.Entry, run.entry_id)


async def admit(session: AsyncSession, caller: Caller, run_id: UUID) -> TrainingRun:
    """For those who hold the entry and for producers."""
    run = await session.get(TrainingRun, run_id)
    if run is None or not await submissions.may_see(session, caller, await _entry(session, run)):
        raise NotFound("training.not_found", "There is no such training run, or it is not yours.")
    return run


async def visible_training(run_id: UUID, caller: SignedIn, session: SessionDep) -> TrainingRun:
    return await admit(session, caller, run_id)


VisibleTraining = Annotated[TrainingRun, Depends(visible_training, scope="function")]


async def _require_own(session: AsyncSession, caller: Caller, run: TrainingRun, made_of: UUID | None) -> None:
    """For those who hold the entry, and what the run was made of: a producer may have taken somebody else's."""
    entries = [await _entry(session, run)]
    if made_of is not None and (found := await submissions.with_entry(session, made_of)) is not None:
        entries.append(found[0])
    for entry in entries:
        if not await submissions.holds(session, caller, entry):
            raise NotFound("training.not_found", "There is no such training run, or it is not yours.")


async def own_adapter(run: VisibleTraining, caller: SignedIn, session: SessionDep) -> TrainingRun:
    """An adapter that has not met anybody is nobody else's; nor is one that is nearly its parent."""
    await _require_own(session, caller, run, run.parent_id)
    return run


async def own_data(run: VisibleTraining, caller: SignedIn, session: SessionDep) -> TrainingRun:
    await _require_own(session, caller, run, run.dataset_id)
    return run


OwnAdapter = Annotated[TrainingRun, Depends(own_adapter, scope="function")]
OwnData = Annotated[TrainingRun, Depends(own_data, scope="function")]


async def admit_to_race(session: AsyncSession, caller: Caller, race_id: UUID) -> TrainingRace:
    """For everybody once it has started, before that for producers."""
    race = await session.get(TrainingRace, race_id)
    if race is None or not (race.started_at is not None or caller.has(Role.PRODUCER)):
        raise NotFound("training.race_not_found", "There is no such race, or it has not started yet.")
    return race


async def visible_race(race_id: UUID, caller: PublicCaller, session: SessionDep) -> TrainingRace:
    return await admit_to_race(session, caller, race_id)


async def produced_race(race_id: UUID, caller: Producer, session: SessionDep) -> TrainingRace:
    return await admit_to_race(session, caller, race_id)


VisibleRace = Annotated[TrainingRace, Depends(visible_race, scope="function")]
ProducedRace = Annotated[TrainingRace, Depends(produced_race, scope="function")]
