"""Reads of training runs and races."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from arena.accounts.public import Caller, Person, Role
from arena.kit.celery import TRAIN
from arena.kit.errors import NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job, JobState
from arena.shows.training import UNKEPT, Budget, RecipeId, TrainingSpec
from arena.submissions import public as submissions
from arena.submissions.public import Entry, Submission
from arena.training.contracts import JOB_KIND, TrainRecord
from arena.training.models import UNDER_WAY, TrainingDecision, TrainingPoint, TrainingRace, TrainingRun
from arena.training.rules import stride
from arena.training.schemas import (
    PointOut,
    PointsOut,
    RaceOut,
    RaceRef,
    RaceRun,
    TrainingDecisionOut,
    TrainingFile,
    TrainingOut,
    TrainingProgress,
    TrainingWaits,
    VersionRef,
)

MOST_RUNS = 200
"""In a list, the newest."""
MOST_RACES = 50
MOST_POINTS = 1000
"""Given at once."""
PAUSE_OVER = "training.pause_over"
"""Nobody went on with a paused run in time, so it was cancelled."""


async def run(session: AsyncSession, run_id: UUID, lock: bool = False) -> TrainingRun:
    """Raises NotFound `training.not_found`."""
    found = await session.get(TrainingRun, run_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("training.not_found", "There is no such training run.")
    return found


async def race_runs(session: AsyncSession, race_id: UUID) -> Sequence[TrainingRun]:
    statement = (
        select(TrainingRun).where(TrainingRun.race_id == race_id).order_by(TrainingRun.created_at)
    ).execution_options(populate_existing=True)
    return (await session.execute(statement)).scalars().all()


def _of_race(race_id: UUID) -> Select[Any]:
    return (
        select(TrainingRun.id)
        .join(Job, Job.subject == TrainingRun.id)
        .where(TrainingRun.race_id == race_id, Job.kind == JOB_KIND)
    )


async def at_the_line(session: AsyncSession, race_id: UUID) -> set[UUID]:
    """The runs of a race that have loaded everything, and whose labs are still there."""
    ready = _of_race(race_id).where(
        TrainingRun.state.in_(UNDER_WAY), TrainingRun.at_line, jobs.in_good_hands()
    )
    return set((await session.execute(ready)).scalars())


async def hold_race_jobs(session: AsyncSession, race_id: UUID) -> None:
    """Nobody comes to the line, or leaves it, until the transaction ends: labs that hand something in have the job
    first."""
    open_ones = _of_race(race_id).where(Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
    await session.execute(open_ones.order_by(Job.id).with_for_update(of=Job))


async def room_for(session: AsyncSession, race_id: UUID) -> int | None:
    """How many of the race's runs the labs that are at work can take at once. None: it is not known."""
    lanes = await jobs.lanes(session, TRAIN)
    if lanes is None:
        return None
    own = select(TrainingRun.id).where(TrainingRun.race_id == race_id)
    others = select(func.count()).where(Job.queue == TRAIN, jobs.in_good_hands(), Job.subject.not_in(own))
    return max(0, lanes - (await session.execute(others)).scalar_one())


async def under_way(session: AsyncSession, holder: UUID | None) -> UUID | None:
    """The contestant's run that waits for a lab or is in the hands of one."""
    statement = (
        select(TrainingRun.id)
        .join(Entry, Entry.id == TrainingRun.entry_id)
        .where(Entry.holder == holder, TrainingRun.state.in_(UNDER_WAY))
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def ordered_today(session: AsyncSession, holder: UUID | None) -> int:
    """Runs that count: not what a fault of ours has ended, nor what a producer has ordered for a race."""
    statement = (
        select(func.count())
        .select_from(TrainingRun)
        .join(Entry, Entry.id == TrainingRun.entry_id)
        .where(Entry.holder == holder, TrainingRun.state != "failed", TrainingRun.race_id.is_(None))
        .where(TrainingRun.created_at > func.clock_timestamp() - func.make_interval(0, 0, 0, 1))
    )
    return (await session.execute(statement)).scalar_one()


async def paces(session: AsyncSession, season_id: UUID) -> dict[RecipeId, float]:
    """Tokens per second on the training clock: the median of the season's finished runs, by recipe."""
    recipe = TrainingRun.spec["recipe"].astext
    pace = func.percentile_cont(0.5).within_group(TrainingRun.tokens / TrainingRun.seconds)
    statement = (
        select(recipe, pace)
        .where(TrainingRun.season_id == season_id, TrainingRun.state == "done", TrainingRun.seconds > 0)
        .group_by(recipe)
    )
    return {row[0]: round(row[1], 1) for row in (await session.execute(statement)).all()}


async def points(session: AsyncSession, run: TrainingRun, after: int) -> PointsOut:
    every = stride(run.step, MOST_POINTS)
    statement = (
        select(TrainingPoint)
        .where(TrainingPoint.run_id == run.id, TrainingPoint.step > after, TrainingPoint.step % every == 0)
        .order_by(TrainingPoint.step)
    )
    found = (await session.execute(statement)).scalars()
    return PointsOut(stride=every, points=[PointOut.model_validate(point) for point in found])


async def log(session: AsyncSession, run_id: UUID, after: int) -> list[PointOut]:
    """The next steps of a run, none left out."""
    statement = (
        select(TrainingPoint)
        .where(TrainingPoint.run_id == run_id, TrainingPoint.step > after)
        .order_by(TrainingPoint.step)
        .limit(MOST_POINTS)
    )
    return [PointOut.model_validate(point) for point in (await session.execute(statement)).scalars()]


# --- as pages see them --------------------------------------------------------------------------------------------


async def listed(session: AsyncSession, season_id: UUID, caller: Caller) -> list[TrainingOut]:
    """The newest first: a producer's are all of the season, anybody else's are his own."""
    wanted: ColumnElement[bool] = TrainingRun.season_id == season_id
    if not caller.has(Role.PRODUCER):
        wanted = wanted & await submissions.held_by(session, caller.person_id)
    return await _described(session, _runs(wanted).limit(MOST_RUNS))


async def run_of(session: AsyncSession, submission_id: UUID) -> TrainingRun | None:
    """The run that a version came of, if it was made here."""
    statement = select(TrainingRun).where(TrainingRun.result_id == submission_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def trained_on(session: AsyncSession, dataset_id: UUID) -> list[TrainingOut]:
    """All runs of a data set, the newest first."""
    return await _described(session, _runs(TrainingRun.dataset_id == dataset_id))


async def one(session: AsyncSession, run_id: UUID) -> TrainingOut:
    """Raises NotFound `training.not_found`."""
    for found in await _described(session, _runs(TrainingRun.id == run_id)):
        return found
    raise NotFound("training.not_found", "There is no such training run.")


_data, _data_entry = aliased(Submission), aliased(Entry)
_parent, _parent_entry = aliased(Submission), aliased(Entry)
_result = aliased(Submission)


def _loss() -> ColumnElement[Any]:
    newest = select(TrainingPoint.loss).where(TrainingPoint.run_id == TrainingRun.id)
    return newest.order_by(TrainingPoint.step.desc()).limit(1).correlate(TrainingRun).scalar_subquery()


def _runs(*wanted: ColumnElement[bool]) -> Select[Any]:
    columns: list[Any] = [
        TrainingRun, Entry, _data, _data_entry, _parent, _parent_entry, _result, TrainingRace, Person.display_name,
        _loss(),
    ]  # fmt: skip
    return (
        select(*columns)
        .join(Entry, Entry.id == TrainingRun.entry_id)
        .join(_data, _data.id == TrainingRun.dataset_id)
        .join(_data_entry, _data_entry.id == _data.entry_id)
        .outerjoin(_parent, _parent.id == TrainingRun.parent_id)
        .outerjoin(_parent_entry, _parent_entry.id == _parent.entry_id)
        .outerjoin(_result, _result.id == TrainingRun.result_id)
        .outerjoin(TrainingRace, TrainingRace.id == TrainingRun.race_id)
        .join(Person, Person.id == TrainingRun.ordered_by)
        .where(*wanted)
        .order_by(TrainingRun.created_at.desc())
        .execution_options(populate_existing=True)
    )


async def _described(session: AsyncSession, runs: Select[Any]) -> list[TrainingOut]:
    rows = (await session.execute(runs)).all()
    decided = await _decisions(session, [row[0].id for row in rows])
    return [await _out(session, decided.get(row[0].id, []), *row) for row in rows]


async def _out(
    session: AsyncSession,
    decisions: list[TrainingDecisionOut],
    run: TrainingRun,
    entry: Entry,
    data: Submission,
    data_entry: Entry,
    parent: Submission | None,
    parent_entry: Entry | None,
    result: Submission | None,
    race: TrainingRace | None,
    ordered_by: str,
    loss: float | None,
) -> TrainingOut:
    job, waiting, progress = await _job(session, run)
    checkpoint, files = run.checkpoint or {}, run.files or {}
    return TrainingOut(
        id=run.id,
        entry_id=entry.id,
        entry=entry.name,
        dataset=version_ref(data_entry, data),
        form=run.form,
        parent=version_ref(parent_entry, parent) if parent and parent_entry else None,
        race=RaceRef(id=race.id, name=race.name) if race else None,
        at_line=run.at_line and job is not None and job.state == JobState.RUNNING,
        base_model=run.base_model,
        spec=TrainingSpec.model_validate(run.spec),
        budget=Budget.model_validate(run.budget),
        dtype=run.dtype,
        state=run.state,
        reason=run.reason,
        code=run.code,
        detail=run.detail or {},
        attempt=run.attempt,
        step=run.step,
        tokens=run.tokens,
        seconds=run.seconds,
        loss=loss,
        checkpoint_step=checkpoint.get("step"),
        stopped=run.stopped,
        record=TrainRecord.model_validate(run.record) if run.record else None,
        files=[TrainingFile(name=name, **file) for name, file in files.items()],
        result=version_ref(entry, result) if result else None,
        waiting=waiting,
        progress=progress,
        pausable=pausable(run),
        pauses_left=run.pauses_left,
        paused_until=run.paused_until,
        resumable=resumable(run),
        cancellable=cancellable(run),
        ordered_by=ordered_by,
        decisions=decisions,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def pausable(run: TrainingRun) -> bool:
    """A race has one clock, and what keeps no checkpoint would lose all it has learned."""
    alone = run.race_id is None and run.spec["profile"] not in UNKEPT
    return alone and run.state in ("queued", "running") and run.pauses_left > 0


def resumable(run: TrainingRun) -> bool:
    """Whoever leaves a race does not come back."""
    stopped = run.state in ("paused", "cancelled", "failed") and run.race_id is None
    return stopped and (run.pauses_left > 0 or not resuming_is_a_pause(run))


def resuming_is_a_pause(run: TrainingRun) -> bool:
    """A cancel that is taken back was one. What ended because its pause was over has been counted."""
    return run.state == "cancelled" and run.code != PAUSE_OVER


def cancellable(run: TrainingRun) -> bool:
    return run.state in (*UNDER_WAY, "paused")


def version_ref(entry: Entry, row: Submission) -> VersionRef:
    return VersionRef(
        submission_id=row.id, entry_id=entry.id, entry=entry.name, version=row.version, state=row.state
    )


async def _job(
    session: AsyncSession, run: TrainingRun
) -> tuple[Job | None, TrainingWaits | None, TrainingProgress | None]:
    if run.state not in UNDER_WAY:
        return None, None, None
    job = await jobs.latest(session, run.id)
    if job is None:
        return None, None, None
    if job.state == JobState.QUEUED:
        position = await jobs.position(session, job)
        waits = TrainingWaits(reason=job.reason or "queued", position=position, deadline=job.deadline)
        return job, waits, None
    return job, None, TrainingProgress.model_validate(job.progress) if job.progress else None


async def _decisions(session: AsyncSession, runs: list[UUID]) -> dict[UUID, list[TrainingDecisionOut]]:
    statement = (
        select(TrainingDecision, Person.display_name)
        .join(Person, Person.id == TrainingDecision.by)
        .where(TrainingDecision.run_id.in_(runs))
        .order_by(TrainingDecision.created_at)
    )
    found: dict[UUID, list[TrainingDecisionOut]] = {}
    for row, by in (await session.execute(statement)).all():
        out = TrainingDecisionOut(action=row.action, by=by, at=row.created_at)
        if row.run_id is not None:
            found.setdefault(row.run_id, []).append(out)
    return found


async def datasets(session: AsyncSession, season_id: UUID) -> list[VersionRef]:
    """All data sets of the season that can be trained, by entry, the newest first."""
    statement = (
        select(Entry, Submission)
        .join(Submission, Submission.entry_id == Entry.id)
        .where(Entry.season_id == season_id)
        .where(Submission.artifact == "dataset", Submission.state == "verified")
        .order_by(Entry.name, Submission.version.desc())
    )
    return [version_ref(entry, row) for entry, row in (await session.execute(statement)).all()]


async def adapters_of(
    session: AsyncSession, holder: UUID | None, season_id: UUID
) -> Sequence[tuple[Entry, Submission]]:
    """Of a contestant in the season, with which training may begin; the newest first."""
    statement = (
        select(Entry, Submission)
        .join(Submission, Submission.entry_id == Entry.id)
        .where(Entry.holder == holder, Entry.season_id == season_id)
        .where(Submission.artifact == "adapter", Submission.state.in_(submissions.SEALED))
        .order_by(Submission.created_at.desc())
    )
    return [(entry, row) for entry, row in (await session.execute(statement)).all()]


# --- races --------------------------------------------------------------------------------------------------------


async def races(session: AsyncSession, season_id: UUID, everything: bool) -> list[RaceOut]:
    """The newest first, without their curves; `everything`: those too that have not started."""
    statement = select(TrainingRace).where(TrainingRace.season_id == season_id)
    if not everything:
        statement = statement.where(TrainingRace.started_at.is_not(None))
    newest = statement.order_by(TrainingRace.created_at.desc()).limit(MOST_RACES)
    found = (await session.execute(newest)).scalars().all()
    return [await race_out(session, race.id, curves=False) for race in found]


async def race_out(session: AsyncSession, race_id: UUID, curves: bool = True) -> RaceOut:
    race = await session.get(TrainingRace, race_id, populate_existing=True)
    if race is None:
        raise NotFound("training.race_not_found", "There is no such race.")
    statement = (
        select(TrainingRun, Entry.name, Submission.version, _loss())
        .join(Entry, Entry.id == TrainingRun.entry_id)
        .outerjoin(Submission, Submission.id == TrainingRun.result_id)
        .where(TrainingRun.race_id == race.id)
        .order_by(TrainingRun.created_at)
        .execution_options(populate_existing=True)
    )
    rows = (await session.execute(statement)).all()
    waits = race.state == "planned"
    there = await at_the_line(session, race.id) if waits or race.state == "running" else set()
    return RaceOut(
        id=race.id,
        season_id=race.season_id,
        name=race.name,
        seconds=race.seconds,
        state=race.state,
        line_seconds=race.line_seconds,
        line_until=race.line_until if waits else None,
        room=await room_for(session, race.id) if waits else None,
        started_at=race.started_at,
        ends_at=race.ends_at,
        runs={
            run.id: RaceRun(
                entry_id=run.entry_id,
                entry=entry,
                recipe=run.spec["recipe"],
                method=run.spec["method"],
                state=run.state,
                at_line=run.id in there,
                step=run.step,
                tokens=run.tokens,
                seconds=run.seconds,
                loss=loss,
                curve=await _curve(session, run) if curves else {},
                stopped=run.stopped,
                code=run.code,
                version=version,
            )
            for run, entry, version, loss in rows
        },
        created_at=race.created_at,
    )


async def _curve(session: AsyncSession, run: TrainingRun) -> dict[int, tuple[float, float]]:
    statement = (
        select(TrainingPoint.step, TrainingPoint.seconds, TrainingPoint.loss)
        .where(TrainingPoint.run_id == run.id, TrainingPoint.step % stride(run.step) == 0)
        .order_by(TrainingPoint.step)
    )
    return {step: (seconds, loss) for step, seconds, loss in (await session.execute(statement)).all()}
