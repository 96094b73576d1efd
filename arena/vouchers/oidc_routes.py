"""Signing in with the site's provider over HTTP: a phone is sent there, and comes back to the page it was on."""

from time import time
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from limits import RateLimitItem, RateLimitItemPerMinute

from arena.accounts.public import Caller, PublicCaller, guess, slow_down
from arena.kit.db import SessionDep
from arena.kit.errors import Conflict, Forbidden, GavelError, TooMany
from arena.kit.ids import new_secret
from arena.kit.site import Site
from arena.shows.public import Episode, episode
from arena.vouchers import service
from arena.vouchers.models import Voucher
from arena.vouchers.oidc import Provider, secret_of
from arena.vouchers.routes import carry, site_key
from arena.vouchers.rules import stored
from arena.vouchers.schemas import SignInAt

router = APIRouter(tags=["vouchers"])

STATE = "oidc"
LIFE_SECONDS = 600
TOLD_SECONDS = 24 * 3600
"""So long who comes back too late is told so, on the page he left."""
ONCE: RateLimitItem = RateLimitItemPerMinute(1, 2 * LIFE_SECONDS // 60)

Parameter = Annotated[str | None, Query(max_length=4096)]


@router.post("/episodes/{episode_id}/vouchers/oidc")
async def begin_sign_in(
    episode_id: UUID, request: Request, caller: PublicCaller, session: SessionDep
) -> SignInAt:
    """Where this phone, or this account, says who it is. What comes back is good for the same one, once."""
    voter, provider = caller.voter, _provider(request)
    about = await episode(session, episode_id)
    service.require_running(about)
    await guess(request, "oidc")
    await guess(request, "oidc_of_voter", voter)
    # Nobody keeps a connection to the database while a provider takes its time.
    await session.commit()
    attempt, key, site = new_secret(), site_key(request), _site(request)
    claims = {
        "attempt": attempt,
        "show": str(about.id),
        "voter": _mark(key, about, caller),
        "at": int(time()),
    }
    state = site.signer.sign(STATE, claims, TOLD_SECONDS)
    url = await provider.sign_in_url(
        state, secret_of(key, "nonce", attempt), secret_of(key, "verifier", attempt)
    )
    return SignInAt(url=url)


@router.get("/oidc/callback", include_in_schema=False)
async def end_sign_in(
    request: Request,
    caller: PublicCaller,
    session: SessionDep,
    state: Annotated[str, Query(max_length=4096)],
    code: Parameter = None,
    error: Parameter = None,
    iss: Parameter = None,
) -> RedirectResponse:
    """From the provider, whatever came of it; back to the show's page, which says it in words."""
    claims = _site(request).signer.read(STATE, state)
    about = await episode(session, UUID(claims["show"]))
    page = f"/s/{about.code}"
    try:
        await _refuse_state(request, caller, about, claims)
        if code is None or error is not None:
            raise Forbidden(
                "oidc.denied", "You have not signed in, or the service did not let you. Try again."
            )
        voucher = await _prove(request, session, about, caller, claims["attempt"], code, iss)
    except GavelError as refused:
        await session.rollback()
        return _back(page, refused.code)
    answer = _back(page, "done")
    carry(request, answer, caller, about, voucher)
    return answer


async def _refuse_state(
    request: Request, caller: Caller, about: Episode, claims: dict[str, str | int]
) -> None:
    if claims["voter"] != _mark(site_key(request), about, caller):
        raise Forbidden(
            "oidc.wrong_device", "This was begun on another phone or browser. Sign in from this one."
        )
    late = TooMany("oidc.expired", "That took too long, or came back twice. Sign in again.")
    if time() > int(claims["at"]) + LIFE_SECONDS:
        raise late
    # While Valkey is away, that the provider takes a code once has to do. A second time would raise the same voter.
    await slow_down(request, ONCE, STATE, str(claims["attempt"]), late)


async def _prove(
    request: Request,
    session: SessionDep,
    about: Episode,
    caller: Caller,
    attempt: str,
    code: str,
    issuer: str | None,
) -> Voucher:
    key, provider = site_key(request), _provider(request)
    await session.commit()
    nonce, verifier = secret_of(key, "nonce", attempt), secret_of(key, "verifier", attempt)
    subject = await provider.subject(code, nonce, verifier, issuer)
    return await service.take_person(session, key, about, caller.voter, provider.issuer, subject)


def _mark(key: str, about: Episode, caller: Caller) -> str:
    """Whose way it is, in a word that tells the provider nothing."""
    voter = caller.voter if caller.person is not None or caller.device is not None else ""
    return stored(key, "sign-in", about.id, voter)


def _back(page: str, said: str) -> RedirectResponse:
    # Behind the `#`, as a seat's code: no log has it.
    return RedirectResponse(f"{page}#signin={said}", 303)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise Conflict("oidc.not_configured", "Nobody can sign in with another service on this site.")
    return provider


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site
