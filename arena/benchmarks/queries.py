"""Reads of benchmark runs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.models import BenchmarkRun, BenchmarkSample


async def newest_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    statement = (
        select(BenchmarkRun)
        .where(BenchmarkRun.submission_id == submission_id)
        .order_by(BenchmarkRun.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def open_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    statement = select(BenchmarkRun).where(
        BenchmarkRun.submission_id == submission_id, BenchmarkRun.state == "running"
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def samples(session: AsyncSession, run_id: UUID) -> Sequence[BenchmarkSample]:
    statement = (
        select(BenchmarkSample)
        .where(BenchmarkSample.run_id == run_id)
        .order_by(BenchmarkSample.task, BenchmarkSample.index)
    )
    return (await session.execute(statement)).scalars().all()

