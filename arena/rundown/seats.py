"""Seat codes in the show: whoever makes them or takes them back stands in its log, and nobody does while a vote that
asks for them is open.

Who could print some meanwhile would have as many voices as he likes; who could take some back would choose the voters.
"""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import Conflict
from arena.rundown import queries
from arena.rundown.contracts import SeatAction
from arena.rundown.log import hold, write
from arena.shows.public import Episode
from arena.votes import public as votes
from arena.vouchers import public as vouchers

SEAT_LEVEL = 2


async def make(
    session: AsyncSession, secret: str, episode: Episode, count: int, by: UUID
) -> vouchers.MadeSheet:
    await _hold(session, episode)
    sheet, seats = await vouchers.make_sheet(session, secret, episode, count, by)
    await _log(session, episode, "make_seats", str(sheet.id), by, count=len(seats))
    return sheet, seats


async def remake(
    session: AsyncSession, secret: str, episode: Episode, sheet_id: UUID, by: UUID
) -> vouchers.MadeSheet:
    await _hold(session, episode)
    sheet, seats = await vouchers.remake_sheet(session, secret, episode, sheet_id, by)
    await _log(session, episode, "remake_seats", str(sheet.id), by, count=len(seats))
    return sheet, seats


async def revoke(session: AsyncSession, episode: Episode, number: int, by: UUID) -> None:
    """A second press finds it done."""
    await _hold(session, episode)
    seat = await vouchers.revoke(session, episode, number)
    if not await queries.done(session, episode.id, _key("revoke_seat", str(seat.id))):
        used = seat.voucher_id is not None
        await _log(session, episode, "revoke_seat", str(seat.id), by, seat=number, used=used)


async def _hold(session: AsyncSession, episode: Episode) -> None:
    """Votes are opened under the same lock, so that none opens meanwhile."""
    await hold(session, episode.id)
    for ballot in await votes.ballots_of(session, episode.id):
        if ballot.state in votes.TAKES_VOTES and ballot.configuration.level == SEAT_LEVEL:
            raise Conflict(
                "seat.vote_open",
                "A vote that asks for seat codes is open. Until it is closed none are made or taken back.",
            )


async def _log(
    session: AsyncSession, episode: Episode, action: SeatAction, what: str, by: UUID, **body: Any
) -> None:
    show = await queries.show(session, episode.id)
    await write(session, episode.id, show, action, body, {"type": action}, _key(action, what), by)


def _key(action: SeatAction, what: str) -> str:
    return f"{action}-{what}"
