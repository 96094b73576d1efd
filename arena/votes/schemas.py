"""JSON shapes of voting."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from arena.kit.schemas import In, Out
from arena.votes.contracts import Choice
from arena.votes.models import Ballot, Vote

Key = Annotated[str, StringConstraints(min_length=8, max_length=64)]


class CastVote(In):
    choice: Choice
    key: Key
    """Any unguessable string the client makes once per tap and repeats on retries."""


class Receipt(Out):
    number: int
    leaf: str
    nonce: str
    at: datetime


class VoteOut(Out):
    ballot_id: UUID
    choice: Choice
    receipt: Receipt

    @classmethod
    def of(cls, vote: Vote) -> "VoteOut":
        receipt = Receipt(number=vote.number, leaf=vote.leaf, nonce=vote.nonce, at=vote.received_at)
        return cls(ballot_id=vote.ballot_id, choice=vote.choice, receipt=receipt)


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
