"""Duels, the two answers of each turn, and every token as it arrived."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from arena.duels.contracts import Outcome, SideName
from arena.duels.program import Air
from arena.duels.turns import Course, DuelKind
from arena.kit.db import Base, Created, Row

DuelState = Literal["queued", "loading", "live", "answered", "failed"]


class Duel(Row):
    """One prompt put to two entries. Which entry sits on which side is drawn per duel and hidden until reveal."""

    __tablename__ = "duels"

    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), index=True)
    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    number: Mapped[int]
    prompt: Mapped[str]
    """The first one; a debate's topic."""
    kind: Mapped[DuelKind] = mapped_column(String, server_default="single", default="single")
    follow_ups: Mapped[list[str]] = mapped_column(JSONB, server_default="[]", default=list)
    """What is asked in the later turns of a duel with follow-ups."""
    turns: Mapped[int] = mapped_column(server_default="1", default=1)
    frame: Mapped[str | None]
    """In which a debate quotes an answer; from the season's rules."""
    images: Mapped[list[str]] = mapped_column(JSONB, server_default="[]", default=list)
    """Digests of what is shown beside the first prompt."""
    seed: Mapped[int] = mapped_column(BigInteger)
    sampling: Mapped[dict[str, Any]]
    state: Mapped[DuelState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    forfeit: Mapped[SideName | None] = mapped_column(String)
    """The side that lost without a vote; the duel has then failed, and nothing is rated."""
    node: Mapped[dict[str, Any] | None]
    live_at: Mapped[datetime | None]
    """When the last attempt to answer it began."""
    answered_at: Mapped[datetime | None]
    revealed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("episode_id", "number"),
        CheckConstraint("state in ('queued','loading','live','answered','failed')", name="state"),
        CheckConstraint("forfeit in ('left','right')", name="forfeit"),
        CheckConstraint("forfeit is null or state = 'failed'", name="forfeit_failed"),
        CheckConstraint("kind in ('single','follow_up','debate')", name="kind"),
        CheckConstraint("turns between 1 and 6", name="turns"),
        # One duel at a time is on its way to the stage of an episode.
        Index(
            "uq_duels_under_way",
            "episode_id",
            unique=True,
            postgresql_where="state in ('queued','loading','live')",
        ),
    )

    @property
    def course(self) -> Course:
        return Course(self.kind, [self.prompt, *self.follow_ups], self.turns, self.frame)


class Answer(Row):
    """What one side says in one turn."""

    __tablename__ = "answers"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"))
    turn: Mapped[int] = mapped_column(server_default="1", default=1)
    side: Mapped[SideName] = mapped_column(String)
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    digest: Mapped[str]
    """Of the adapter that answers."""
    system_digest: Mapped[str | None]
    """Of the system prompt that it is given, when the entry is one."""
    text: Mapped[str] = mapped_column(default="")
    """The finished answer; empty while its turn goes on (its tokens are in `answer_tokens`)."""
    tokens: Mapped[int] = mapped_column(default=0)
    """Of the finished answer."""
    finish_reason: Mapped[str | None]
    fingerprint: Mapped[str | None]
    """By which the adapter was recognised on the node."""
    provenance: Mapped[dict[str, Any] | None]
    provenance_hash: Mapped[str | None]
    air: Mapped[Air] = mapped_column(String, server_default="flowing", default="flowing")
    cleared: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many tokens moderation has passed; a hold takes back what is not on air yet."""
    aired: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many tokens are on air."""
    overruled: Mapped[int] = mapped_column(server_default="0", default=0)
    """How many tokens a person has read and released after moderation held them."""
    unjudged: Mapped[str | None]
    """Why nothing more is cleared at the moment: there is nobody to ask."""

    __table_args__ = (
        UniqueConstraint("duel_id", "turn", "side"),
        CheckConstraint("turn between 1 and 6", name="turn"),
        CheckConstraint("side in ('left','right')", name="side"),
        CheckConstraint("air in ('flowing','held','aired','replaced','dumped')", name="air"),
        CheckConstraint("0 <= aired and aired <= cleared", name="cleared_before_aired"),
        # What the clock of the program looks at, several times a second.
        Index("ix_answers_on_the_way", "duel_id", postgresql_where="air in ('flowing','held')"),
    )


class AnswerToken(Base):
    """The record that pages stream from: one row per token, in order, with its arrival time."""

    __tablename__ = "answer_tokens"

    answer_id: Mapped[UUID] = mapped_column(ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int]
    text: Mapped[str]
    at_us: Mapped[int] = mapped_column(BigInteger)
    recorded_at: Mapped[datetime | None] = mapped_column(server_default=func.clock_timestamp())
    """When it was written down, which is when its hold begins; null for what was said before there was a buffer."""
    likely: Mapped[list[Any] | None] = mapped_column(
        JSONB(none_as_null=True), deferred=True, deferred_raiseload=True
    )
    """`[text, logprob]` of the token itself, then of the likeliest others. Read by the trace alone, after the reveal;
    null where the engine did not say."""


AttentionState = Literal["asked", "done", "failed"]


class AttentionView(Row):
    """To what an answer paid attention, as a lab computed it after the reveal. One for each answer."""

    __tablename__ = "attention_views"

    answer_id: Mapped[UUID] = mapped_column(ForeignKey("answers.id"), unique=True)
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    state: Mapped[AttentionState] = mapped_column(String, default="asked")
    reason: Mapped[str | None]
    """Why it failed."""
    sha256: Mapped[str | None]
    """Of the file with the weights, which is stored under it."""
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('asked','done','failed')", name="state"),
        CheckConstraint("(state = 'done') = (sha256 is not null)", name="done"),
    )


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


ProgramAction = Literal["hold", "release", "replace", "dump"]


class ProgramDecision(Row):
    """Somebody, or moderation, kept an answer off the air or let it go on. No row is ever changed or deleted."""

    __tablename__ = "program_decisions"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"), index=True)
    answer_id: Mapped[UUID] = mapped_column(ForeignKey("answers.id"), index=True)
    side: Mapped[SideName] = mapped_column(String)
    action: Mapped[ProgramAction] = mapped_column(String)
    by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """None: moderation decided."""
    reason: Mapped[str | None]
    category: Mapped[str | None]
    """What moderation found, when it decided."""
    tokens: Mapped[int]
    """How much of the answer was known when it was decided."""
    aired: Mapped[int]
    """How much of it was on air."""

    __table_args__ = (
        CheckConstraint("action in ('hold','release','replace','dump')", name="action"),
        CheckConstraint("side in ('left','right')", name="side"),
    )
