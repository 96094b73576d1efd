"""The producer's hand over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Producer
from arena.kit.db import SessionDep
from arena.rundown import service
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
