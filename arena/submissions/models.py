"""Entries and their versions."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row

EntryKind = Literal["contestant", "house"]
SubmissionState = Literal["received", "verified", "refused", "benchmarking", "ready", "failed"]


class Entry(Row):
    """What competes: one name on stage. The house entry (kind `house`), the untuned base model, anchors ratings."""

    __tablename__ = "entries"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"), index=True)
    name: Mapped[str]
    kind: Mapped[EntryKind] = mapped_column(String, default="contestant")

    __table_args__ = (
        # “House” and “house” would be one name on a screen.
        Index("uq_entries_name", "season_id", text("lower(name)"), unique=True),
        CheckConstraint("kind in ('contestant','house')", name="kind"),
        CheckConstraint("(kind = 'house') = (owner_id is null)", name="house_has_no_owner"),
        Index("uq_entries_house", "season_id", unique=True, postgresql_where="kind = 'house'"),
    )


class Submission(Row):
    """One version of an entry. `incoming/` holds what was sent, never served; `digest` names the canonical adapter."""

    __tablename__ = "submissions"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"), index=True)
    version: Mapped[int]
    state: Mapped[SubmissionState] = mapped_column(String, default="received")
    weights_sha256: Mapped[str | None]
    """Of the bytes as they arrived."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    refusal: Mapped[dict[str, Any] | None]
    digest: Mapped[str | None] = mapped_column(index=True)
    rank: Mapped[int | None]
    modules: Mapped[list[str]] = mapped_column(default=list)

    __table_args__ = (
        UniqueConstraint("entry_id", "version"),
        CheckConstraint(
            "state in ('received','verified','refused','benchmarking','ready','failed')", name="state"
        ),
        CheckConstraint(
            "(state in ('verified','benchmarking','ready')) <= (digest is not null)", name="verified_digest"
        ),
        CheckConstraint("(state in ('refused','failed')) = (refusal is not null)", name="refusal"),
    )
