"""Seat codes and codes by e-mail over HTTP: a producer prints them, a phone shows them."""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Request, Response
from limits import RateLimitItem, RateLimitItemPerMinute

from arena.accounts.public import Caller, Producer, PublicCaller, Shown, guess, sign_device, slow_down
from arena.kit.db import SessionDep, transaction
from arena.kit.errors import TooMany
from arena.kit.site import Site
from arena.shows.public import Episode, episode
from arena.vouchers import queries, service
from arena.vouchers.courier import NotBrought, courier_of
from arena.vouchers.models import Voucher
from arena.vouchers.oidc import Provider
from arena.vouchers.rules import mailbox, read_seat_code, stored
from arena.vouchers.schemas import (
    AskMail,
    MailCode,
    MailSent,
    SeatCode,
    SeatsOut,
    Vouched,
    Ways,
)

router = APIRouter(prefix="/episodes/{episode_id}", tags=["vouchers"])

AN_HOUR: RateLimitItem = RateLimitItemPerMinute(5, 60)
"""Mails that one phone asks for."""
OTHERS_AN_HOUR: RateLimitItem = RateLimitItemPerMinute(30, 60)
"""Phones that ask for a mail to one mailbox; one that has a code under way is not counted again."""


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
    episode_id: UUID,
    request: Request,
    background: BackgroundTasks,
    caller: PublicCaller,
    session: SessionDep,
    body: AskMail,
) -> MailSent:
    """Send a code of six digits. The address is kept under a key, so that it votes once, and for nothing else. Answered
    before it is sent; of one that could not be sent another may be asked for at once."""
    voter = caller.voter
    about = await episode(session, episode_id)
    courier = courier_of(request.app.state.site.settings)
    secret = site_key(request)
    code, again = await service.begin_mail(session, secret, about, voter, body.address)
    await guess(request, "mail")
    refusal = TooMany("mail.too_many", "Too many codes were asked for. Try again later, or take a seat code.")
    await slow_down(request, AN_HOUR, "mail_of_phone", voter, refusal)
    if not again:
        mailed = stored(secret, "mail", about.id, mailbox(body.address))
        await slow_down(request, OTHERS_AN_HOUR, "mailbox", mailed, refusal)

    async def send() -> None:
        try:
            await courier.bring(body.address, code, service.MAIL_LIFE.seconds // 60, body.language)
        except NotBrought:
            site: Site = request.app.state.site
            async with transaction(site.sessions, site.bus) as later:
                await service.forget_mail(later, secret, about.id, voter, code)

    # Behind the answer, which comes behind the commit: neither the phone nor a connection to the database waits.
    background.add_task(send)
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
