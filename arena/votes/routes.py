"""Voting over plain HTTP, so that it works while the live connection is down."""

from uuid import UUID

from fastapi import APIRouter

from arena.accounts.public import PublicCaller
from arena.duels import public as duels
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
from arena.votes import queries, service
from arena.votes.policy import Voter
from arena.votes.rules import pseudonym
from arena.votes.schemas import CastVote, LedgerOut, VoteOut

router = APIRouter(prefix="/ballots/{ballot_id}", tags=["votes"])


@router.post("/votes", status_code=201)
async def cast_vote(ballot_id: UUID, voter: Voter, session: SessionDep, body: CastVote) -> VoteOut:
    """Answered only after the vote is committed: a receipt means counted."""
    return VoteOut.of(await service.cast(session, ballot_id, voter, body.choice, body.key))


@router.get("/my-vote")
async def my_vote(ballot_id: UUID, voter: Voter, session: SessionDep) -> VoteOut | None:
    """The caller's own vote; null when there is none yet."""
    ballot = await queries.ballot(session, ballot_id)
    vote = await queries.vote_of(session, ballot_id, pseudonym(ballot.salt, voter))
    return VoteOut.of(vote) if vote else None


@router.get("/ledger")
async def ledger(ballot_id: UUID, _: PublicCaller, session: SessionDep) -> LedgerOut:
    """Every vote of a revealed ballot, for anyone who wants to recount it."""
    ballot = await queries.ballot(session, ballot_id)
    duel = await duels.duel(session, ballot.duel_id)
    if ballot.state != "locked" or duel.revealed_at is None:
        raise Forbidden(
            "ballot.not_revealed", "The ledger opens with the reveal; its root is published at the lock."
        )
    crowd, judges = await queries.tallies(session, ballot)
    return LedgerOut.of(ballot, list(await queries.votes(session, ballot_id)), crowd, judges)
