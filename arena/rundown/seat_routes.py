"""A producer's hand on seat codes over HTTP. How many are used is the vouchers' to say."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Producer
from arena.kit.db import SessionDep
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.rundown import seats
from arena.shows.public import Episode, episode
from arena.vouchers.public import MadeSheet, NewSheet, PrintedSeat, PrintedSheet, grouped

router = APIRouter(prefix="/episodes/{episode_id}/seats", tags=["rundown"])


@router.post("", status_code=201)
async def make_seats(
    episode_id: UUID, request: Request, caller: Producer, session: SessionDep, body: NewSheet
) -> PrintedSheet:
    """A sheet of single-use codes, to be printed now: they are not kept."""
    about = await episode(session, episode_id)
    made = await seats.make(session, _site_key(request), about, body.count, caller.person_id)
    return _printed(request, about, made)


@router.post("/sheets/{sheet_id}/remake", status_code=201)
async def remake_seats(
    episode_id: UUID, sheet_id: UUID, request: Request, caller: Producer, session: SessionDep
) -> PrintedSheet:
    """Void its unused codes, and make as many new ones."""
    about = await episode(session, episode_id)
    made = await seats.remake(session, _site_key(request), about, sheet_id, caller.person_id)
    return _printed(request, about, made)


@router.post("/{number}/revoke")
async def revoke_seat(episode_id: UUID, number: int, caller: Producer, session: SessionDep) -> Done:
    await seats.revoke(session, await episode(session, episode_id), number, caller.person_id)
    return Done()


def _printed(request: Request, about: Episode, made: MadeSheet) -> PrintedSheet:
    sheet, printed = made
    site: Site = request.app.state.site
    page = f"{site.settings.public_url}/s/{about.code}#seat="
    return PrintedSheet(
        id=sheet.id,
        seats=[PrintedSeat(number=number, code=grouped(code), url=page + code) for number, code in printed],
    )


def _site_key(request: Request) -> str:
    site: Site = request.app.state.site
    return site.settings.secret_key.get_secret_value()
