"""JSON shapes of voting."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.kit.schemas import In, Out
from arena.votes.contracts import Choice, OptionId
from arena.votes.ledger import Line, leaf, stamp
from arena.votes.models import Ballot, Checkpoint, Vote


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


class GiveVerdict(In):
    choice: Choice
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class VerdictOut(Out):
    ballot_id: UUID
    choice: Choice
    note: str


class TallyOut(Out):
    left: int
    right: int
    tie: int
    both_bad: int


class LedgerEntry(Out):
    number: int
    voter: str
    choice: Choice
    received_at: datetime
    nonce: str
    leaf: str


class LedgerOut(Out):
    """Everything needed to recount a locked ballot."""

    ballot_id: UUID
    duel_id: UUID
    state: Literal["locked"]
    root: str
    size: int
    crowd: TallyOut
    judges: TallyOut
    votes: list[LedgerEntry]

    @classmethod
    def of(cls, ballot: Ballot, votes: list[Vote], crowd: object, judges: object) -> "LedgerOut":
        return cls(
            ballot_id=ballot.id,
            duel_id=ballot.duel_id,
            state="locked",
            root=ballot.root or "",
            size=len(votes),
            crowd=TallyOut.model_validate(crowd),
            judges=TallyOut.model_validate(judges),
            votes=[LedgerEntry.model_validate(vote) for vote in votes],
        )
