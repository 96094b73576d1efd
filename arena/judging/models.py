"""What the judges' desk keeps besides verdicts: drafts, first looks, calibration, the panel of models."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.judging.contracts import Abstention
from arena.kit.db import Base, Created, Row
from arena.votes.contracts import Choice

A_CHOICE = "in ('left','right','tie','both_bad')"


class VerdictDraft(Base):
    """What a judge has in hand, on whichever device; gone when the verdict is in."""

    __tablename__ = "verdict_drafts"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"), primary_key=True)
    judge_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    version: Mapped[int]
    """Grows by one with each save; whoever writes names the one he has seen."""
    choice: Mapped[Choice | None] = mapped_column(String)
    note: Mapped[str]
    scores: Mapped[dict[str, Any]]


class SecondLookRow(Base):
    """The judges were at odds and look again; `verdicts` has what counts, this what they had said first."""

    __tablename__ = "second_looks"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"), primary_key=True)
    created_at: Mapped[Created]
    first: Mapped[list[dict[str, Any]]]
    """`judge_id`, `choice`, `note`, `scores` of each."""


class CalibrationItem(Row):
    """A pair that the producers have prepared: its better answer is known, or it is shown twice, or both."""

    __tablename__ = "calibration_items"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    prompt: Mapped[str]
    left: Mapped[str]
    right: Mapped[str]
    gold: Mapped[Choice | None] = mapped_column(String)
    why: Mapped[str] = mapped_column(default="")
    """Told with the better answer, when a judge is through with the item."""
    times: Mapped[int]
    """How often each judge sees it."""
    retired: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))

    __table_args__ = (
        CheckConstraint(f"gold {A_CHOICE}", name="gold"),
        CheckConstraint("times in (1, 2)", name="times"),
        CheckConstraint("gold is not null or times = 2", name="measures"),
    )


class CalibrationAnswer(Row):
    __tablename__ = "calibration_answers"

    item_id: Mapped[UUID] = mapped_column(ForeignKey("calibration_items.id"))
    judge_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    time: Mapped[int]
    """The first or the second."""
    choice: Mapped[Choice] = mapped_column(String)
    """Of the item's sides, whichever way the judge has seen them."""
    mirrored: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("item_id", "judge_id", "time"),
        CheckConstraint(f"choice {A_CHOICE}", name="choice"),
        CheckConstraint("time in (1, 2)", name="time"),
    )


class PanelVerdict(Row):
    """A model's word on a duel: its own series, beside those of judges and crowd."""

    __tablename__ = "panel_verdicts"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"))
    judge: Mapped[str]
    """Its id in the season's rules."""
    model: Mapped[str]
    weight: Mapped[float]
    """As the season had declared it."""
    choice: Mapped[Choice | None] = mapped_column(String)
    """None: it abstains."""
    abstains: Mapped[Abstention | None] = mapped_column(String)
    said: Mapped[list[dict[str, Any]]]
    """Each answer it gave: in which order the sides were, what was read out of it, the beginning of its words."""

    __table_args__ = (
        UniqueConstraint("ballot_id", "judge"),
        CheckConstraint(f"choice {A_CHOICE}", name="choice"),
        CheckConstraint("(choice is null) = (abstains is not null)", name="abstains"),
        CheckConstraint(
            "abstains in ('flip','malformed','unreachable','unconfigured','off_air')", name="abstention"
        ),
    )
