"""Seat codes and codes by e-mail over HTTP: a producer prints them, a phone shows them."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, Request, Response
from limits import RateLimitItem, RateLimitItemPerMinute

from arena.accounts.public import Caller, Producer, PublicCaller, Shown, guess, sign_device, slow_down
from arena.kit.db import SessionDep
from arena.kit.errors import TooMany, Unavailable
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.shows.public import Episode, episode
from arena.vouchers import queries, service
from arena.vouchers.courier import courier_of
from arena.vouchers.models import SeatSheet, Voucher
from arena.vouchers.oidc import Provider
from arena.vouchers.rules import grouped, mailbox, read_seat_code, stored
from arena.vouchers.schemas import (
    AskMail,
    MailCode,
    MailSent,
    NewSheet,
    PrintedSeat,
    PrintedSheet,
    SeatCode,
    SeatsOut,
    Vouched,
    Ways,
)

router = APIRouter(prefix="/episodes/{episode_id}", tags=["vouchers"])

AN_HOUR: RateLimitItem = RateLimitItemPerMinute(5, 60)
"""Mails to one mailbox, and mails that one phone asks for."""


# --- a phone ------------------------------------------------------------------------------------------------------


@router.get("/vouchers")
async def read_ways(episode_id: UUID, request: Request, _: PublicCaller, session: SessionDep) -> Ways:
    about = await episode(session, episode_id)
    site: Site = request.app.state.site
    return Ways(
        seat=await queries.has_seats(session, about.id),
        mail=site.settings.smtp_url is not None,
        oidc=_provider_name(request),
    )


@router.post("/vouchers/seat")
async def take_seat(
    episode_id: UUID,
    request: Request,
    response: Response,
    caller: PublicCaller,
    session: SessionDep,
    body: SeatCode,
) -> Vouched:
    """The code on the slip: this phone has it for this episode, and no other one. The same phone may send it again."""
    voter = caller.voter
    about = await episode(session, episode_id)
    code = read_seat_code(body.code)
    await guess(request, "seat")
    await guess(request, "seat_of_phone", voter)
    voucher = await service.take_seat(session, site_key(request), about, voter, code)
    return carry(request, response, caller, about, voucher)


@router.post("/vouchers/mail")
async def send_mail(
    episode_id: UUID, request: Request, caller: PublicCaller, session: SessionDep, body: AskMail
) -> MailSent:
    """Send a code of six digits. The address is kept under a key, so that it votes once, and for nothing else."""
    voter = caller.voter
    about = await episode(session, episode_id)
    courier = courier_of(request.app.state.site.settings)
    secret = site_key(request)
    code = await service.begin_mail(session, secret, about, voter, body.address)
    await guess(request, "mail")
    mailed = stored(secret, "mail", about.id, mailbox(body.address))
    for what, key in (("mail_of_phone", voter), ("mailbox", mailed)):
        refusal = TooMany(
            "mail.too_many", "Five codes an hour are sent. Try again later, or take a seat code."
        )
        await slow_down(request, AN_HOUR, what, key, refusal)
    # Nobody keeps a connection to the database while a mail server takes its time.
    await session.commit()
    try:
        await courier.bring(body.address, code, service.MAIL_LIFE.seconds // 60, body.language)
    except Unavailable:
        await service.forget_mail(session, about, voter)
        await session.commit()
        raise
    return MailSent(again_seconds=service.AGAIN.seconds, expires_seconds=service.MAIL_LIFE.seconds)


@router.post("/vouchers/mail/confirm")
async def confirm_mail(
    episode_id: UUID,
    request: Request,
    response: Response,
    caller: PublicCaller,
    session: SessionDep,
    body: MailCode,
) -> Vouched:
    about = await episode(session, episode_id)
    voucher = await service.confirm_mail(session, site_key(request), about, caller.voter, body.code)
    if voucher is None:
        await session.commit()
        raise service.wrong_mail_code()
    return carry(request, response, caller, about, voucher)


def carry(request: Request, response: Response, caller: Caller, about: Episode, voucher: Voucher) -> Vouched:
    """A phone has it in its cookie from now on; what is a person's is looked up, on any device."""
    if caller.person is None:
        others = {show: by for show, by in caller.vouched.items() if show != about.id}
        shown = Shown(voucher.id, voucher.level)
        sign_device(request, response, replace(caller, vouched={**others, about.id: shown}))
    return Vouched(level=voucher.level)


def _provider_name(request: Request) -> str | None:
    provider: Provider | None = request.app.state.provider
    return provider.name if provider is not None else None


def site_key(request: Request) -> str:
    site: Site = request.app.state.site
    return site.settings.secret_key.get_secret_value()


# --- a producer ---------------------------------------------------------------------------------------------------


@router.get("/seats")
async def read_seats(episode_id: UUID, request: Request, _: Producer, session: SessionDep) -> SeatsOut:
    """How many codes are used. Not by whom, and not the codes: they were shown when they were made."""
    about = await episode(session, episode_id)
    site: Site = request.app.state.site
    return SeatsOut(
        sheets=await queries.sheets(session, about.id),
        mail=site.settings.smtp_url is not None,
        by_mail=await queries.by_mail(session, about.id),
        oidc=_provider_name(request),
    )


@router.post("/seats", status_code=201)
async def make_seats(
    episode_id: UUID, request: Request, caller: Producer, session: SessionDep, body: NewSheet
) -> PrintedSheet:
    """A sheet of single-use codes, to be printed now: they are not kept."""
    about = await episode(session, episode_id)
    sheet, seats = await service.make_sheet(session, site_key(request), about, body.count, caller.person_id)
    return _printed(request, about, sheet, seats)


@router.post("/seats/sheets/{sheet_id}/remake", status_code=201)
async def remake_seats(
    episode_id: UUID, sheet_id: UUID, request: Request, caller: Producer, session: SessionDep
) -> PrintedSheet:
    """Void its unused codes, and make as many new ones."""
    about = await episode(session, episode_id)
    sheet, seats = await service.remake_sheet(session, site_key(request), about, sheet_id, caller.person_id)
    return _printed(request, about, sheet, seats)


@router.post("/seats/{number}/revoke")
async def revoke_seat(episode_id: UUID, number: int, _: Producer, session: SessionDep) -> Done:
    await service.revoke(session, await episode(session, episode_id), number)
    return Done()


def _printed(
    request: Request, about: Episode, sheet: SeatSheet, seats: list[tuple[int, str]]
) -> PrintedSheet:
    site: Site = request.app.state.site
    page = f"{site.settings.public_url}/s/{about.code}#seat="
    return PrintedSheet(
        id=sheet.id,
        seats=[PrintedSeat(number=number, code=grouped(code), url=page + code) for number, code in seats],
    )
