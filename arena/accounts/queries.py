"""Reads of accounts."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.models import ApiToken, BrowserSession, OneTimeLink, Person

Link = TypeVar("Link", bound=OneTimeLink)

now = func.clock_timestamp
_MAY_JUDGE = (
    Person.roles.contains(["judge"]),
    ~Person.roles.contains(["producer"]),
    ~Person.roles.contains(["moderator"]),
)


async def person_by_email(session: AsyncSession, email: str) -> Person | None:
    statement = select(Person).where(func.lower(Person.email) == email.lower())
    return (await session.execute(statement)).scalar_one_or_none()


async def person_by_session(session: AsyncSession, token_sha256: str) -> Person | None:
    statement = (
        select(Person)
        .join(BrowserSession, BrowserSession.person_id == Person.id)
        .where(BrowserSession.token_sha256 == token_sha256, BrowserSession.expires_at > now())
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def person_by_token(session: AsyncSession, token_sha256: str) -> Person | None:
    statement = (
        select(Person)
        .join(ApiToken, ApiToken.person_id == Person.id)
        .where(ApiToken.token_sha256 == token_sha256)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def link(session: AsyncSession, kind: type[Link], token_sha256: str, lock: bool = False) -> Link | None:
    statement = select(kind).where(kind.token_sha256 == token_sha256)
    if lock:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def tokens_of(session: AsyncSession, person_id: UUID) -> Sequence[ApiToken]:
    statement = select(ApiToken).where(ApiToken.person_id == person_id).order_by(ApiToken.created_at)
    return (await session.execute(statement)).scalars().all()


async def jurors(session: AsyncSession) -> Sequence[Person]:
    """Who may give verdicts at all, by name. Producers and moderators, who see more than the hall, may not."""
    statement = select(Person).where(*_MAY_JUDGE).order_by(Person.display_name, Person.id)
    return (await session.execute(statement)).scalars().all()
