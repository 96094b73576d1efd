"""Voting over plain HTTP, so that it works while the live connection is down."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Judge
from arena.kit.db import SessionDep
from arena.votes import queries, service
from arena.votes.policy import Juror, Voter
from arena.votes.rules import pseudonym
from arena.votes.schemas import CastVote, GiveVerdict, VerdictOut, VoteOut

router = APIRouter(prefix="/ballots/{ballot_id}", tags=["votes"])


@router.post("/votes", status_code=201)
async def cast_vote(ballot_id: UUID, request: Request, voter: Voter, body: CastVote) -> VoteOut:
    """Answered only after the vote is committed: a receipt means counted."""
    box = request.app.state.ballot_box
    line = await box.cast(ballot_id, voter, body.choice, body.n, 0, "hall", datetime.now(UTC))
    return VoteOut.of(line)


@router.get("/my-vote")
async def my_vote(ballot_id: UUID, voter: Voter, session: SessionDep) -> VoteOut | None:
    """The caller's own vote; null when there is none yet."""
    ballot = await queries.ballot(session, ballot_id)
    line = await queries.newest_line(session, ballot, pseudonym(ballot.salt, voter))
    return VoteOut.of(line) if line else None


@router.post("/verdicts")
async def give_verdict(ballot_id: UUID, juror: Juror, session: SessionDep, body: GiveVerdict) -> VerdictOut:
    verdict = await service.judge(session, ballot_id, juror, body.choice, body.note)
    return VerdictOut.model_validate(verdict)


@router.get("/my-verdict")
async def my_verdict(ballot_id: UUID, caller: Judge, session: SessionDep) -> VerdictOut | None:
    verdict = await queries.verdict_of(session, ballot_id, caller.person_id)
    return VerdictOut.model_validate(verdict) if verdict else None
