"""The show's log: one writer at a time, each step under a key of its own."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.jobs.outbox import record
from arena.rundown.contracts import ShowMoved
from arena.rundown.models import ShowEvent
from arena.rundown.rules import Show, apply
from arena.shows.public import Episode


async def hold(session: AsyncSession, episode_id: UUID) -> None:
    """The episode's row serialises all that is done to one show."""
    await session.execute(select(Episode.id).where(Episode.id == episode_id).with_for_update())


async def write(
    session: AsyncSession,
    episode_id: UUID,
    show: Show,
    type: str,
    body: dict[str, Any],
    command: dict[str, Any],
    key: str,
    by: UUID | None,
) -> Show:
    """Add the next event; returns the show after it. The caller holds the episode."""
    after = apply(show, type, body)
    session.add(
        ShowEvent(
            episode_id=episode_id,
            version=after.version,
            type=type,
            body=body,
            command=command,
            key=key,
            by=by,
        )
    )
    await session.flush()
    record(session, ShowMoved(episode_id=episode_id, version=after.version))
    return after
