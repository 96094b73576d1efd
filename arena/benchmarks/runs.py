"""Runs as pages see them: with whose they are, what they wait for, and what was decided about them."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Permission, Person
from arena.benchmarks import beside
from arena.benchmarks.models import UNDER_WAY, BenchmarkRun, RunState
from arena.benchmarks.schemas import RunOut, RunPage, RunWaits, Scored
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import JobState
from arena.submissions.public import Entry, Submission

PAGE = 30
"""Runs on a page of the producer's list."""

Runs = Select[BenchmarkRun, Entry, Submission, str | None]


async def of_version(session: AsyncSession, submission_id: UUID, caller: Caller) -> list[RunOut]:
    """The newest first."""
    return await _described(session, _runs(BenchmarkRun.submission_id == submission_id), caller)


async def one(session: AsyncSession, run_id: UUID, caller: Caller) -> RunOut:
    (found,) = await _described(session, _runs(BenchmarkRun.id == run_id), caller)
    return found


async def queue(session: AsyncSession, season_id: UUID, caller: Caller) -> list[RunOut]:
    """What is under way in a season, or waits."""
    moving = BenchmarkRun.state.in_(UNDER_WAY)
    return await _described(session, _runs(BenchmarkRun.season_id == season_id, moving), caller)


async def ended(
    session: AsyncSession,
    season_id: UUID,
    caller: Caller,
    *,
    suite: str | None,
    state: RunState | None,
    page: int,
) -> RunPage:
    """A page of what has ended in a season, the newest first. Beyond the last page it is the last one."""
    wanted = [BenchmarkRun.season_id == season_id, BenchmarkRun.state.not_in(UNDER_WAY)]
    if suite is not None:
        wanted.append(BenchmarkRun.suite == suite)
    if state is not None:
        wanted.append(BenchmarkRun.state == state)
    total = (
        await session.execute(select(func.count()).select_from(BenchmarkRun).where(*wanted))
    ).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    items = await _described(session, _runs(*wanted).limit(PAGE).offset(PAGE * (page - 1)), caller)
    return RunPage(items=items, total=total, page=page, pages=pages)


def _runs(*wanted: ColumnElement[bool]) -> Runs:
    return (
        select(BenchmarkRun, Entry, Submission, Person.display_name)
        .join(Submission, Submission.id == BenchmarkRun.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .outerjoin(Person, Person.id == BenchmarkRun.ordered_by)
        .where(*wanted)
        .order_by(BenchmarkRun.created_at.desc())
        .execution_options(populate_existing=True)
    )


async def _described(session: AsyncSession, runs: Runs, caller: Caller) -> list[RunOut]:
    rows = (await session.execute(runs)).all()
    marks = await beside.marks(session, [run for run, *_ in rows])
    return [
        RunOut.of(
            run,
            Scored.of(entry, submission),
            marks[run.id],
            ordered_by=ordered_by,
            cancellable=may_cancel(run, caller),
            waiting=await _waiting(session, run),
        )
        for run, entry, submission, ordered_by in rows
    ]


async def _waiting(session: AsyncSession, run: BenchmarkRun) -> RunWaits | None:
    if run.state not in UNDER_WAY:
        return None
    # The job of an admission is about the version, any other about the run.
    job = await jobs.latest(session, run.submission_id if run.admission else run.id)
    if job is None or job.state != JobState.QUEUED:
        return None
    return RunWaits(
        reason=job.reason or "queued", position=await jobs.position(session, job), deadline=job.deadline
    )


def may_cancel(run: BenchmarkRun, caller: Caller) -> bool:
    """Who decides scores: whoever is measured, and sees that it goes badly, would. That of an admission nobody may:
    withdrawing the version ends it too.
    """
    return run.state in UNDER_WAY and not run.admission and caller.may(Permission.SCORE)
