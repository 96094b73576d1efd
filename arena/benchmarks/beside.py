"""What is said about a run beside its figures: what was decided about it, and what has changed since."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.benchmarks import standing
from arena.benchmarks.models import BenchmarkRun, ScoreDecision
from arena.benchmarks.schemas import Marks, Overridden, Voided
from arena.benchmarks.score_schemas import ScoreDecisionOut
from arena.submissions.public import Entry, Submission

DECISIONS = 500
"""Shown at once, the newest."""


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
    stand = {
        one.run.id: one.override
        for version in {run.submission_id for run in runs}
        for one in (await standing.standings(session, version)).values()
        if one.run is not None and one.override is not None
    }
    return {
        run.id: Marks(
            void=voids.get(run.id),
            override=Overridden(score=said.score, reason=said.reason, by=said.by, at=said.decision.created_at)
            if (said := stand.get(run.id))
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
