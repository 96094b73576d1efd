"""JSON shapes of seat codes, of codes by e-mail and of signing in elsewhere."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.kit.schemas import In, Out

Address = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=254
    ),
]
Language = Literal["zh", "en"]
SeatState = Literal["free", "used", "revoked"]


class Ways(Out):
    """How a phone can show in this episode who it belongs to."""

    seat: bool
    mail: bool
    oidc: str | None
    """The name of whom to sign in with; null: this site has none."""


class Vouched(Out):
    """The phone votes at this level in this episode from now on."""

    level: Literal[2, 3]


class SignInAt(Out):
    url: str
    """The provider's page. It sends the browser back to the show's page, with what came of it behind `#signin=`."""


class SeatCode(In):
    code: Annotated[str, StringConstraints(max_length=40)]


class AskMail(In):
    address: Address
    language: Language


class MailSent(Out):
    again_seconds: int
    """Not sent again before that."""
    expires_seconds: int


class MailCode(In):
    code: Annotated[str, StringConstraints(pattern=r"^\d{6}$")]


class NewSheet(In):
    count: int = Field(ge=1, le=500)


class PrintedSeat(Out):
    number: int
    code: str
    """Shown now and never again."""
    url: str
    """Opens the show's page with the code filled in. It stands behind the `#`, which no server is told."""


class PrintedSheet(Out):
    id: UUID
    seats: list[PrintedSeat]


class SeatOut(Out):
    number: int
    state: SeatState


class SheetOut(Out):
    id: UUID
    created_at: datetime
    free: int
    used: int
    revoked: int
    seats: list[SeatOut]


class SeatsOut(Out):
    sheets: list[SheetOut]
    """The newest first."""
    mail: bool
    """Whether this site sends codes by e-mail."""
    by_mail: int
    """Devices for which an address vouches."""
    oidc: str | None
    """The name of whom voters can sign in with."""
