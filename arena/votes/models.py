"""Ballots, votes and verdicts. Votes are rows, tallies are counts; the database refuses to change or delete a vote."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Sequence, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Row
from arena.votes.contracts import Choice

vote_numbers = Sequence("vote_numbers", metadata=Base.metadata)


class Ballot(Row):
    """One question put to a crowd and to the judges: which answer of this duel is better?"""

    __tablename__ = "ballots"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"), unique=True)
    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), index=True)
    state: Mapped[Literal["open", "locked"]] = mapped_column(String, default="open")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    """For viewers: an absolute deadline; the database clock decides, never a phone's."""
    locks_at: Mapped[datetime]
    """For judges. The ballot locks before it when all of them have submitted."""
    locked_at: Mapped[datetime | None]
    salt: Mapped[str]
    """Makes voters' pseudonyms of this ballot unlinkable to those of another."""
    root: Mapped[str | None]
    """Merkle root over all votes in order, published at lock, before the reveal."""

    __table_args__ = (
        CheckConstraint("state in ('open','locked')", name="state"),
        CheckConstraint("(state = 'locked') = (root is not null)", name="locked_has_root"),
        CheckConstraint("closes_at > opens_at and locks_at >= closes_at", name="window"),
        Index("uq_ballots_open", "episode_id", unique=True, postgresql_where="state = 'open'"),
    )


class Vote(Base):
    """One voter, one ballot, one row."""

    __tablename__ = "votes"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    """The receipt number: grows over the whole site, may have gaps."""
    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"))
    voter: Mapped[str]
    """Pseudonym: HMAC of the device or person under the ballot's salt."""
    choice: Mapped[Choice] = mapped_column(String)
    key: Mapped[str]
    """The client's idempotency key: the same tap sent twice is one vote with one receipt."""
    nonce: Mapped[str]
    """Known to the voter only until the ballot is locked, so that a leaf tells nothing before."""
    received_at: Mapped[datetime]
    leaf: Mapped[str]

    __table_args__ = (
        UniqueConstraint("ballot_id", "voter"),
        CheckConstraint("choice in ('left','right','tie','both_bad')", name="choice"),
    )


class Verdict(Row):
    """A judge's word on a duel; one per judge and ballot, changeable until the lock."""

    __tablename__ = "verdicts"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"))
    judge_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    choice: Mapped[Choice] = mapped_column(String)
    note: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        UniqueConstraint("ballot_id", "judge_id"),
        CheckConstraint("choice in ('left','right','tie','both_bad')", name="choice"),
    )
