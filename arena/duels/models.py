"""Duels, their two answers, and every token as it arrived."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from arena.duels.contracts import Outcome, SideName
from arena.kit.db import Base, Created, Row

DuelState = Literal["queued", "loading", "live", "answered", "failed"]


class Duel(Row):
    """One prompt put to two entries. Which entry sits on which side is drawn per duel and hidden until reveal."""

    __tablename__ = "duels"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), index=True)
    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    number: Mapped[int]
    prompt: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    sampling: Mapped[dict[str, Any]]
    state: Mapped[DuelState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    forfeit: Mapped[SideName | None] = mapped_column(String)
    """The side that lost without a vote; the duel has then failed, and nothing is rated."""
    node: Mapped[dict[str, Any] | None]
    live_at: Mapped[datetime | None]
    """When the last attempt to answer it began."""
    revealed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("episode_id", "number"),
        CheckConstraint("state in ('queued','loading','live','answered','failed')", name="state"),
        CheckConstraint("forfeit in ('left','right')", name="forfeit"),
        CheckConstraint("forfeit is null or state = 'failed'", name="forfeit_failed"),
        # One duel at a time is on its way to the stage of an episode.
        Index(
            "uq_duels_under_way",
            "episode_id",
            unique=True,
            postgresql_where="state in ('queued','loading','live')",
        ),
    )


class Answer(Row):
    __tablename__ = "answers"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"))
    side: Mapped[SideName] = mapped_column(String)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    digest: Mapped[str]
    """Of the adapter that answers."""
    system_digest: Mapped[str | None]
    """Of the system prompt that it is given, when the entry is one."""
    text: Mapped[str] = mapped_column(default="")
    """The finished answer; empty while it is still streaming (its tokens are in `answer_tokens`)."""
    tokens: Mapped[int] = mapped_column(default=0)
    """Of the finished answer."""
    finish_reason: Mapped[str | None]
    provenance: Mapped[dict[str, Any] | None]
    provenance_hash: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("duel_id", "side"),
        CheckConstraint("side in ('left','right')", name="side"),
    )


class AnswerToken(Base):
    """The record that pages stream from: one row per token, in order, with its arrival time."""

    __tablename__ = "answer_tokens"

    answer_id: Mapped[UUID] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int]
    text: Mapped[str]
    at_us: Mapped[int] = mapped_column(BigInteger)


class DuelAttempt(Row):
    """One try to have both answers from one node. What was tried and why it failed stays, whatever became of it."""

    __tablename__ = "duel_attempts"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"))
    number: Mapped[int]
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"))
    started_at: Mapped[Created]
    ended_at: Mapped[datetime | None]
    left: Mapped[Outcome | None] = mapped_column(String)
    right: Mapped[Outcome | None] = mapped_column(String)
    reason: Mapped[str | None]
    """A sentence for the producer; null when both sides have answered."""

    __table_args__ = (
        UniqueConstraint("duel_id", "number"),
        CheckConstraint('(ended_at is null) = ("left" is null and "right" is null)', name="ended"),
    )
