"""Reads of the show."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.rundown.models import ShowEvent
from arena.rundown.rules import Show, fold


async def events(session: AsyncSession, episode_id: UUID) -> Sequence[ShowEvent]:
    statement = select(ShowEvent).where(ShowEvent.episode_id == episode_id).order_by(ShowEvent.version)
    return (await session.execute(statement)).scalars().all()


async def show(session: AsyncSession, episode_id: UUID) -> Show:
    return fold((event.type, event.body) for event in await events(session, episode_id))


async def done(session: AsyncSession, episode_id: UUID, key: str) -> bool:
    """Whether the log has a step under this key."""
    found = select(ShowEvent.version).where(ShowEvent.episode_id == episode_id, ShowEvent.key == key)
    return (await session.execute(found)).first() is not None
