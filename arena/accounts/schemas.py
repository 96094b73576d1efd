"""JSON shapes of accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.accounts.rules import Role
from arena.kit.schemas import In, Out

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Password = Annotated[str, StringConstraints(min_length=10, max_length=200, strip_whitespace=False)]
DisplayName = Annotated[str, StringConstraints(max_length=400)]
"""At most 80 characters once it is normalised; `name.invalid` says what else is wrong with it."""


class Register(In):
    email: Email
    password: Password
    display_name: DisplayName
    invitation: str | None = None


class Login(In):
    email: str = Field(max_length=254)
    password: Annotated[str, StringConstraints(max_length=200, strip_whitespace=False)]


class Me(Out):
    id: UUID
    email: str
    display_name: str
    roles: list[Role]


class Invite(In):
    role: Role
    hours: int = Field(default=72, ge=1, le=24 * 30)


class InvitationMade(Out):
    url: str
    token: str
    role: Role
    expires_at: datetime


class InvitationState(Out):
    role: Role
    expires_at: datetime
    valid: bool


class NewToken(In):
    name: str = Field(min_length=1, max_length=60)


class TokenRow(Out):
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class TokenMade(TokenRow):
    token: str


ShowChannel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,16}\.[0-9a-f]{16}$")]
"""A channel's id and the site's signature under it and the show."""


class Device(Out):
    device: str
    channel: str


class Work(Out):
    """Find a number for which SHA-256 of `seed:number` begins with `bits` zero bits."""

    token: str
    seed: str
    bits: int


class WorkAnswer(In):
    token: Annotated[str, StringConstraints(max_length=1000)]
    answer: int = Field(ge=0, lt=2**53)
