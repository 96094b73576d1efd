"""What happens to accounts: register, sign in and out, invite, make API tokens."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from pwdlib import PasswordHash
from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts import queries
from arena.accounts.models import ApiToken, BrowserSession, Invitation, OneTimeLink, Person
from arena.accounts.queries import Link
from arena.accounts.rules import Role, may_invite
from arena.kit.db import db_now, flush_unless_taken
from arena.kit.errors import Conflict, Forbidden, NotFound, Unauthenticated
from arena.kit.ids import new_secret
from arena.kit.names import PERSON_CHARS, clean_name

SESSION_LIFE = timedelta(days=14)
TOKEN_PREFIX = "gvt_"

T = TypeVar("T")

_passwords = PasswordHash.recommended()
# Verified when the address is unknown, so that both cases take the same time.
_NOBODY = _passwords.hash("nobody has this password")


async def _aside(session: AsyncSession, work: Callable[..., T], *args: str) -> T:
    """Hashing is slow on purpose, so it runs in a thread and holds no connection: a crowd that signs in must not hold
    up the answers on stage, nor the votes. Ends the session's transaction; call it before anything is written."""
    await session.commit()
    return await asyncio.to_thread(work, *args)


def digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


async def register(
    session: AsyncSession, email: str, password: str, display_name: str, invitation: str | None
) -> Person:
    """A new person: a contestant, or what the invitation says. An invitation works once.

    Raises Invalid `name.invalid` for a name that could not be shown, Conflict for a taken address.
    """
    display_name = clean_name(display_name, PERSON_CHARS)
    hashed = await _aside(session, _passwords.hash, password)
    role = Role.CONTESTANT
    invited = None
    if invitation is not None:
        invited = await usable_link(session, Invitation, invitation)
        role = Role(invited.role)
    person = Person(email=email, display_name=display_name, password_hash=hashed, roles=[role])
    session.add(person)
    taken = Conflict("auth.email_taken", "An account with this e-mail address exists. Sign in instead.")
    await flush_unless_taken(session, taken)
    if invited is not None:
        await use_link(session, invited, person.id)
    return person


async def accept(session: AsyncSession, person: Person, invitation: str) -> Person:
    """Give the role of an invitation to someone who already has an account."""
    invited = await usable_link(session, Invitation, invitation)
    # Two invitations accepted at once must both be seen in the roles.
    await session.refresh(person, with_for_update=True)
    person.roles = sorted({*person.roles, invited.role})
    await use_link(session, invited, person.id)
    return person


# --- links that work once, whatever they invite to ----------------------------------------------------------------


async def read_link(session: AsyncSession, kind: type[Link], token: str) -> tuple[Link, bool]:
    """The invitation of a link, and whether it still works."""
    found = await queries.link(session, kind, digest(token))
    if found is None:
        raise _unknown()
    return found, found.used_at is None and found.expires_at > await db_now(session)


async def usable_link(session: AsyncSession, kind: type[Link], token: str) -> Link:
    """The invitation of a link that still works, held for whoever uses it."""
    invited = await queries.link(session, kind, digest(token), lock=True)
    if invited is None:
        raise _unknown()
    if invited.used_at is not None:
        raise Conflict("invitation.used", "This invitation has already been used. Ask for a new one.")
    if invited.expires_at < await db_now(session):
        raise Conflict(
            "invitation.expired",
            "This invitation has expired. Ask for a new one.",
            expired_at=invited.expires_at,
        )
    return invited


async def use_link(session: AsyncSession, invited: OneTimeLink, person_id: UUID) -> None:
    invited.used_by, invited.used_at = person_id, await db_now(session)


def _unknown() -> NotFound:
    return NotFound("invitation.unknown", "This invitation link is not valid. Ask for a new one.")


async def sign_in(session: AsyncSession, email: str, password: str) -> Person:
    """The person, or Unauthenticated with one answer for a wrong address and a wrong password alike."""
    person = await queries.person_by_email(session, email)
    known = person.password_hash if person is not None and person.password_hash is not None else None
    valid, rehashed = await _aside(session, _passwords.verify_and_update, password, known or _NOBODY)
    if person is None or known is None or not valid:
        raise Unauthenticated("auth.wrong_credentials", "The e-mail address or the password is wrong.")
    if rehashed is not None:
        person.password_hash = rehashed
    return person


async def open_session(session: AsyncSession, person: Person) -> tuple[str, datetime]:
    """A fresh secret for the cookie (never reused across sign-ins) and when it expires."""
    secret = new_secret()
    expires_at = await db_now(session) + SESSION_LIFE
    session.add(BrowserSession(token_sha256=digest(secret), person_id=person.id, expires_at=expires_at))
    await session.flush()
    return secret, expires_at


async def close_session(session: AsyncSession, secret: str) -> None:
    await session.execute(delete(BrowserSession).where(BrowserSession.token_sha256 == digest(secret)))


async def invite(session: AsyncSession, by: Person, role: Role, hours: int) -> tuple[str, Invitation]:
    if not may_invite(by.roles, role):
        raise Forbidden("invitation.not_allowed", f"Your roles do not allow inviting a {role}.", role=role)
    return await make_invitation(session, role, hours, by.id)


async def make_invitation(
    session: AsyncSession, role: Role, hours: int, created_by: UUID | None
) -> tuple[str, Invitation]:
    """The secret for the link (shown once) and its row."""
    secret = new_secret()
    expires_at = await db_now(session) + timedelta(hours=hours)
    made = Invitation(token_sha256=digest(secret), role=role, expires_at=expires_at, created_by=created_by)
    session.add(made)
    await session.flush()
    return secret, made


async def make_token(session: AsyncSession, person_id: UUID, name: str) -> tuple[str, ApiToken]:
    """An API token for the command line, shown once."""
    secret = TOKEN_PREFIX + new_secret()
    made = ApiToken(person_id=person_id, name=name, token_sha256=digest(secret))
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return secret, made


async def revoke_token(session: AsyncSession, person_id: UUID, token_id: UUID) -> None:
    statement = (
        delete(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.person_id == person_id)
        .returning(ApiToken.id)
    )
    if (await session.execute(statement)).first() is None:
        raise NotFound("token.not_found", "There is no such token.")


async def use_token(session: AsyncSession, secret: str) -> Person | None:
    """The owner of an API token; notes the use at most once a minute."""
    person = await queries.person_by_token(session, digest(secret))
    if person is not None:
        stale = ApiToken.last_used_at.is_(None) | (
            ApiToken.last_used_at < func.clock_timestamp() - timedelta(minutes=1)
        )
        await session.execute(
            update(ApiToken)
            .where(ApiToken.token_sha256 == digest(secret), stale)
            .values(last_used_at=func.clock_timestamp())
        )
    return person


async def ensure_operator(session: AsyncSession, token: str) -> None:
    """The built-in operator holds exactly the token that the site was started with."""
    operator = await queries.person_by_email(session, "operator@localhost")
    if operator is None:
        operator = Person(
            email="operator@localhost", display_name="Operator", password_hash=None, roles=[Role.OPERATOR]
        )
        session.add(operator)
        await session.flush()
    if await queries.person_by_token(session, digest(token)) is None:
        await session.execute(delete(ApiToken).where(ApiToken.person_id == operator.id))
        session.add(ApiToken(person_id=operator.id, name="built in", token_sha256=digest(token)))
