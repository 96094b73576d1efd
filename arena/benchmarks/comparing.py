"""A run beside others that were asked the same: the house's, and those of earlier versions of its entry."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.models import BenchmarkRun, BenchmarkSample
from arena.benchmarks.rules import Gap, gap, over_tasks
from arena.benchmarks.schemas import ComparisonOut, GapOut, RunEntry, TaskGap
from arena.submissions.public import Entry, Submission

EARLIER = 5
"""Versions to look back."""

Right = dict[str, dict[int, bool]]
"""By task and index: whether the answer was right."""


async def comparisons(session: AsyncSession, run: BenchmarkRun) -> list[ComparisonOut]:
    """The house first, then earlier versions, the latest of them first."""
    others = await _others(session, run)
    right = await _right(session, [run.id, *(other.id for other, _ in others)])
    return [_beside(run, other, entry, right) for other, entry in others]


async def _others(session: AsyncSession, run: BenchmarkRun) -> list[tuple[BenchmarkRun, RunEntry]]:
    """Of each version its newest run with the same questions."""
    mine = await session.get_one(Submission, run.submission_id)
    same = (
        select(BenchmarkRun, Entry, Submission)
        .join(Submission, Submission.id == BenchmarkRun.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .where(
            BenchmarkRun.season_id == run.season_id,
            BenchmarkRun.suite_digest == run.suite_digest,
            BenchmarkRun.state == "done",
            BenchmarkRun.id != run.id,
        )
        .ext(distinct_on(Submission.version))
        .order_by(Submission.version.desc(), BenchmarkRun.created_at.desc())
    )
    house = same.where(Entry.kind == "house", Submission.id != mine.id).limit(1)
    earlier = same.where(Submission.entry_id == mine.entry_id, Submission.version < mine.version)
    found = [*(await session.execute(house)).all(), *(await session.execute(earlier.limit(EARLIER))).all()]
    # The house has earlier versions too, and the newest of them would be there twice.
    return list({other.id: (other, RunEntry.of(entry, version)) for other, entry, version in found}.values())


async def _right(session: AsyncSession, runs: Sequence[UUID]) -> dict[UUID, Right]:
    statement = select(
        BenchmarkSample.run_id, BenchmarkSample.task, BenchmarkSample.index, BenchmarkSample.correct
    ).where(BenchmarkSample.run_id.in_(runs))
    found: dict[UUID, Right] = {run: {} for run in runs}
    for run_id, task, index, correct in (await session.execute(statement)).all():
        found[run_id].setdefault(task, {})[index] = correct
    return found


def _beside(
    run: BenchmarkRun, other: BenchmarkRun, entry: RunEntry, right: dict[UUID, Right]
) -> ComparisonOut:
    scores = {task["task"]: task["score"] for task in other.tasks}
    gaps: dict[str, Gap] = {}
    for task in run.tasks:
        name = task["task"]
        found = gap(right[run.id].get(name, {}), right[other.id].get(name, {}), task["chance"])
        if found is not None and name in scores:
            gaps[name] = found
    whole = over_tasks(list(gaps.values()))
    return ComparisonOut(
        run_id=other.id,
        entry=entry,
        overall=GapOut.of(whole) if whole else None,
        tasks=[TaskGap(task=name, other=scores[name], gap=GapOut.of(one)) for name, one in gaps.items()],
    )
