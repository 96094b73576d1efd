"""Voting over plain HTTP, so that it works while the live connection is down; and the door for votes that another
process of the site has received."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from arena.accounts.public import Caller, PublicCaller, sign_device
from arena.kit.access import signed_link
from arena.kit.clock import Clock
from arena.kit.db import SessionDep
from arena.kit.errors import GavelError
from arena.kit.site import Site
from arena.votes import publishing, queries
from arena.votes.box import BallotBox
from arena.votes.casting import too_fast
from arena.votes.identity import level_of
from arena.votes.peers import PEER, Handed, Outcome, Outcomes
from arena.votes.policy import Voter, looked_up, with_proof
from arena.votes.rules import pseudonym
from arena.votes.schemas import CastVote, CheckpointOut, VoteOut

router = APIRouter(prefix="/ballots/{ballot_id}", tags=["votes"])
peers = APIRouter(prefix="/peers", include_in_schema=False)


@router.post("/votes", status_code=201)
async def cast_vote(
    ballot_id: UUID,
    request: Request,
    response: Response,
    caller: PublicCaller,
    voter: Voter,
    session: SessionDep,
    body: CastVote,
) -> VoteOut:
    """Answered only after the vote is committed: a receipt means counted. The same `n` again gets the same receipt."""
    clock: Clock = request.app.state.clock
    box: BallotBox = request.app.state.ballot_box
    at = clock.now()
    if seconds := box.paces.wait(voter):
        raise too_fast(seconds)
    caller = await with_proof(session, caller, ballot_id)
    # Nobody keeps a connection to the database while waiting for the writer, who needs one himself.
    await session.commit()

    async def cast(by: Caller) -> VoteOut:
        return VoteOut.of(
            await box.cast(ballot_id, voter, body.choice, body.n, level_of(by), by.channel, at, by.vouched)
        )

    try:
        return await cast(caller)
    except GavelError as said:
        if said.code != "vote.level" or caller.person is not None:
            raise
        # Of two cookies that were signed at once the later one lacks what the other one showed.
        known = await looked_up(session, caller, ballot_id)
        await session.commit()
        if known.vouched == caller.vouched:
            raise
        sign_device(request, response, known)
        return await cast(known)


@router.get("/my-vote")
async def my_vote(ballot_id: UUID, voter: Voter, session: SessionDep) -> VoteOut | None:
    """The caller's own vote; null when there is none yet."""
    ballot = await queries.ballot(session, ballot_id)
    line = await queries.newest_line(session, ballot, pseudonym(ballot.salt, voter))
    return VoteOut.of(line) if line else None


@router.get("/checkpoints")
async def read_checkpoints(ballot_id: UUID, _: PublicCaller, session: SessionDep) -> list[CheckpointOut]:
    """What was signed about the ledger while it grew. They say how many votes there were, never which way: to be kept
    by whoever wants to see later that nothing before them was changed."""
    await queries.ballot(session, ballot_id)
    return [CheckpointOut.of(one) for one in await publishing.checkpoint_rows(session, ballot_id)]


@peers.post("/{token}/votes", dependencies=[Depends(signed_link)])
async def take_votes(request: Request, token: str, body: Handed) -> Outcomes:
    """Votes of a shard that this process writes, received by another one."""
    site: Site = request.app.state.site
    site.signer.read(PEER, token)
    box: BallotBox = request.app.state.ballot_box
    said = await box.handed(body.shard, [one.cast() for one in body.casts])
    return Outcomes(outcomes=[Outcome.of(one) for one in said])
