"""The producer's hand over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Moderator, Producer
from arena.duels.public import Steer
from arena.kit.db import SessionDep
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.rundown import service
from arena.rundown.contracts import channels
from arena.rundown.schemas import CommandIn, ShowOut
from arena.shows.public import episode

router = APIRouter(tags=["rundown"])


@router.post("/episodes/{episode_id}/commands")
async def command(
    episode_id: UUID, request: Request, caller: Producer, session: SessionDep, body: CommandIn
) -> ShowOut:
    """Start a duel, open, lock, reveal, finish. The answer is the show after the command."""
    show = await service.carry_out(
        request.app.state.site,
        session,
        await episode(session, episode_id),
        body.command,
        body.expected_version,
        body.key,
        caller.person_id,
    )
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
