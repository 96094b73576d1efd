"""Ballots for whoever wants to look at them. What moves them on is the rundown's."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Permission, PublicCaller
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.site import Site
from arena.votes import queries
from arena.votes.schemas import BallotOut, KeyOut
from arena.votes.signing import ballot_key

router = APIRouter(prefix="/ballots", tags=["votes"])


@router.get("/key")
async def read_ballot_key(request: Request, _: PublicCaller) -> KeyOut:
    """The public half of the key that signs: compare it with the one that was on air."""
    site: Site = request.app.state.site
    return KeyOut(key=ballot_key(site).public_key())


@router.get("/{ballot_id}")
async def read_ballot(ballot_id: UUID, caller: PublicCaller, session: SessionDep) -> BallotOut:
    """What it asks and how far it is. Before it is opened only for those who run the show: it may be a surprise."""
    ballot = await queries.ballot(session, ballot_id)
    if ballot.opens_at is None and not caller.may(Permission.MODERATE):
        raise NotFound("ballot.not_found", "There is no such ballot.")
    staff = caller.may(Permission.PRODUCE)
    split = queries.is_for_producers(ballot) if staff else ballot.state == "published"
    return BallotOut.of(ballot, await queries.counted(session, ballot), split)
