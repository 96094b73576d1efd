"""Accounts over HTTP."""

import re
import secrets
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from arena.accounts import queries, service, work
from arena.accounts.devices import remember
from arena.accounts.limits import guess
from arena.accounts.models import Invitation, Person
from arena.accounts.policy import (
    DEVICE_LIFE_SECONDS,
    Inviter,
    PublicCaller,
    SignedIn,
    session_cookie,
    set_cookie,
    sign_device,
)
from arena.accounts.rules import Role
from arena.accounts.schemas import (
    Device,
    InvitationMade,
    InvitationState,
    Invite,
    Login,
    Me,
    NewToken,
    Register,
    ShowChannel,
    TokenMade,
    TokenRow,
    Work,
    WorkAnswer,
)
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
from arena.kit.schemas import Done
from arena.kit.site import Site

router = APIRouter(tags=["accounts"])

LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}


@router.post("/auth/register", status_code=201)
async def register(
    request: Request, response: Response, _: PublicCaller, session: SessionDep, body: Register
) -> Me:
    _refuse_insecure(request)
    await guess(request, "register")
    person = await service.register(session, body.email, body.password, body.display_name, body.invitation)
    await _start_session(request, response, session, person)
    return Me.model_validate(person)


@router.post("/auth/login")
async def login(
    request: Request, response: Response, _: PublicCaller, session: SessionDep, body: Login
) -> Me:
    _refuse_insecure(request)
    await guess(request, "login")
    await guess(request, "account", body.email.lower())
    person = await service.sign_in(session, body.email, body.password)
    await _start_session(request, response, session, person)
    return Me.model_validate(person)


@router.post("/auth/logout")
async def logout(request: Request, response: Response, _: PublicCaller, session: SessionDep) -> Done:
    site: Site = request.app.state.site
    name = session_cookie(site)
    secret = request.cookies.get(name)
    if secret:
        await service.close_session(session, secret)
    # A browser ignores the deletion of a `__Host-` cookie that is not as strict as its making.
    response.delete_cookie(name, path="/", secure=site.settings.https, httponly=True, samesite="lax")
    return Done()


@router.get("/me")
async def me(caller: SignedIn) -> Me:
    return Me.model_validate(caller.person)


@router.get("/invitations/{token}")
async def read_invitation(token: str, _: PublicCaller, session: SessionDep) -> InvitationState:
    found, valid = await service.read_link(session, Invitation, token)
    return InvitationState(role=Role(found.role), expires_at=found.expires_at, valid=valid)


@router.post("/invitations/{token}/accept")
async def accept_invitation(token: str, caller: SignedIn, session: SessionDep) -> Me:
    return Me.model_validate(await service.accept(session, caller.somebody, token))


@router.post("/invitations", status_code=201)
async def invite(request: Request, caller: Inviter, session: SessionDep, body: Invite) -> InvitationMade:
    token, made = await service.invite(session, caller.somebody, body.role, body.hours)
    site: Site = request.app.state.site
    app = body.role if body.role in (Role.JUDGE, Role.PRODUCER, Role.CONTESTANT) else Role.PRODUCER
    url = f"{site.settings.public_url}/{app}/join/{token}"
    return InvitationMade(url=url, token=token, role=body.role, expires_at=made.expires_at)


@router.post("/tokens", status_code=201)
async def make_token(caller: SignedIn, session: SessionDep, body: NewToken) -> TokenMade:
    token, made = await service.make_token(session, caller.person_id, body.name)
    return TokenMade(id=made.id, name=made.name, created_at=made.created_at, last_used_at=None, token=token)


@router.get("/tokens")
async def list_tokens(caller: SignedIn, session: SessionDep) -> list[TokenRow]:
    return [TokenRow.model_validate(row) for row in await queries.tokens_of(session, caller.person_id)]


@router.delete("/tokens/{token_id}")
async def revoke_token(token_id: UUID, caller: SignedIn, session: SessionDep) -> Done:
    await service.revoke_token(session, caller.person_id, token_id)
    return Done()


@router.post("/device")
async def make_device(
    request: Request,
    response: Response,
    caller: PublicCaller,
    session: SessionDep,
    channel: ShowChannel | None = None,
) -> Device:
    """The anonymous identity of a viewer's phone: a signed random number, no account.

    `channel`: what the join link of a way of seeing the show carries (`/episodes/{id}/channels`); whether it is right
    is seen when the phone votes. A phone that knows its number keeps it when it comes by another link.
    """
    channel = channel or caller.channel
    if caller.device is not None and channel == caller.channel:
        return Device(device=caller.device, channel=channel)
    await guess(request, "device")
    device = caller.device or "d-" + secrets.token_hex(12)
    await remember(request, session, device, timedelta(seconds=DEVICE_LIFE_SECONDS))
    sign_device(request, response, replace(caller, device=device, channel=channel))
    return Device(device=device, channel=channel)


@router.post("/device/work")
async def ask_for_work(request: Request, caller: PublicCaller) -> Work:
    """What a phone computes to show that it is worth something to it, where a vote asks for that."""
    token, seed, bits = await work.challenge(request, caller.phone)
    return Work(token=token, seed=seed, bits=bits)


@router.post("/device/work/answer")
async def answer_work(request: Request, response: Response, caller: PublicCaller, body: WorkAnswer) -> Device:
    work.check(request.app.state.site, caller.phone, body.token, body.answer)
    sign_device(request, response, replace(caller, worked=True))
    return Device(device=caller.phone, channel=caller.channel)


async def _start_session(request: Request, response: Response, session: SessionDep, person: Person) -> None:
    secret, _ = await service.open_session(session, person)
    seconds = int(service.SESSION_LIFE.total_seconds())
    site: Site = request.app.state.site
    set_cookie(site, response, session_cookie(site), secret, seconds)


def _refuse_insecure(request: Request) -> None:
    """A password travels only over HTTPS, on this very machine, or where the operator said the network is trusted."""
    settings = request.app.state.site.settings
    host = re.sub(r":\d*$", "", request.headers.get("host", ""))
    if settings.https or settings.allow_lan_http or host in LOCAL_HOSTS:
        return
    raise Forbidden(
        "auth.insecure_transport",
        "Signing in over plain HTTP works only on this machine. Use HTTPS, or start with --lan for a rehearsal.",
    )
