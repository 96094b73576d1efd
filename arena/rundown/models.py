"""The show's event log. The state of the show is the fold of it, so a crash at any event restores the same state."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created


class ShowEvent(Base):
    __tablename__ = "show_events"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    body: Mapped[dict[str, Any]]
    command: Mapped[dict[str, Any]]
    """What was asked for; `body` is what came of it."""
    key: Mapped[str]
    """The command's idempotency key: pressing twice is pressing once."""
    by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """None: the clock did it."""
    at: Mapped[Created]

    __table_args__ = (UniqueConstraint("episode_id", "key"),)
