"""Reads of benchmark runs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library
from arena.benchmarks.contracts import Answer
from arena.benchmarks.models import UNDER_WAY, BenchmarkAnswer, BenchmarkRun, BenchmarkSample
from arena.benchmarks.schemas import SamplePage, SealedSeed
from arena.kit.errors import NotFound

PAGE = 25
"""Questions on a page."""


async def newest_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    """Of those by which the version is admitted; runs that were ordered are beside the line."""
    statement = (
        select(BenchmarkRun)
        .where(BenchmarkRun.submission_id == submission_id, BenchmarkRun.admission)
        .order_by(BenchmarkRun.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def open_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    """The run under way by which the version is admitted."""
    statement = select(BenchmarkRun).where(
        BenchmarkRun.submission_id == submission_id,
        BenchmarkRun.admission,
        BenchmarkRun.state.in_(UNDER_WAY),
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def seed_of(session: AsyncSession, season_id: UUID) -> SealedSeed | None:
    """What may be known of the season's own seed; None when its suites have their published one."""
    row = await library.season_seed(session, season_id)
    if row is None:
        return None
    return SealedSeed(commitment=library.commitment(row), seed=row.seed if row.released_at else None)


async def run(session: AsyncSession, run_id: UUID, lock: bool = False) -> BenchmarkRun:
    """Raises NotFound `run.not_found`."""
    found = await session.get(BenchmarkRun, run_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("run.not_found", "There is no such run.")
    return found


async def answers(session: AsyncSession, run_id: UUID) -> list[Answer]:
    """What the engine has said in this run so far, in the order of the questions."""
    statement = (
        select(BenchmarkAnswer)
        .where(BenchmarkAnswer.run_id == run_id)
        .order_by(BenchmarkAnswer.task, BenchmarkAnswer.index, BenchmarkAnswer.option)
    )
    return [
        Answer(
            task=row.task,
            index=row.index,
            option=row.option,
            logprob=row.logprob,
            greedy=row.greedy,
            text=row.text,
        )
        for row in (await session.execute(statement)).scalars()
    ]


async def samples(session: AsyncSession, run_id: UUID) -> Sequence[BenchmarkSample]:
    statement = (
        select(BenchmarkSample)
        .where(BenchmarkSample.run_id == run_id)
        .order_by(BenchmarkSample.task, BenchmarkSample.index)
    )
    return (await session.execute(statement)).scalars().all()


async def sample_page(
    session: AsyncSession, run: BenchmarkRun, task: str | None, wrong: bool, page: int
) -> SamplePage:
    """A page of the questions, in the order of the run's tasks. Beyond the last page it is the last one."""
    wanted: list[ColumnElement[bool]] = [BenchmarkSample.run_id == run.id]
    if task is not None:
        wanted.append(BenchmarkSample.task == task)
    if wrong:
        wanted.append(BenchmarkSample.correct.is_(False))
    counted = select(func.count()).select_from(BenchmarkSample).where(*wanted)
    total = (await session.execute(counted)).scalar_one()
    page = min(page, max(1, -(-total // PAGE)))
    places = {scored["task"]: place for place, scored in enumerate(run.tasks)}
    by_task = [case(places, value=BenchmarkSample.task)] if places else []
    statement = (
        select(BenchmarkSample)
        .where(*wanted)
        .order_by(*by_task, BenchmarkSample.task, BenchmarkSample.index)
        .limit(PAGE)
        .offset(PAGE * (page - 1))
    )
    rows = (await session.execute(statement)).scalars().all()
    return SamplePage.of(rows, total, page, PAGE)
