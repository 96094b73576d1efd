"""JSON shapes of scores: which one stands, what was decided about it, and how two compare."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.benchmarks.contracts import Extent
from arena.benchmarks.models import BenchmarkRun, ScoreAction, ScoreDecision
from arena.benchmarks.rules import Changed, Gap
from arena.benchmarks.schemas import AccuracyOut, Overridden, Scored
from arena.benchmarks.standing import Standing
from arena.kit.schemas import In, Out
from arena.submissions.public import Entry, Submission

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""Everybody who sees the score reads it."""
Expected = Annotated[int, Field(ge=1, le=100_000)]
"""How many runs this is about, as whoever confirmed it was told. Another number is refused, and named."""
Ids = Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class NewRuns(In):
    entries: Ids | Literal["all"]
    suite: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    extent: Extent = "air"
    expected: Expected


class ChosenRuns(In):
    """`stale`: all that count and for whose staleness this is the cure."""

    runs: Ids | Literal["stale"]
    expected: Expected


class RunsMade(Out):
    runs: list[UUID]


class Voiding(In):
    reason: Reason


class NewScore(In):
    score: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None
    """On the scale where 0 is guessing and 1 everything right. Null lifts what was set."""
    reason: Reason


class ScoreOut(Out):
    """The score of a version on one suite."""

    suite: str
    accuracy: AccuracyOut | None
    """What is shown and counted; null where there is none."""
    measured: AccuracyOut | None
    """By the run that counts, whatever was set in its place."""
    override: Overridden | None
    changed: list[Changed]
    """Since the run: not empty means that the score is stale."""
    run_id: UUID | None
    extent: Extent | None
    hardware_class: str | None
    attestation: str | None
    """Digest of what the engine's node stated and signed: `/attestations/{digest}`."""

    @classmethod
    def of(cls, one: Standing) -> "ScoreOut":
        run, accuracy, measured = one.run, one.accuracy, one.measured
        said = one.override
        return cls(
            suite=one.suite,
            accuracy=AccuracyOut.model_validate(accuracy) if accuracy else None,
            measured=AccuracyOut.model_validate(measured) if measured else None,
            override=Overridden(score=said.score, reason=said.reason, by=said.by, at=said.decision.created_at)
            if said
            else None,
            changed=list(one.changed),
            run_id=run.id if run else None,
            extent=run.extent if run else None,
            hardware_class=run.node.get("hardware_class") if run else None,
            attestation=run.node.get("attestation") if run else None,
        )


class ScoresOut(Out):
    """All scores of a version."""

    accuracy: AccuracyOut | None
    """Overall, by the season's weights; null as long as a suite that counts has none."""
    weights: dict[str, float]
    suites: list[ScoreOut]


class ScoreDecisionOut(Out):
    id: UUID
    act: ScoreAction
    at: datetime
    by: str | None
    """Null: what came of judging answers again."""
    reason: str | None
    suite: str
    submission_id: UUID
    run_id: UUID | None
    entry: Scored
    before: float | None
    """The score before and (`after`) after it; null where there is none, or nothing changed."""
    after: float | None
    flips: int | None
    """Of `rescored`: answers that are judged otherwise now."""

    @classmethod
    def of(
        cls, row: ScoreDecision, entry: Entry, submission: Submission, by: str | None
    ) -> "ScoreDecisionOut":
        before, after = row.before or {}, row.after or {}
        return cls(
            id=row.id,
            act=row.action,
            at=row.created_at,
            by=by,
            reason=row.reason,
            suite=row.suite,
            submission_id=row.submission_id,
            run_id=row.run_id,
            entry=Scored.of(entry, submission),
            before=before.get("score"),
            after=after.get("score"),
            flips=after.get("flips"),
        )


class GapOut(Out):
    """How much better a run was than another, over the questions that both were asked."""

    difference: float
    stderr: float
    tie: bool
    """Inside the noise: 1.96 standard errors of the difference."""
    items: int

    @classmethod
    def of(cls, gap: Gap) -> "GapOut":
        return cls(difference=gap.value, stderr=gap.stderr, tie=gap.tie, items=gap.items)


class TaskGapOut(GapOut):
    task: str
    other: float
    """The other's score on the task."""


class ComparisonOut(Out):
    """A run beside another one on the same suite."""

    run_id: UUID
    """The other."""
    entry: Scored
    overall: GapOut | None
    tasks: list[TaskGapOut]


def same_questions(one: BenchmarkRun, other: BenchmarkRun) -> bool:
    """Whether an index means the same question in both."""
    return (one.suite, one.suite_digest) == (other.suite, other.suite_digest)
