"""The calendar that everything points at: seasons with their rules, episodes."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row

EpisodeState = Literal["planned", "live", "finished"]


class Season(Row):
    """One competition under one set of rules. `rules` is frozen before the first entry and hashed with every result."""

    __tablename__ = "seasons"

    name: Mapped[str]
    rules: Mapped[dict[str, Any]]
    rules_digest: Mapped[str]


class Episode(Row):
    __tablename__ = "episodes"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    number: Mapped[int]
    title: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    """Six characters that a viewer types to join."""
    state: Mapped[EpisodeState] = mapped_column(String, default="planned")

    __table_args__ = (
        UniqueConstraint("season_id", "number"),
        CheckConstraint("state in ('planned','live','finished')", name="state"),
    )
