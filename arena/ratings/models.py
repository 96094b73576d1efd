"""Dated rating snapshots: what the ratings were, from which duels, under which rules."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row


class RatingSnapshot(Row):
    __tablename__ = "rating_snapshots"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"))
    rules_digest: Mapped[str]
    duels: Mapped[int]
    """Revealed duels that carry the ratings."""
    close_call: Mapped[bool]
    rows: Mapped[list[dict[str, Any]]]

    __table_args__ = (Index("ix_rating_snapshots_newest", "season_id", "created_at"),)
