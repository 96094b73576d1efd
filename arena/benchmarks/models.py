"""Benchmark runs and what was answered in them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from arena.benchmarks.contracts import Extent
from arena.kit.db import Base, Row

RunState = Literal["queued", "running", "done", "failed", "cancelled", "void"]
UNDER_WAY: tuple[RunState, ...] = ("queued", "running")


class BenchmarkRun(Row):
    """One submission against one suite on one leased node. Scores carry the digest of the suite that made them."""

    __tablename__ = "benchmark_runs"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    suite: Mapped[str]
    suite_digest: Mapped[str]
    extent: Mapped[Extent] = mapped_column(String, server_default="air", default="air")
    admission: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """The line has made it, and its end decides whether the version is ready. Any other was ordered."""
    ordered_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    state: Mapped[RunState] = mapped_column(String, default="running")
    reason: Mapped[str | None]
    """Why it has no score: a sentence for the person waiting."""
    code: Mapped[str | None]
    """What that reason is called in `faults.py`; null for any other."""
    total: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    """Questions that are asked, and (`answered`) how many of them have an answer."""
    answered: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    node: Mapped[dict[str, Any]]
    """The leased node as it was: engine build, base digest, hardware class. Empty before there was one."""
    tasks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    lm_eval_version: Mapped[str | None]
    scorer_digest: Mapped[str | None]
    """Of what has judged the answers: the scorers, the harness, the generator with its verifiers."""
    items_digest: Mapped[str | None]
    """Of the questions, options and answers as they were asked: the suite's digest says what should be asked."""
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('queued','running','done','failed','cancelled','void')", name="state"),
        CheckConstraint("extent in ('air','full')", name="extent"),
        CheckConstraint("(state in ('queued','running')) = (ended_at is null)", name="ended"),
        # One run of a suite at a time for a submission, beside the one by which it is admitted.
        Index(
            "uq_benchmark_runs_under_way",
            "submission_id",
            "suite",
            "extent",
            "admission",
            unique=True,
            postgresql_where="state in ('queued','running')",
        ),
    )


class BenchmarkAnswer(Base):
    """What the engine said to one request, kept the moment it is known: the next attempt does not ask it again."""

    __tablename__ = "benchmark_answers"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("benchmark_runs.id", ondelete="CASCADE"))
    task: Mapped[str]
    index: Mapped[int] = mapped_column(BigInteger)
    option: Mapped[int] = mapped_column(SmallInteger)
    """Of a choice; 0 for a text."""
    logprob: Mapped[float | None]
    greedy: Mapped[bool | None]
    text: Mapped[str | None]

    __table_args__ = (
        PrimaryKeyConstraint("run_id", "task", "index", "option"),
        CheckConstraint("(logprob is null) = (greedy is null)", name="likelihood"),
        CheckConstraint("(logprob is null) <> (text is null)", name="one_kind"),
    )


class BenchmarkSample(Row):
    """One question as it was asked and answered."""

    __tablename__ = "benchmark_samples"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("benchmark_runs.id", ondelete="CASCADE"))
    task: Mapped[str]
    index: Mapped[int] = mapped_column(BigInteger)
    question: Mapped[str]
    expected: Mapped[str]
    answer: Mapped[str]
    correct: Mapped[bool]
    options: Mapped[list[str]] = mapped_column(server_default=text("'[]'"), default=list)
    """Of a choice, in the order in which they were asked; and for each its log-probability, and (`normalised`) the same
    for each character of it."""
    logprobs: Mapped[list[float]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    normalised: Mapped[list[float]] = mapped_column(JSONB, server_default=text("'[]'"), default=list)
    extracted: Mapped[str] = mapped_column(server_default="", default="")
    """What was read out of the answer, and so what was judged."""
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """How it was judged: the scorer's name, and for a choice by how much the likeliest option was ahead."""

    __table_args__ = (UniqueConstraint("run_id", "task", "index"),)


class ImportedSuite(Row):
    """One version of a suite that somebody has imported. Versions never change; the newest counts."""

    __tablename__ = "suites"

    name: Mapped[str]
    """The suite's id."""
    version: Mapped[int]
    digest: Mapped[str]
    spec: Mapped[dict[str, Any]]
    """A `contracts.SuiteSpec`. Its files lie in the store under their sha256."""
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))

    __table_args__ = (UniqueConstraint("name", "version"), CheckConstraint("version > 0", name="version"))


class SeasonSeed(Row):
    """The seed of a season's suites: drawn once, committed to at once, shown when it is released."""

    __tablename__ = "season_seeds"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), unique=True)
    seed: Mapped[str]
    drawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    released_at: Mapped[datetime | None]


ScoreAction = Literal[
    "order", "cancel", "resume", "rerun", "rescore", "rescored", "not_rescored", "void", "override", "lift"
]


class ScoreDecision(Row):
    """Somebody did something about a score, or the lab did what he asked for. No row is ever changed or deleted."""

    __tablename__ = "score_decisions"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("benchmark_runs.id"))
    """None: of a score that was set without a run."""
    suite: Mapped[str]
    action: Mapped[ScoreAction] = mapped_column(String)
    by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """None: what came of a rescore."""
    reason: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    """What stood before and (`after`) after it: `score` and `stderr`, with what made it."""
    after: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(
            "action in ('order','cancel','resume','rerun','rescore','rescored','not_rescored','void','override',"
            "'lift')",
            name="action",
        ),
        CheckConstraint("(\"by\" is null) = (action in ('rescored','not_rescored'))", name="by_somebody"),
        CheckConstraint(
            "action not in ('not_rescored','void','override','lift') or reason is not null", name="reason"
        ),
    )
