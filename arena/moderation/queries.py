"""Reads of moderation."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from arena.moderation.models import ListVersion, Record
from arena.moderation.rules import Action
from arena.moderation.schemas import ActiveList, ListRow

_TERMS = func.jsonb_array_length(ListVersion.terms)


async def active(session: AsyncSession) -> tuple[ActiveList, ...]:
    """The newest version of each list, without its terms: cheap enough to ask before every check."""
    statement = (
        select(ListVersion.name, ListVersion.version, ListVersion.digest)
        .ext(distinct_on(ListVersion.name))
        .order_by(ListVersion.name, ListVersion.version.desc())
    )
    rows = (await session.execute(statement)).all()
    return tuple(ActiveList(name=row.name, version=row.version, digest=row.digest) for row in rows)


async def terms(session: AsyncSession, lists: Sequence[ActiveList]) -> Sequence[ListVersion]:
    found = []
    for one in lists:
        statement = select(ListVersion).where(
            ListVersion.name == one.name, ListVersion.version == one.version
        )
        found.append((await session.execute(statement)).scalar_one())
    return found


async def lists(session: AsyncSession) -> list[ListRow]:
    statement = (
        select(ListVersion, _TERMS)
        .ext(distinct_on(ListVersion.name))
        .order_by(ListVersion.name, ListVersion.version.desc())
        .options(defer(ListVersion.terms))
    )
    return [ListRow.of(row, count, True) for row, count in (await session.execute(statement)).all()]


async def versions(session: AsyncSession, name: str) -> list[ListRow]:
    """Newest first; empty when there is no such list."""
    statement = (
        select(ListVersion, _TERMS)
        .where(ListVersion.name == name)
        .order_by(ListVersion.version.desc())
        .options(defer(ListVersion.terms))
    )
    rows = (await session.execute(statement)).all()
    return [ListRow.of(row, count, index == 0) for index, (row, count) in enumerate(rows)]


async def version(session: AsyncSession, name: str, number: int) -> ListVersion | None:
    statement = select(ListVersion).where(ListVersion.name == name, ListVersion.version == number)
    return (await session.execute(statement)).scalar_one_or_none()


async def records(
    session: AsyncSession, action: Action | None, source: str | None, before: UUID | None, limit: int
) -> Sequence[Record]:
    """Newest first; `before` is the id of the last record of the page before (ids grow with time)."""
    statement = select(Record).order_by(Record.id.desc()).limit(limit)
    if action is not None:
        statement = statement.where(Record.action == action)
    if source is not None:
        statement = statement.where(Record.source == source)
    if before is not None:
        statement = statement.where(Record.id < before)
    return (await session.execute(statement)).scalars().all()
