"""Reads of seats and vouchers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.vouchers.models import Seat, SeatSheet, Voucher
from arena.vouchers.schemas import SeatOut, SheetOut


async def revoked_vouchers(session: AsyncSession, episode_id: UUID) -> frozenset[UUID]:
    """What vouches for nobody any more; a phone that was not told still shows it."""
    revoked = select(Voucher.id).where(Voucher.episode_id == episode_id, Voucher.revoked_at.is_not(None))
    return frozenset((await session.execute(revoked)).scalars())


async def voucher_of(session: AsyncSession, episode_id: UUID, voter: str) -> Voucher | None:
    """What says the most for it."""
    own = select(Voucher).where(
        Voucher.episode_id == episode_id, Voucher.voter == voter, Voucher.revoked_at.is_(None)
    )
    return (await session.execute(own.order_by(Voucher.level.desc()).limit(1))).scalar_one_or_none()


async def has_seats(session: AsyncSession, episode_id: UUID) -> bool:
    some = select(Seat.id).where(Seat.episode_id == episode_id, Seat.revoked_at.is_(None)).limit(1)
    return (await session.execute(some)).first() is not None


async def seat_counts(session: AsyncSession, episode_id: UUID) -> dict[str, int]:
    """How many codes were made, used and taken back; empty where the show has none."""
    counting = select(func.count(), func.count(Seat.voucher_id), func.count(Seat.revoked_at))
    made, used, taken_back = (await session.execute(counting.where(Seat.episode_id == episode_id))).one()
    return {"made": made, "used": used, "taken_back": taken_back} if made else {}


async def by_mail(session: AsyncSession, episode_id: UUID) -> int:
    counting = select(func.count()).where(Voucher.episode_id == episode_id, Voucher.kind == "mail")
    return (await session.execute(counting)).scalar_one()


async def sheets(session: AsyncSession, episode_id: UUID) -> list[SheetOut]:
    found = (
        (
            await session.execute(
                select(SeatSheet)
                .where(SeatSheet.episode_id == episode_id)
                .order_by(SeatSheet.created_at.desc())
            )
        )
        .scalars()
        .all()
    )
    # Not when a code was used: the ledger has the moment of every vote, and people know who sits where.
    rows = await session.scalars(select(Seat).where(Seat.episode_id == episode_id).order_by(Seat.number))
    seats: dict[UUID, list[SeatOut]] = {sheet.id: [] for sheet in found}
    for seat in rows:
        state = "revoked" if seat.revoked_at else "used" if seat.voucher_id else "free"
        seats[seat.sheet_id].append(SeatOut(number=seat.number, state=state))
    return [_sheet(sheet, seats[sheet.id]) for sheet in found]


def _sheet(sheet: SeatSheet, seats: Sequence[SeatOut]) -> SheetOut:
    def count(state: str) -> int:
        return sum(seat.state == state for seat in seats)

    return SheetOut(
        id=sheet.id,
        created_at=sheet.created_at,
        free=count("free"),
        used=count("used"),
        revoked=count("revoked"),
        seats=list(seats),
    )
