"""Benchmark runs and what was answered in them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row

RunState = Literal["running", "done", "failed"]


class BenchmarkRun(Row):
    """One submission against one suite on one leased node. Scores carry the digest of the suite that made them."""

    __tablename__ = "benchmark_runs"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    suite: Mapped[str]
    suite_digest: Mapped[str]
    state: Mapped[RunState] = mapped_column(String, default="running")
    reason: Mapped[str | None]
    node: Mapped[dict[str, Any]]
    """The leased node as it was: engine build, base digest, hardware class."""
    tasks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    lm_eval_version: Mapped[str | None]
    items_digest: Mapped[str | None]
    """Of the questions, options and answers as they were asked: the suite's digest says what should be asked."""
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('running','done','failed')", name="state"),
        # One run of a suite at a time for a submission.
        Index(
            "uq_benchmark_runs_open",
            "submission_id",
            "suite",
            unique=True,
            postgresql_where="state = 'running'",
        ),
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
    seed: Mapped[int] = mapped_column(BigInteger)
    nonce: Mapped[str]
    drawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    released_at: Mapped[datetime | None]
