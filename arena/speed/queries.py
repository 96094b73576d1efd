"""Reads of speed runs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job, JobState
from arena.shows.public import Episode
from arena.speed.contracts import Measured, Question, Who
from arena.speed.models import UNDER_WAY, SpeedRacer, SpeedRequest, SpeedRun
from arena.speed.schemas import RacerOut, SpeedOut
from arena.submissions.public import Entry, Submission, competing_version, entries


async def run(session: AsyncSession, run_id: UUID, lock: bool = False) -> SpeedRun:
    statement = select(SpeedRun).where(SpeedRun.id == run_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("speed.not_found", "There is no such measurement.")
    return found


async def runs_of(session: AsyncSession, episode_id: UUID) -> Sequence[SpeedRun]:
    """The newest first."""
    statement = select(SpeedRun).where(SpeedRun.episode_id == episode_id).order_by(SpeedRun.number.desc())
    return (await session.execute(statement)).scalars().all()


async def racers(session: AsyncSession, run_id: UUID) -> dict[Who, SpeedRacer]:
    statement = select(SpeedRacer).where(SpeedRacer.run_id == run_id).order_by(SpeedRacer.who)
    return {row.who: row for row in (await session.execute(statement)).scalars()}


async def measured(session: AsyncSession, run_id: UUID) -> list[Measured]:
    statement = (
        select(SpeedRequest.measured).where(SpeedRequest.run_id == run_id).order_by(SpeedRequest.number)
    )
    return [Measured.model_validate(row) for row in (await session.execute(statement)).scalars()]


async def unreleased_questions(session: AsyncSession) -> list[str]:
    """What quizzes ask that nobody has seen the result of, in episodes that are not over."""
    statement = (
        select(SpeedRun.questions)
        .join(Episode, Episode.id == SpeedRun.episode_id)
        .where(SpeedRun.released_at.is_(None), Episode.state != "finished")
    )
    drawn = (await session.execute(statement)).scalars().all()
    return [Question.model_validate(one).question for questions in drawn for one in questions]


async def house_version(session: AsyncSession, season_id: UUID) -> Submission | None:
    house = next((entry for entry in await entries(session, season_id) if entry.kind == "house"), None)
    return await competing_version(session, house.id) if house else None


async def describe(session: AsyncSession, row: SpeedRun, sees_all: bool) -> SpeedOut:
    """What of it may be seen: the result once it is released, by producers at once."""
    named = await _named(session, row.id)
    job = await _waiting(session, row)
    return SpeedOut.of(row, named, job, shown=sees_all or row.released_at is not None)


async def _named(session: AsyncSession, run_id: UUID) -> dict[Who, RacerOut]:
    statement = (
        select(SpeedRacer, Entry, Submission.version)
        .join(Entry, Entry.id == SpeedRacer.entry_id)
        .join(Submission, Submission.id == SpeedRacer.submission_id)
        .where(SpeedRacer.run_id == run_id)
    )
    return {
        racer.who: RacerOut(entry_id=entry.id, name=entry.name, kind=entry.kind, version=version)
        for racer, entry, version in (await session.execute(statement)).all()
    }


async def _waiting(session: AsyncSession, row: SpeedRun) -> Job | None:
    if row.state not in UNDER_WAY:
        return None
    job = await jobs.latest(session, row.id)
    return job if job is not None and job.state == JobState.QUEUED else None
