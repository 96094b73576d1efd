"""Ballots, votes and verdicts. Votes are rows, tallies are counts; the database refuses to change or delete a vote."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Created, Row
from arena.votes.contracts import BallotConfig, BallotKind, BallotState, Choice, ExcusalKind


class Ballot(Row):
    """One question put to a crowd; the one about a duel is put to the judges, too."""

    __tablename__ = "ballots"

    kind: Mapped[BallotKind] = mapped_column(String, default="duel")
    duel_id: Mapped[UUID | None] = mapped_column(ForeignKey("duels.id"))
    episode_id: Mapped[UUID] = mapped_column(ForeignKey("episodes.id"), index=True)
    state: Mapped[BallotState] = mapped_column(String, default="draft")
    config: Mapped[dict[str, Any]]
    """A `BallotConfig`; fixed from `armed` on."""
    config_digest: Mapped[str | None]
    """SHA-256 of its canonical JSON, since it is armed."""
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    """For a channel without delay: an absolute deadline; the server's stamp decides, never a phone's clock."""
    locks_at: Mapped[datetime | None]
    """For judges. The ballot locks before it when all of them have submitted."""
    locked_at: Mapped[datetime | None]
    """When the ledger was closed for good."""
    salt: Mapped[str]
    """Makes voters' pseudonyms of this ballot unlinkable to those of another. Never published."""
    size: Mapped[int | None]
    """Rows of the ledger, once closed."""
    root: Mapped[str | None]
    """Merkle root over them, published when certified, before the reveal."""
    tally: Mapped[dict[str, Any] | None]
    """Counted from the ledger when certified: option -> voters, and the same for flagged ones (`evidence.Count`)."""
    certificate: Mapped[dict[str, Any] | None]
    """The signed statement (`evidence.Seal`). None on ballots from before there were any."""
    alarm: Mapped[dict[str, Any] | None]
    """Where the second count was not equal to what was written down: nothing is shown before somebody has looked."""
    shorten_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """Who agrees that it closes earlier than was promised: somebody else than whoever closes it."""
    triggered_at: Mapped[datetime | None]
    """Of a surprise: when enough had asked for it. Once."""
    reason: Mapped[str | None]
    """Why it is void."""

    __table_args__ = (
        CheckConstraint("kind in ('duel','question','surprise','prize')", name="kind"),
        CheckConstraint("(kind = 'duel') = (duel_id is not null)", name="duel"),
        CheckConstraint(
            "state in ('draft','armed','open','closing','closed','counting','certified','published','void')",
            name="state",
        ),
        CheckConstraint(
            "state not in ('certified','published') or (root is not null and tally is not null)",
            name="counted",
        ),
        CheckConstraint("(state = 'void') = (reason is not null)", name="void"),
        CheckConstraint("state in ('draft','armed','void') or opens_at is not null", name="opened"),
        CheckConstraint("closes_at > opens_at and locks_at >= closes_at", name="window"),
        # A void ballot may be followed by another one on the same duel; a counted one never.
        Index("uq_ballots_duel", "duel_id", unique=True, postgresql_where="state <> 'void'"),
        Index(
            "uq_ballots_open",
            "episode_id",
            "kind",
            unique=True,
            postgresql_where="state in ('open','closing')",
        ),
    )

    @property
    def configuration(self) -> BallotConfig:
        return BallotConfig.model_validate(self.config)


class Vote(Base):
    """One line of the ledger. A voter's line with the highest `n` counts."""

    __tablename__ = "votes"

    # No foreign key: it would be looked up for each line, a sixth of the time of a vote. The row of `ballot_shards`
    # that is written in the same transaction has one.
    ballot_id: Mapped[UUID] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    voter: Mapped[str]
    n: Mapped[int]
    choice: Mapped[str]
    level: Mapped[int]
    channel: Mapped[str]
    at: Mapped[datetime]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    head: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the chain, with this line in it. The leaf is computed again from the line, not kept."""

    __table_args__ = (UniqueConstraint("ballot_id", "voter", "n"),)


class Shard(Base):
    """Who writes the votes of a shard now: whoever holds its advisory lock, under a number that grows each time."""

    __tablename__ = "vote_shards"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fence: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    """The writer's name, for the log."""
    address: Mapped[str | None]
    """Where other portal processes of the site hand in votes."""
    since: Mapped[Created]


class ShardState(Base):
    """How far one shard's ledger of one ballot has come: written in the same transaction as its votes."""

    __tablename__ = "ballot_shards"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    fence: Mapped[int]
    size: Mapped[int]
    voters: Mapped[int]
    head: Mapped[bytes] = mapped_column(LargeBinary)


class Checkpoint(Base):
    """A signed word about a shard's ledger while the ballot is open: nothing before it can be changed unseen."""

    __tablename__ = "vote_checkpoints"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True)
    root: Mapped[str]
    head: Mapped[str]
    at: Mapped[datetime]
    signature: Mapped[str]


class Correction(Row):
    """A word about a counted vote, added and never taken back: it is flagged by a rule, or a flag is set aside."""

    __tablename__ = "vote_corrections"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"), index=True)
    number: Mapped[int]
    """From 0 without gaps, within the ballot."""
    voter: Mapped[str]
    kind: Mapped[str]
    """`flag` or `clear`; a voter's last one counts. A flagged vote stands in its own column and decides nothing."""
    rule: Mapped[str]
    """Id of the rule that flagged; for `clear` as well."""
    reason: Mapped[str]
    by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    """None: the rule did it by itself."""
    head: Mapped[str]
    """Chain over the corrections of the ballot, as over votes."""

    __table_args__ = (
        UniqueConstraint("ballot_id", "number"),
        CheckConstraint("kind in ('flag','clear')", name="kind"),
    )


class CorrectionWish(Row):
    """Somebody wants a voter flagged or a flag set aside; it is done when somebody else agrees."""

    __tablename__ = "correction_wishes"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"), index=True)
    kind: Mapped[str]
    voter: Mapped[str | None]
    rule: Mapped[str | None]
    """Instead of one voter: all whom this rule has flagged."""
    reason: Mapped[str]
    by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    agreed_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    agreed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('flag','clear')", name="kind"),
        CheckConstraint("(voter is null) <> (rule is null)", name="whom"),
        CheckConstraint("rule is null or kind = 'clear'", name="rule_clears"),
        CheckConstraint("agreed_by <> by", name="two_people"),
        CheckConstraint("(agreed_by is null) = (agreed_at is null)", name="agreed"),
    )


class EarlierVote(Base):
    """Votes of releases before ballots had a ledger: kept, read by nobody, written by nobody."""

    __tablename__ = "votes_1"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"))
    voter: Mapped[str]
    choice: Mapped[str]
    key: Mapped[str]
    nonce: Mapped[str]
    received_at: Mapped[datetime]
    leaf: Mapped[str]

    __table_args__ = (
        UniqueConstraint("ballot_id", "voter"),
        CheckConstraint("choice in ('left','right','tie','both_bad')", name="choice"),
    )


vote_numbers = Sequence("vote_numbers", metadata=Base.metadata)
"""Numbered those."""


class Verdict(Row):
    """A judge's word on a duel; one per judge and ballot, changeable until the lock."""

    __tablename__ = "verdicts"

    ballot_id: Mapped[UUID] = mapped_column(ForeignKey("ballots.id"))
    judge_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    choice: Mapped[Choice] = mapped_column(String)
    """Of the duel's sides, whichever way the judge has seen them."""
    note: Mapped[str] = mapped_column(default="")
    scores: Mapped[dict[str, Any]] = mapped_column(server_default="{}", default=dict)
    """Criterion -> side -> 1 to 5."""
    mirrored: Mapped[bool] = mapped_column(server_default="false", default=False)
    """Whether the duel's left side stood on this judge's right."""
    look: Mapped[int] = mapped_column(server_default="1", default=1)
    """2: given or confirmed in the second look."""

    __table_args__ = (
        UniqueConstraint("ballot_id", "judge_id"),
        CheckConstraint("choice in ('left','right','tie','both_bad')", name="choice"),
        CheckConstraint("look in (1, 2)", name="look"),
    )


class Excusal(Row):
    """What a judge has said of a duel instead of a verdict: that he cannot judge it (and is not waited for), or that
    he must not (and is no member of its jury)."""

    __tablename__ = "excusals"

    duel_id: Mapped[UUID] = mapped_column(ForeignKey("duels.id"))
    judge_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[ExcusalKind] = mapped_column(String)
    reason: Mapped[str]
    text: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        UniqueConstraint("duel_id", "judge_id"),
        CheckConstraint("kind in ('skip','conflict')", name="kind"),
    )


class ConflictOfInterest(Row):
    """A judge has said beforehand that he must not judge an entry. Nobody else knows better, so nobody approves it."""

    __tablename__ = "conflicts_of_interest"

    judge_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"))
    reason: Mapped[str]

    __table_args__ = (UniqueConstraint("judge_id", "entry_id"),)
