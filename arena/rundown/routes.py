"""The producer's hand over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Moderator, Producer, SecondPerson
from arena.duels.public import Steer
from arena.kit.db import SessionDep
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.rundown import ballots, queries, service
from arena.rundown.contracts import channels
from arena.rundown.schemas import CommandIn, JoinLink, ShowOut
from arena.shows.public import episode
from arena.votes import public as votes
from arena.votes.public import BallotOut, NewBallot, VoidBallot

router = APIRouter(tags=["rundown"])


@router.post("/episodes/{episode_id}/commands")
async def command(
    episode_id: UUID, request: Request, caller: Producer, session: SessionDep, body: CommandIn
) -> ShowOut:
    """Start a duel, open, lock, reveal, finish. The answer is the show after the command."""
    if body.command.type == "lock_vote":
        await _drained(request, (await queries.show(session, episode_id)).ballot_id)
    site: Site = request.app.state.site
    show = await service.carry_out(
        site,
        session,
        await episode(session, episode_id),
        body.command,
        body.expected_version,
        body.key,
        caller.person_id,
    )
    if body.command.type == "lock_vote" and show.ballot_id is not None:
        await session.commit()
        show = await ballots.certify(site, session, show.ballot_id)
    return ShowOut.model_validate(show)


@router.post("/duels/{duel_id}/program")
async def steer_program(
    duel_id: UUID, request: Request, caller: Moderator, session: SessionDep, body: Steer
) -> Done:
    """Hold, release, replace by a card, or dump. When this answers, every page has been told."""
    episode_id = await service.steer(session, duel_id, body, caller.person_id)
    # The pages read what is committed, and they are told here: the outbox would come too late for a dump.
    await session.commit()
    site: Site = request.app.state.site
    await site.bus.touch(channels(episode_id))
    return Done()


@router.get("/episodes/{episode_id}/channels")
async def read_join_links(
    episode_id: UUID, request: Request, _: Producer, session: SessionDep
) -> list[JoinLink]:
    """The link by which phones join on each channel: in the hall, behind the stream, and whatever its votes name."""
    site: Site = request.app.state.site
    code = (await episode(session, episode_id)).code
    asked = [one.configuration.channels for one in await votes.ballots_of(session, episode_id)]
    channels = dict.fromkeys([votes.HALL.id, votes.STREAM, *(one.id for said in asked for one in said)])
    return [
        JoinLink(channel=name, path=f"/s/{code}?c={votes.join_mark(site, episode_id, name)}")
        for name in channels
    ]


@router.post("/episodes/{episode_id}/ballots", status_code=201)
async def prepare_ballot(
    episode_id: UUID, request: Request, caller: Producer, session: SessionDep, body: NewBallot
) -> BallotOut:
    """A draft of a question, a surprise or a prize."""
    site: Site = request.app.state.site
    ballot = await ballots.prepare(site, session, await episode(session, episode_id), body, caller.person_id)
    return await _seen(session, ballot)


@router.post("/ballots/{ballot_id}/arm")
async def arm_ballot(ballot_id: UUID, request: Request, caller: Producer, session: SessionDep) -> BallotOut:
    """Fix what is asked, and tell its hash."""
    site: Site = request.app.state.site
    ballot = await ballots.step(site, session, ballot_id, "arm_ballot", caller.person_id)
    return await _seen(session, ballot)


@router.post("/ballots/{ballot_id}/open")
async def open_ballot(ballot_id: UUID, request: Request, caller: Producer, session: SessionDep) -> BallotOut:
    site: Site = request.app.state.site
    ballot = await ballots.step(site, session, ballot_id, "open_ballot", caller.person_id)
    return await _seen(session, ballot)


@router.post("/ballots/{ballot_id}/shorten")
async def agree_to_shorten(ballot_id: UUID, caller: SecondPerson, session: SessionDep) -> BallotOut:
    """Agree that somebody else closes it before its time."""
    return await _seen(session, await ballots.agree(session, ballot_id, caller.person_id))


@router.post("/ballots/{ballot_id}/close")
async def close_ballot(ballot_id: UUID, request: Request, caller: Producer, session: SessionDep) -> BallotOut:
    """Close it and count it a second time; one that is closed is counted again."""
    await _drained(request, ballot_id)
    await ballots.close(session, ballot_id, caller.person_id)
    await session.commit()
    await ballots.certify(request.app.state.site, session, ballot_id)
    return await _seen(session, await votes.ballot(session, ballot_id))


@router.post("/ballots/{ballot_id}/publish")
async def publish_ballot(
    ballot_id: UUID, request: Request, caller: Producer, session: SessionDep
) -> BallotOut:
    site: Site = request.app.state.site
    ballot = await ballots.step(site, session, ballot_id, "publish_ballot", caller.person_id)
    return await _seen(session, ballot)


@router.post("/ballots/{ballot_id}/void")
async def void_ballot(ballot_id: UUID, caller: Producer, session: SessionDep, body: VoidBallot) -> BallotOut:
    """It counts for nothing; everybody reads why."""
    return await _seen(session, await ballots.void(session, ballot_id, body.reason, caller.person_id))


async def _seen(session: AsyncSession, ballot: votes.Ballot) -> BallotOut:
    return BallotOut.of(ballot, await votes.counted(session, ballot), votes.is_for_producers(ballot))


async def _drained(request: Request, ballot_id: UUID | None) -> None:
    """What this portal has received in time is written before the ballot closes."""
    if ballot_id is not None:
        await request.app.state.ballot_box.drain(ballot_id)
