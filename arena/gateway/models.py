"""What was asked through the gateway, and what was answered. Private to whoever asked."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row

CompletionState = Literal["queued", "answering", "answered", "failed"]


class Completion(Row):
    """One conversation put to one version, to be gone on with."""

    __tablename__ = "completions"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    model: Mapped[str]
    """As it was asked for."""
    messages: Mapped[list[dict[str, Any]]]
    """`role` and `content` of each."""
    sampling: Mapped[dict[str, Any]]
    seed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[CompletionState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    """Why it failed."""
    code: Mapped[str | None]
    """Of the failure, when whoever asked can do something about it."""
    node: Mapped[dict[str, Any] | None]
    text: Mapped[str] = mapped_column(default="")
    """As far as it was checked and may be shown."""
    tokens: Mapped[int] = mapped_column(default=0)
    prompt_tokens: Mapped[int | None]
    finish_reason: Mapped[str | None]
    refused: Mapped[str | None]
    """The category for which moderation ended the answer."""
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('queued','answering','answered','failed')", name="state"),
        Index("ix_completions_person_id_created_at", "person_id", "created_at"),
        Index(
            "uq_completions_under_way",
            "person_id",
            unique=True,
            postgresql_where="state in ('queued','answering')",
        ),
    )
