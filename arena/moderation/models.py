"""Versions of word lists, and what the checks found. The database refuses to change or delete a row of either."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row
from arena.moderation.rules import Action


class ListVersion(Row):
    """One version of a word list. The newest of each name is the active one."""

    __tablename__ = "moderation_lists"

    name: Mapped[str]
    version: Mapped[int]
    digest: Mapped[str]
    """SHA-256 of `terms` in canonical lines (`wordlists.serialise`)."""
    terms: Mapped[list[dict[str, Any]]]
    note: Mapped[str]
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """None: it came with the release."""

    __table_args__ = (UniqueConstraint("name", "version"), CheckConstraint("version > 0", name="version"))


class Record(Row):
    """A check that did not simply pass. The hold queue will point here."""

    __tablename__ = "moderation_records"

    source: Mapped[str]
    """Where the text came from: `entry.name`, `duel.prompt` …"""
    subject: Mapped[UUID | None]
    """The row the text belongs to, if there is one yet: an episode, an entry."""
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"), index=True)
    action: Mapped[Action] = mapped_column(String)
    category: Mapped[str]
    reason: Mapped[str | None]
    """Why, when it was not a list."""
    guard: Mapped[str | None]
    matches: Mapped[list[dict[str, Any]]]
    engine: Mapped[str]
    lists: Mapped[list[dict[str, Any]]]
    """Name, version and digest of every list that was active."""
    text_sha256: Mapped[str]
    text: Mapped[str | None]
    """Only of what was held or blocked: somebody has to read that."""

    __table_args__ = (
        CheckConstraint("action in ('flag','hold','block')", name="action"),
        CheckConstraint("(action in ('hold','block')) = (text is not null)", name="text_when_refused"),
        Index("ix_moderation_records_action_id", "action", "id"),
    )
