"""Two tables that everything stands on: work to be done, and facts that have not been announced yet."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created, Row


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """It ran and cannot succeed: the reason is in the work itself."""
    POISONED = "poisoned"
    """It broke its worker `max_attempts` times: the reason is on our side."""


class Job(Row):
    """One piece of work. The row is the queue of record; a Celery message only says "look here"."""

    __tablename__ = "jobs"

    kind: Mapped[str]
    queue: Mapped[str]
    subject: Mapped[UUID] = mapped_column(index=True)
    """The row of the domain that this work is about."""
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    reason: Mapped[str | None]
    """Why it waits, or why it ended: a sentence for the person waiting."""
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    """Grows with each claim; a result carrying an older number is refused."""
    owner: Mapped[str | None]
    lanes: Mapped[int | None]
    """How many jobs of this queue its owner works on at once; null where it has not said so."""
    lease_until: Mapped[datetime | None]
    waiting_for: Mapped[str | None]
    """A resource name while the job waits for one ("engine"); cleared when the resource is announced free."""
    asks: Mapped[dict[str, Any] | None]
    """What it wants, or wanted last, of that resource: once woken, or given back after a fault, it is still in the
    line."""
    run_after: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    """Not claimed before: gives a fault some seconds to pass."""
    deadline: Mapped[datetime]
    """When the person waiting may give up on it; the sweeper ends what is older."""
    published_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any] | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('queued','running','done','failed','poisoned')", name="state"),
        # Every piece of work has an owner or a reason: nobody waits without being told what for.
        CheckConstraint("(state = 'running') = (owner is not null)", name="running_has_owner"),
        CheckConstraint("(state = 'running') = (lease_until is not null)", name="running_has_lease"),
        CheckConstraint("state in ('running','done') or reason is not null", name="reason"),
        CheckConstraint("state in ('queued','running') or ended_at is not null", name="ended"),
        Index("ix_jobs_open", "state", "run_after", postgresql_where="state in ('queued','running')"),
    )


class OutboxFact(Base):
    """A fact written in the same transaction as the change it tells of; deleted once the relay has passed it on."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str]
    body: Mapped[dict[str, Any]]
    held_until: Mapped[datetime | None]
    """Not looked at before: it could not be passed on."""
    created_at: Mapped[Created]
