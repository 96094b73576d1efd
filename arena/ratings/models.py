"""Dated rating snapshots: what the ratings were, from which duels, under which rules. And how pairs came about."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created, Row
from arena.ratings.pairing import Stage


class RatingSnapshot(Row):
    __tablename__ = "rating_snapshots"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"))
    rules_digest: Mapped[str]
    duels: Mapped[int]
    """Revealed duels that carry the ratings."""
    close_call: Mapped[bool]
    rows: Mapped[list[dict[str, Any]]]
    """`contracts.RatingRow`s."""
    findings: Mapped[dict[str, Any] | None]
    """The rest of a `contracts.Computed`."""
    basis: Mapped[dict[str, Any] | None]
    """A `contracts.Basis`: what all of it follows from. None on snapshots of earlier releases."""

    __table_args__ = (Index("ix_rating_snapshots_newest", "season_id", "created_at"),)


class Pairing(Base):
    """How the two entries of a duel came to meet, written when it was staged."""

    __tablename__ = "pairings"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"), primary_key=True)
    rule: Mapped[str]
    """`pairing.RULE`."""
    seed: Mapped[str]
    stage: Mapped[Stage] = mapped_column(String)
    place: Mapped[int | None]
    """Of the pair among the suggestions, from 1, which is the one that was drawn. None: it was not to be drawn."""
    chance: Mapped[float]
    """That the rule drew this pair."""
    chances: Mapped[list[dict[str, Any]]]
    """Of every pair that could have been drawn: `a`, `b`, `chance`, in the order in which they were."""
    created_at: Mapped[Created]

    __table_args__ = (
        CheckConstraint("stage in ('balanced','shrinkage')", name="stage"),
        CheckConstraint("(place is null) = (chance = 0)", name="place"),
    )
