"""Training runs, their curves, the races they run in, and who decided what about them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    PrimaryKeyConstraint,
    String,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Row
from arena.submissions.datasets.contracts import Form

RunState = Literal["queued", "running", "pausing", "paused", "done", "cancelled", "failed", "refused"]
UNDER_WAY: tuple[RunState, ...] = ("queued", "running", "pausing")
AT_WORK: tuple[RunState, ...] = ("running", "pausing")
"""In the hands of a lab."""
RaceState = Literal["planned", "running", "ended", "cancelled"]


class TrainingRun(Row):
    """A data set on its way to becoming the next version of an entry.

    What it begins with is pinned when it is ordered: the digests of data set and parent, the budget and the form of the
    weights. What its owner or its season change afterwards does not change the run.
    """

    __tablename__ = "training_runs"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"), index=True)
    """What gets the adapter as its next version."""
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    dataset_digest: Mapped[str]
    form: Mapped[Form] = mapped_column(String)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("submissions.id"))
    parent_digest: Mapped[str | None]
    race_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_races.id"), index=True)
    at_line: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """In a race: this attempt has said that everything is loaded. It is there as long as its lab is
    (`queries.at_the_line`)."""
    base_model: Mapped[str]
    base_digest: Mapped[str | None]
    """Of the weights that the first attempt was given; every later one gets the same."""
    dtype: Mapped[Literal["bfloat16", "float32"]] = mapped_column(String)
    spec: Mapped[dict[str, Any]]
    """A `TrainingSpec`, and (`budget`) a `Budget`."""
    budget: Mapped[dict[str, Any]]
    state: Mapped[RunState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    """Why it has no adapter, or no version: a sentence for the person waiting."""
    code: Mapped[str | None]
    """What that reason is called, such as in `faults.CODES`."""
    detail: Mapped[dict[str, Any] | None]
    attempt: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    """How often it was handed out. Every attempt has places of its own in the store."""
    step: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    tokens: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    seconds: Mapped[float] = mapped_column(server_default=text("0"), default=0)
    """On the training clock, all attempts together."""
    checkpoint: Mapped[dict[str, Any] | None]
    """The last good one, from which the next attempt goes on: `rules.Checkpoint`."""
    stopped: Mapped[str | None]
    record: Mapped[dict[str, Any] | None]
    """A `TrainRecord`."""
    files: Mapped[dict[str, Any] | None]
    """The adapter as it was trained, by name: `sha256` and `bytes`."""
    result_id: Mapped[UUID | None] = mapped_column(ForeignKey("submissions.id"), unique=True)
    """The version that came of it: never more than one."""
    promoted_id: Mapped[UUID | None] = mapped_column(ForeignKey("submissions.id"), unique=True)
    """Of a candidate: the version of its parent's entry that was made of it."""
    ordered_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    pauses_left: Mapped[int] = mapped_column(server_default=text("20"))
    paused_until: Mapped[datetime | None]
    """Nobody has gone on with it by then: it is cancelled."""
    tidy: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """What its attempts left in the store is forgotten, besides a checkpoint to go on from."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state in ('queued','running','pausing','paused','done','cancelled','failed','refused')",
            name="state",
        ),
        CheckConstraint("form in ('messages','preference','kto')", name="form"),
        CheckConstraint("(parent_id is null) = (parent_digest is null)", name="parent"),
        CheckConstraint(
            "(state in ('queued','running','pausing','paused')) = (ended_at is null)", name="ended"
        ),
        CheckConstraint("(state = 'paused') = (paused_until is not null)", name="paused_until"),
        CheckConstraint("(state = 'done') = (files is not null)", name="done_has_files"),
        CheckConstraint("result_id is null or state = 'done'", name="result_is_done"),
        CheckConstraint("state not in ('failed','refused') or reason is not null", name="reason"),
    )


class TrainingPoint(Base):
    """One optimiser step of a run. An attempt that goes on from a checkpoint writes the steps after it anew."""

    __tablename__ = "training_points"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("training_runs.id", ondelete="CASCADE"))
    step: Mapped[int]
    loss: Mapped[float]
    learning_rate: Mapped[float]
    tokens: Mapped[int] = mapped_column(BigInteger)
    tokens_per_second: Mapped[float]
    gradient_norm: Mapped[float]
    memory_bytes: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (PrimaryKeyConstraint("run_id", "step"),)


class TrainingRace(Row):
    """Several runs with one start and one clock. It starts when all of them are at the line, or with who is there at
    `line_until`."""

    __tablename__ = "training_races"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    name: Mapped[str]
    seconds: Mapped[int]
    line_seconds: Mapped[int] = mapped_column(server_default=text("600"))
    """How long the first at the line waits for the others."""
    line_until: Mapped[datetime | None]
    """Null as long as nobody is there."""
    state: Mapped[RaceState] = mapped_column(String, default="planned")
    started_at: Mapped[datetime | None]
    """A moment that lies a little ahead when it is written: everybody hears of it before it comes."""
    ends_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('planned','running','ended','cancelled')", name="state"),
        CheckConstraint("seconds > 0", name="seconds"),
        CheckConstraint("line_seconds > 0", name="line_seconds"),
        CheckConstraint("num_nulls(started_at, ends_at) in (0, 2)", name="started"),
        CheckConstraint("(state in ('running','ended')) <= (started_at is not null)", name="running"),
    )


TrainingAction = Literal["order", "pause", "resume", "cancel", "plan", "start", "promote"]
"""`promote`: a candidate became the next version of its parent's entry (`preferences.candidates`)."""


class TrainingDecision(Row):
    """Somebody did something about a run or a race. No row is ever changed or deleted. A race that started because all
    were at the line, or because its deadline there had come, was started by nobody."""

    __tablename__ = "training_decisions"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_runs.id"), index=True)
    race_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_races.id"), index=True)
    action: Mapped[TrainingAction] = mapped_column(String)
    by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))

    __table_args__ = (
        CheckConstraint(
            "action in ('order','pause','resume','cancel','plan','start','promote')", name="action"
        ),
        CheckConstraint("num_nulls(run_id, race_id) = 1", name="of_one"),
    )
