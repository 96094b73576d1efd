"""Reads of benchmark runs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.contracts import Answer
from arena.benchmarks.models import UNDER_WAY, BenchmarkAnswer, BenchmarkRun, BenchmarkSample
from arena.kit.errors import NotFound


async def newest_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    statement = (
        select(BenchmarkRun)
        .where(BenchmarkRun.submission_id == submission_id)
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

