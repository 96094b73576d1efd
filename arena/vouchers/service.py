"""What happens: sheets are made, seats taken and taken back, codes sent and confirmed, people of the provider's taken.

One code, address or person is one voter: the first voter who shows it has it for this episode, another one is
refused. Would it move along, the votes of both would stand in the ledger.
"""

import hmac
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import db_now
from arena.kit.errors import Conflict, Invalid, NotFound, TooMany
from arena.kit.ids import new_id
from arena.shows.public import Episode
from arena.vouchers import queries
from arena.vouchers.models import LEVELS, Mailing, Seat, SeatSheet, Voucher, VoucherKind
from arena.vouchers.rules import mailbox, new_mail_code, new_seat_code, stored

MAIL_LIFE = timedelta(minutes=10)
AGAIN = timedelta(seconds=60)
TRIES = 5
KEPT_AFTER = timedelta(days=30)
"""What is left of an address or a person, once their show is over."""

MadeSheet = tuple[SeatSheet, list[tuple[int, str]]]
"""With the number and the code of each seat."""

TAKEN: dict[VoucherKind, str] = {
    "seat": "Another phone votes with this code. If that is not yours, ask the people in the hall for a new one.",
    "mail": "Another phone votes with this address in this show. One address is one voter.",
    "oidc": "You have signed in on another phone or browser in this show. One person is one voter: vote there.",
}


def require_running(episode: Episode) -> None:
    if episode.state == "finished":
        raise Conflict("rundown.not_now", "The show is over.", phase="finished")


# --- seats --------------------------------------------------------------------------------------------------------


async def make_sheet(session: AsyncSession, secret: str, episode: Episode, count: int, by: UUID) -> MadeSheet:
    """So many seats: number and code, which is not kept. The caller holds the episode: two sheets made at once would
    give the same numbers."""
    require_running(episode)
    highest = select(func.coalesce(func.max(Seat.number), 0)).where(Seat.episode_id == episode.id)
    first = (await session.execute(highest)).scalar_one() + 1
    sheet = SeatSheet(id=new_id(), episode_id=episode.id, created_by=by)
    session.add(sheet)
    await session.flush()
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(new_seat_code())
    printed = list(enumerate(codes, first))
    session.add_all(
        Seat(
            sheet_id=sheet.id,
            episode_id=episode.id,
            number=number,
            code=stored(secret, "seat", episode.id, code),
        )
        for number, code in printed
    )
    await session.flush()
    return sheet, printed


async def remake_sheet(
    session: AsyncSession, secret: str, episode: Episode, sheet_id: UUID, by: UUID
) -> MadeSheet:
    """A sheet that was lost, or seen by somebody: its unused codes are void, and as many new ones are made."""
    free = (
        (
            await session.execute(
                select(Seat)
                .where(
                    Seat.episode_id == episode.id,
                    Seat.sheet_id == sheet_id,
                    Seat.voucher_id.is_(None),
                    Seat.revoked_at.is_(None),
                )
                .with_for_update()
            )
        )
        .scalars()
        .all()
    )
    if not free:
        raise Conflict("seat.none_free", "This sheet has no unused codes. Make a new sheet instead.")
    now = await db_now(session)
    for seat in free:
        seat.revoked_at = now
    return await make_sheet(session, secret, episode, len(free), by)


async def revoke(session: AsyncSession, episode: Episode, number: int) -> Seat:
    """The code is good for nothing any more, and the phone that used it is what it was before. Votes that are counted
    stay: the ledger forgets nothing."""
    of_number = select(Seat).where(Seat.episode_id == episode.id, Seat.number == number)
    seat = (await session.execute(of_number.with_for_update())).scalar_one_or_none()
    if seat is None:
        raise NotFound("seat.not_found", f"There is no seat {number} in this episode.")
    if seat.revoked_at is None:
        seat.revoked_at = await db_now(session)
        if seat.voucher_id is not None:
            (await session.get_one(Voucher, seat.voucher_id)).revoked_at = seat.revoked_at
    return seat


async def take_seat(session: AsyncSession, secret: str, episode: Episode, voter: str, code: str) -> Voucher:
    """Returns what vouches for the voter from now on. One for which something does already uses up no code."""
    require_running(episode)
    # What the voucher's row takes of the episode anyway, but before the seat: whoever takes a code back holds the
    # episode first.
    here = select(Episode.id).where(Episode.id == episode.id)
    await session.execute(here.with_for_update(read=True, key_share=True))
    hashed = stored(secret, "seat", episode.id, code)
    of_code = select(Seat).where(Seat.episode_id == episode.id, Seat.code == hashed)
    seat = (await session.execute(of_code.with_for_update())).scalar_one_or_none()
    # Asked behind the lock: the same phone may have sent it twice.
    own = await queries.voucher_of(session, episode.id, voter)
    if own is not None:
        return own
    if seat is None or seat.revoked_at is not None:
        raise NotFound(
            "seat.unknown",
            "This code is not one of this show's, or it was taken back. Ask the people in the hall.",
        )
    if seat.voucher_id is not None:
        raise _taken("seat")
    voucher = await _vouch(session, episode, voter, "seat", str(seat.id))
    if voucher.proof == str(seat.id):
        seat.voucher_id = voucher.id
    return voucher


async def _vouch(
    session: AsyncSession, episode: Episode, voter: str, kind: VoucherKind, proof: str
) -> Voucher:
    """What vouches for the voter from now on: this, or what another request of the same phone has just brought."""
    values = {"voter": voter, "kind": kind, "level": LEVELS[kind], "proof": proof}
    new = insert(Voucher).values(id=new_id(), episode_id=episode.id, **values).on_conflict_do_nothing()
    voucher = (await session.execute(new.returning(Voucher))).scalar_one_or_none()
    if voucher is None:
        voucher = await queries.voucher_of(session, episode.id, voter)
    if voucher is None or voucher.level < LEVELS[kind]:
        raise _taken(kind)
    return voucher


def _taken(kind: VoucherKind) -> Conflict:
    return Conflict(f"{kind}.used", TAKEN[kind])


# --- e-mail -------------------------------------------------------------------------------------------------------


async def begin_mail(
    session: AsyncSession, secret: str, episode: Episode, voter: str, address: str
) -> tuple[str, bool]:
    """The code that is to be sent, and whether this phone has one under way to this mailbox. That one is good for
    nothing any more. What others have asked for hinders nobody, and nobody is told of it."""
    require_running(episode)
    now = await db_now(session)
    hashed = stored(secret, "mail", episode.id, mailbox(address))
    before = await session.get(Mailing, (episode.id, voter))
    if before is not None and now < before.sent_at + AGAIN:
        wait = (before.sent_at + AGAIN - now).total_seconds()
        raise TooMany(
            "mail.too_soon",
            "A code was sent a moment ago. Look into the mailbox, or try again in a minute.",
            again_seconds=max(1, round(wait)),
        )
    code = new_mail_code()
    values = {
        "address": hashed,
        "code": _mail_code(secret, episode.id, voter, code),
        "tries": 0,
        "sent_at": now,
        "expires_at": now + MAIL_LIFE,
    }
    row = insert(Mailing).values(episode_id=episode.id, voter=voter, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["episode_id", "voter"], set_=values))
    return code, before is not None and before.address == hashed


async def forget_mail(session: AsyncSession, secret: str, episode_id: UUID, voter: str, code: str) -> None:
    """It could not be sent: another one may be asked for at once."""
    unsent = Mailing.code == _mail_code(secret, episode_id, voter, code)
    await session.execute(
        delete(Mailing).where(Mailing.episode_id == episode_id, Mailing.voter == voter, unsent)
    )


async def confirm_mail(
    session: AsyncSession, secret: str, episode: Episode, voter: str, code: str
) -> Voucher | None:
    """Returns what vouches for the voter from now on; None for a wrong code, which is counted: commit, then refuse."""
    require_running(episode)
    sent = await session.get(Mailing, (episode.id, voter), with_for_update=True)
    own = await queries.voucher_of(session, episode.id, voter)
    if own is not None:
        return own
    if sent is None or sent.expires_at < await db_now(session) or sent.tries >= TRIES:
        raise Invalid("mail.expired", "This code is not good any more. Ask for another one.")
    sent.tries += 1
    if not hmac.compare_digest(sent.code, _mail_code(secret, episode.id, voter, code)):
        return None
    voucher = await _vouch(session, episode, voter, "mail", sent.address)
    await session.delete(sent)
    return voucher


def wrong_mail_code() -> Invalid:
    return Invalid("mail.wrong_code", "This is not the code that was sent. Look at the newest e-mail.")


def _mail_code(secret: str, episode_id: UUID, voter: str, code: str) -> str:
    return stored(secret, f"mail code {voter}", episode_id, code)


# --- signing in elsewhere -----------------------------------------------------------------------------------------


async def take_person(
    session: AsyncSession, secret: str, episode: Episode, voter: str, issuer: str, subject: str
) -> Voucher:
    """Returns what vouches for the voter from now on. Whoever had signed in before stays who it is."""
    require_running(episode)
    own = await queries.voucher_of(session, episode.id, voter)
    if own is not None and own.kind == "oidc":
        return own
    return await _vouch(
        session, episode, voter, "oidc", stored(secret, "oidc", episode.id, f"{issuer} {subject}")
    )


async def forget_vouchers(session: AsyncSession) -> None:
    """Codes that nobody typed, and addresses and people of shows that are long over."""
    now = await db_now(session)
    await session.execute(delete(Mailing).where(Mailing.expires_at < now))
    over = select(Episode.id).where(Episode.state == "finished")
    await session.execute(
        delete(Voucher).where(
            Voucher.kind != "seat", Voucher.created_at < now - KEPT_AFTER, Voucher.episode_id.in_(over)
        )
    )
