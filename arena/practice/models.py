"""What contestants asked in practice, and what was answered. Private to whoever asked, and gone when they say so."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Row
from arena.practice.contracts import Voice

ExchangeState = Literal["queued", "answering", "answered", "failed"]


class Exchange(Row):
    """One prompt put to a version of one's own and to the house."""

    __tablename__ = "practice_exchanges"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    prompt: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    sampling: Mapped[dict[str, Any]]
    state: Mapped[ExchangeState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    """Why it failed."""

    __table_args__ = (
        CheckConstraint("state in ('queued','answering','answered','failed')", name="state"),
        Index(
            "uq_practice_exchanges_under_way",
            "person_id",
            unique=True,
            postgresql_where="state in ('queued','answering')",
        ),
    )


class PracticeAnswer(Row):
    __tablename__ = "practice_answers"

    exchange_id: Mapped[UUID] = mapped_column(ForeignKey("practice_exchanges.id", ondelete="CASCADE"))
    voice: Mapped[Voice] = mapped_column(String)
    digest: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    """As far as it was checked and may be shown."""
    tokens: Mapped[int] = mapped_column(default=0)
    finish_reason: Mapped[str | None]
    refused: Mapped[str | None]
    """The category for which moderation keeps the answer back; nothing of it is shown."""

    __table_args__ = (
        UniqueConstraint("exchange_id", "voice"),
        CheckConstraint("voice in ('mine','house')", name="voice"),
        CheckConstraint("refused is null or text = ''", name="nothing_of_what_is_refused"),
    )
