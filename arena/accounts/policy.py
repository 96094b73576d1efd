"""Who is asking, and whether the route's permission covers them.

A caller is a person (cookie session or API token) or an anonymous device (signed cookie), or nobody. Cookies are only
believed on unsafe methods when the request comes from our own pages (Origin check); API tokens carry no such risk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlparse
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.requests import HTTPConnection

from arena.accounts import queries, service
from arena.accounts.models import Person
from arena.accounts.rules import Permission, Role, may
from arena.kit.access import Declared
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden, NotFound, Unauthenticated
from arena.kit.site import Site

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
DEVICE = "device"
DEVICE_LIFE_SECONDS = 30 * 24 * 3600
SHOWS = 4
"""Of so many shows, the newest, a phone keeps what vouches for it: a cookie is small."""


def session_cookie(site: Site) -> str:
    # `__Host-` makes the browser insist on HTTPS, path `/` and no domain.
    return "__Host-gavel_session" if site.settings.https else "gavel_session"


def device_cookie(site: Site) -> str:
    return "__Host-gavel_device" if site.settings.https else "gavel_device"


class Shown(NamedTuple):
    """What vouches for somebody in one show, and how sure that is."""

    by: UUID
    level: Literal[2, 3]


@dataclass(frozen=True)
class Caller:
    person: Person | None
    device: str | None
    channel: str = ""
    """Which way of seeing which show the device joined by, as its link said, signed; empty: it did not say."""
    worked: bool = False
    """The device has shown a proof of work."""
    vouched: Mapping[UUID, Shown] = field(default_factory=dict)
    """Episode -> what vouches for the device there (a seat code, an address, a sign-in elsewhere), the newest last."""

    @property
    def roles(self) -> list[str]:
        return self.person.roles if self.person else []

    def may(self, permission: Permission) -> bool:
        return may(self.roles, permission)

    def has(self, role: Role) -> bool:
        return role in self.roles

    @property
    def somebody(self) -> Person:
        """The signed-in person. Only routes whose permission implies a person may ask for it."""
        if self.person is None:
            raise Unauthenticated("auth.required", "Sign in first.")
        return self.person

    @property
    def person_id(self) -> UUID:
        return self.somebody.id

    @property
    def phone(self) -> str:
        """The device's own name. Only routes of a phone that has joined may ask for it."""
        if self.device is None:
            raise Unauthenticated(
                "vote.no_device", "This phone has not joined yet. Open the show's page first."
            )
        return self.device

    @property
    def voter(self) -> str:
        """A viewer is a device; a signed-in person is that person on any device."""
        return f"p-{self.person.id}" if self.person is not None else self.phone


async def current_caller(connection: HTTPConnection, session: SessionDep) -> Caller:
    site: Site = connection.app.state.site
    authorization = connection.headers.get("authorization", "")
    if authorization.startswith("Bearer "):
        person = await service.use_token(session, authorization.removeprefix("Bearer "))
        if person is None:
            raise Unauthenticated("auth.bad_token", "The API token is not valid (any more).")
        return Caller(person, None)
    secret = connection.cookies.get(session_cookie(site))
    device_token = connection.cookies.get(device_cookie(site))
    if (secret or device_token) and not _same_origin(connection):
        raise Forbidden("auth.cross_origin", "This request did not come from a page of this site.")
    person = await queries.person_by_session(session, service.digest(secret)) if secret else None
    return Caller(person, **_device(site, device_token))


def _device(site: Site, token: str | None) -> dict[str, Any]:
    try:
        claims = site.signer.read(DEVICE, token) if token is not None else {}
    except NotFound:
        claims = {}  # an old cookie; the page asks for a new one
    return {
        "device": claims.get("device"),
        "channel": claims.get("channel", ""),
        "worked": claims.get("worked", False),
        "vouched": {
            UUID(show): Shown(UUID(by), level) for show, (by, level) in claims.get("shown", {}).items()
        },
    }


def sign_device(request: Request, response: Response, caller: Caller) -> None:
    """Give the phone its name, and what it has shown, in a cookie that nobody else can write."""
    site: Site = request.app.state.site
    claims = {
        "device": caller.phone,
        "channel": caller.channel,
        "worked": caller.worked,
        "shown": {str(show): (str(by), level) for show, (by, level) in list(caller.vouched.items())[-SHOWS:]},
    }
    token = site.signer.sign(DEVICE, claims, DEVICE_LIFE_SECONDS)
    set_cookie(site, response, device_cookie(site), token, DEVICE_LIFE_SECONDS)


def set_cookie(site: Site, response: Response, name: str, value: str, seconds: int) -> None:
    https = site.settings.https
    response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=https)


def _same_origin(connection: HTTPConnection) -> bool:
    """Cookies ride along with any request a browser makes, so a changing one must come from our own pages.

    A WebSocket handshake is a GET that can act, so it is checked too (cross-site WebSocket hijacking).
    """
    if connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS:
        return True
    origin = connection.headers.get("origin")
    if origin is None:
        # Browsers always send Origin here; its absence means a program, which a forged page cannot drive.
        return True
    return urlparse(origin).netloc == connection.headers.get("host")


CallerDep = Annotated[Caller, Depends(current_caller, scope="function")]


class Allow(Declared):
    """The permission dependency of a route; gives the caller to the route as well."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission
        self.name = permission.value

    async def __call__(self, caller: CallerDep) -> Caller:
        if caller.may(self.permission):
            return caller
        if caller.person is None:
            raise Unauthenticated("auth.required", "Sign in first.")
        raise Forbidden("auth.forbidden", f"Your roles do not allow this (needs: {self.permission}).")


PublicCaller = Annotated[Caller, Depends(Allow(Permission.PUBLIC), scope="function")]
SignedIn = Annotated[Caller, Depends(Allow(Permission.SIGNED_IN), scope="function")]
Contestant = Annotated[Caller, Depends(Allow(Permission.SUBMIT), scope="function")]
Producer = Annotated[Caller, Depends(Allow(Permission.PRODUCE), scope="function")]
Judge = Annotated[Caller, Depends(Allow(Permission.JUDGE), scope="function")]
Inviter = Annotated[Caller, Depends(Allow(Permission.INVITE), scope="function")]
Moderator = Annotated[Caller, Depends(Allow(Permission.MODERATE), scope="function")]
SecondPerson = Annotated[Caller, Depends(Allow(Permission.AGREE), scope="function")]
SeesNodes = Annotated[Caller, Depends(Allow(Permission.SEE_NODES), scope="function")]
RunsNodes = Annotated[Caller, Depends(Allow(Permission.RUN_NODES), scope="function")]
SeesMetrics = Annotated[Caller, Depends(Allow(Permission.SEE_METRICS), scope="function")]
DecidesScores = Annotated[Caller, Depends(Allow(Permission.SCORE), scope="function")]
