"""Two runs beside each other, and what is to be said about a run beside its figures."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.benchmarks import queries, standing
from arena.benchmarks.models import BenchmarkRun, ScoreDecision
from arena.benchmarks.rules import gap, over_tasks
from arena.benchmarks.schemas import Marks, Overridden, Scored, Voided
from arena.benchmarks.score_schemas import (
    ComparisonOut,
    GapOut,
    ScoreDecisionOut,
    TaskGapOut,
    same_questions,
)
from arena.submissions.public import Entry, Submission, competing_version, entries

DECISIONS = 500
"""Shown at once, the newest."""


async def comparisons(session: AsyncSession, run: BenchmarkRun, entry: Entry) -> list[ComparisonOut]:
    """A finished run beside the house, then beside the other versions of its entry, the newest first. Only what was
    asked the same questions can be compared."""
    marks = await _marks(session, run.id)
    found = []
    for other, of, version in await _others(session, run, entry):
        if same_questions(run, other):
            found.append(_beside(run, marks, other, await _marks(session, other.id), Scored.of(of, version)))
    return found


async def _others(
    session: AsyncSession, run: BenchmarkRun, entry: Entry
) -> list[tuple[BenchmarkRun, Entry, Submission]]:
    versions: list[tuple[Entry, Submission]] = []
    house = next((one for one in await entries(session, entry.season_id) if one.kind == "house"), None)
    if house is not None and house.id != entry.id:
        version = await competing_version(session, house.id)
        versions += [(house, version)] if version is not None else []
    mine = select(Submission).where(Submission.entry_id == entry.id, Submission.id != run.submission_id)
    rows = (await session.execute(mine.order_by(Submission.version.desc()))).scalars()
    versions += [(entry, row) for row in rows]
    found = []
    ids = [version.id for _, version in versions]
    stand = await standing.of_versions(session, entry.season_id, ids, run.extent)
    for of, version in versions:
        stands = stand[version.id].get(run.suite)
        if stands is not None and stands.run is not None:
            found.append((stands.run, of, version))
    return found


async def _marks(session: AsyncSession, run_id: UUID) -> dict[str, dict[int, bool]]:
    marks: dict[str, dict[int, bool]] = {}
    for sample in await queries.samples(session, run_id):
        marks.setdefault(sample.task, {})[sample.index] = sample.correct
    return marks


def _beside(
    run: BenchmarkRun,
    mine: Mapping[str, Mapping[int, bool]],
    other: BenchmarkRun,
    theirs: Mapping[str, Mapping[int, bool]],
    scored: Scored,
) -> ComparisonOut:
    others = {task["task"]: task for task in other.tasks}
    gaps = {
        task["task"]: found
        for task in run.tasks
        if (found := gap(mine.get(task["task"], {}), theirs.get(task["task"], {}), task["chance"]))
    }
    total = over_tasks(list(gaps.values()))
    return ComparisonOut(
        run_id=other.id,
        entry=scored,
        overall=GapOut.of(total) if total else None,
        tasks=[
            TaskGapOut(**GapOut.of(found).model_dump(), task=task, other=others[task]["score"])
            for task, found in gaps.items()
        ],
    )


async def marks(session: AsyncSession, runs: Sequence[BenchmarkRun]) -> dict[UUID, Marks]:
    """Of each run what its page shows beside the figures."""
    voids = await _voids(session, [run.id for run in runs if run.state == "void"])
    finished: dict[UUID, list[BenchmarkRun]] = {}
    for run in runs:
        if run.state == "done":
            finished.setdefault(run.season_id, []).append(run)
    changed = {
        run_id: found
        for season_id, those in finished.items()
        for run_id, found in (await standing.changes(session, season_id, those)).items()
    }
    was_set = await standing.overrides(session, {run.submission_id for run in runs})
    return {
        run.id: Marks(
            void=voids.get(run.id),
            override=Overridden(score=said.score, reason=said.reason, by=said.by, at=said.decision.created_at)
            # A score that was set stands for the version, and so outlives the run that was measured.
            if (said := was_set.get((run.submission_id, run.suite))) and run.state in ("done", "void")
            else None,
            stale=changed.get(run.id, []),
        )
        for run in runs
    }


async def _voids(session: AsyncSession, run_ids: Sequence[UUID]) -> dict[UUID, Voided]:
    if not run_ids:
        return {}
    statement = (
        select(ScoreDecision, Person.display_name)
        .join(Person, Person.id == ScoreDecision.by)
        .where(ScoreDecision.action == "void", ScoreDecision.run_id.in_(run_ids))
    )
    return {
        row.run_id: Voided(reason=row.reason, by=by, at=row.created_at)
        for row, by in (await session.execute(statement)).all()
        if row.run_id is not None
    }


async def decisions(
    session: AsyncSession, season_id: UUID, submission_id: UUID | None = None
) -> list[ScoreDecisionOut]:
    """What was decided in a season, or about one version of it, the newest first."""
    statement = (
        select(ScoreDecision, Entry, Submission, Person.display_name)
        .join(Submission, Submission.id == ScoreDecision.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .outerjoin(Person, Person.id == ScoreDecision.by)
        .where(ScoreDecision.season_id == season_id)
        .order_by(ScoreDecision.created_at.desc())
        .limit(DECISIONS)
    )
    if submission_id is not None:
        statement = statement.where(ScoreDecision.submission_id == submission_id)
    return [ScoreDecisionOut.of(*row) for row in (await session.execute(statement)).all()]
