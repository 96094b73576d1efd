"""JSON shapes of voting."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from arena.kit.schemas import In, Out
from arena.votes.contracts import (
    HALL,
    BallotConfig,
    BallotKind,
    BallotState,
    Channel,
    Level,
    OptionId,
)
from arena.votes.evidence import Count, Seal
from arena.votes.ledger import Line, leaf, stamp
from arena.votes.models import Ballot, Checkpoint

Words = Annotated[str, StringConstraints(max_length=300)]
Channels = Annotated[tuple[Channel, ...], Field(min_length=1, max_length=8)]


class NewOption(In):
    zh: Words = ""
    en: Words = ""
    subject: Annotated[str, StringConstraints(max_length=80)] | None = None
    """Whatever it stands for."""


class NewBallot(In):
    """What a producer prepares. A prize asks for the season's entries, a surprise has one button: both bring their own
    options."""

    kind: Literal["question", "surprise", "prize"]
    question_zh: Words = ""
    question_en: Words = ""
    options: list[NewOption] = Field(default=[], max_length=20)
    seconds: int = Field(default=60, ge=5, le=3600)
    channels: Channels = (HALL,)
    level: Level = 0
    max_changes: int = Field(default=10, ge=0, le=100)
    change_seconds: float = Field(default=1, ge=0, le=60)
    threshold: int | None = Field(default=None, ge=1)
    window_seconds: int | None = Field(default=None, ge=1, le=600)


class VoidBallot(In):
    reason: Annotated[str, StringConstraints(min_length=3, max_length=300)]
    """Everybody reads it."""


class CastVote(In):
    choice: OptionId
    n: Annotated[int, Field(ge=1, le=2**31 - 1)]
    """The phone's own count on this ballot: 1 the first vote, 2 the first change. The same n on every retry."""


class Receipt(Out):
    shard: int
    seq: int
    leaf: str
    nonce: str
    at: str


class VoteOut(Out):
    ballot_id: UUID
    choice: OptionId
    n: int
    receipt: Receipt

    @classmethod
    def of(cls, line: Line) -> "VoteOut":
        receipt = Receipt(shard=line.shard, seq=line.seq, leaf=leaf(line).hex(), nonce=line.nonce, at=line.at)
        return cls(ballot_id=UUID(line.ballot), choice=line.choice, n=line.n, receipt=receipt)


class CheckpointOut(Out):
    """A signed word about a shard's ledger: Ed25519 over the RFC 8785 form of `evidence.CheckpointLine` without its
    signature."""

    shard: int
    size: int
    root: str
    head: str
    at: str
    signature: str

    @classmethod
    def of(cls, row: Checkpoint) -> "CheckpointOut":
        return cls(
            shard=row.shard,
            size=row.size,
            root=row.root,
            head=row.head,
            at=stamp(row.at),
            signature=row.signature,
        )


class TallyOut(Out):
    left: int
    right: int
    tie: int
    both_bad: int


class BallotOut(Out):
    """A ballot as whoever asks may see it."""

    id: UUID
    kind: BallotKind
    duel_id: UUID | None
    episode_id: UUID
    state: BallotState
    config: BallotConfig
    digest: str | None
    """Of the configuration, since it was armed."""
    opens_at: datetime | None
    closes_at: datetime | None
    locked_at: datetime | None
    voters: int
    """Whose votes are committed, never more."""
    triggered_at: datetime | None
    reason: str | None
    """Why it is void."""
    root: str | None
    """Over the ledger, since it is certified."""
    size: int | None
    count: Count | None
    """Published; of other ballots than a duel's, the producers see it as soon as it is certified."""
    seal: Seal | None
    """The signed statement; with the count."""

    @classmethod
    def of(cls, ballot: Ballot, voters: int, split: bool) -> "BallotOut":
        return cls(
            id=ballot.id,
            kind=ballot.kind,
            duel_id=ballot.duel_id,
            episode_id=ballot.episode_id,
            state=ballot.state,
            config=ballot.configuration,
            digest=ballot.config_digest,
            opens_at=ballot.opens_at,
            closes_at=ballot.closes_at,
            locked_at=ballot.locked_at,
            voters=voters,
            triggered_at=ballot.triggered_at,
            reason=ballot.reason,
            root=ballot.root,
            size=ballot.size,
            count=Count.model_validate(ballot.tally) if split and ballot.tally else None,
            seal=Seal.model_validate(ballot.certificate) if split and ballot.certificate else None,
        )


class WishCorrection(In):
    """What two people may do before a ballot is certified: flag one voter, or set flags aside."""

    kind: Literal["flag", "clear"]
    voter: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    """A pseudonym of this ballot, as on the voter's receipt."""
    rule: Annotated[str, StringConstraints(pattern=r"^[a-z-]{1,40}$")] | None = None
    """Instead: all whom this rule has flagged. Only to clear."""
    reason: Annotated[str, StringConstraints(min_length=3, max_length=300)]
    """Everybody reads it: it is part of the evidence."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "WishCorrection":
        if (self.voter is None) == (self.rule is None):
            raise ValueError("voter, rule: one of them, and not both")
        if self.rule is not None and self.kind != "clear":
            raise ValueError("rule: a rule flags by itself; by hand its flags are only cleared")
        return self


class WishOut(Out):
    id: UUID
    kind: Literal["flag", "clear"]
    voter: str | None
    rule: str | None
    reason: str
    by: UUID
    agreed_by: UUID | None
    created_at: datetime


class RuleFlags(Out):
    rule: str
    flagged: int
    cleared: int
    reasons: list[str]
    """Numbers; never what was chosen."""


class FlagsOut(Out):
    voters: int
    counted: int
    """Without those who are flagged."""
    flagged: int
    rules: list[RuleFlags]
    wishes: list[WishOut]


class KeyOut(Out):
    key: str
    """Ed25519, 64 hex digits. Certificates and checkpoints of this site are signed with its other half."""
