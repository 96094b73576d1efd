"""Preference sets: which pairs, made of which duels, and what was left out for which reason."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row


class PreferenceSet(Row):
    """A data set that a season has made of its own shows. The rows lie in the store under `digest`, like those of any
    data set; here is where each of them comes from."""

    __tablename__ = "preference_sets"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"))
    made_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    rules_digest: Mapped[str]
    """Of the season's rules, which say whose words count."""
    asked: Mapped[dict[str, Any]]
    """What was asked for: `episodes` (ids; empty: the season) and `least`."""
    digest: Mapped[str]
    """sha256 of the canonical file."""
    rows: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    pairs: Mapped[list[dict[str, Any]]]
    """Per row, in its order, a `schemas.PreferencePairOut`: the duel, who was preferred and how clearly, the counts,
    and the digests of the answers' records. Nobody's name."""
    left_out: Mapped[list[dict[str, Any]]]
    """Per duel that gave no pair: `duel` and `reason`."""
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    """The version as which it passes the check of every data set."""

    __table_args__ = (
        UniqueConstraint("season_id", "digest"),
        CheckConstraint("rows > 0 and size_bytes > 0", name="not_empty"),
    )
