"""Ballots for whoever wants to look at them. What moves them on is the rundown's."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Permission, PublicCaller, SecondPerson
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.site import Site
from arena.votes import flagging, publishing, queries, service
from arena.votes.schemas import BallotOut, FlagsOut, KeyOut, WishCorrection
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


@router.get("/{ballot_id}/flags")
async def read_flags(ballot_id: UUID, caller: PublicCaller, session: SessionDep) -> FlagsOut:
    """How many voters are flagged, by which rule and why; not who, and not what they chose. For everybody once the
    result is out; before that, and what people have asked for, for those who run the show."""
    if caller.may(Permission.MODERATE):
        return await flagging.seen(session, await queries.ballot(session, ballot_id))
    told = await flagging.seen(session, await publishing.published(session, ballot_id))
    return told.model_copy(update={"wishes": []})


@router.post("/{ballot_id}/corrections", status_code=201)
async def wish_correction(
    ballot_id: UUID, caller: SecondPerson, session: SessionDep, body: WishCorrection
) -> FlagsOut:
    """Ask that a voter is flagged, or that flags are set aside. It is done when somebody else agrees."""
    return await service.wish_correction(session, ballot_id, body, caller.person_id)


@router.post("/{ballot_id}/corrections/{wish_id}/agree")
async def agree_to_correction(
    ballot_id: UUID, wish_id: UUID, caller: SecondPerson, session: SessionDep
) -> FlagsOut:
    return await service.agree_to_correction(session, ballot_id, wish_id, caller.person_id)
