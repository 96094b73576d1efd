"""Reads of the calendar."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import NotFound
from arena.kit.ids import normalise_code
from arena.shows.models import Episode, Season
from arena.shows.rules import SeasonRules


async def current_season(session: AsyncSession) -> Season:
    found = (
        await session.execute(select(Season).order_by(Season.created_at.desc()).limit(1))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("season.none", "No season has been set up yet.")
    return found


async def all_seasons(session: AsyncSession) -> Sequence[Season]:
    """The newest first."""
    return (await session.execute(select(Season).order_by(Season.created_at.desc()))).scalars().all()


async def season_rules(session: AsyncSession, season_id: UUID) -> SeasonRules:
    season = await session.get_one(Season, season_id)
    return SeasonRules.model_validate(season.rules)


async def episode(session: AsyncSession, episode_id: UUID) -> Episode:
    found = await session.get(Episode, episode_id)
    if found is None:
        raise NotFound("episode.not_found", "There is no such episode.")
    return found


async def season_of(session: AsyncSession, episode: Episode) -> Season:
    return await session.get_one(Season, episode.season_id)


async def episodes(session: AsyncSession) -> Sequence[Episode]:
    return (await session.execute(select(Episode).order_by(Episode.created_at.desc()))).scalars().all()


async def on_air(session: AsyncSession) -> bool:
    """Whether a show is live."""
    return (
        await session.execute(select(Episode.id).where(Episode.state == "live").limit(1))
    ).first() is not None


async def episode_by_code(session: AsyncSession, code: str) -> Episode:
    statement = select(Episode).where(Episode.code == normalise_code(code))
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("join.unknown_code", "No show has this code. Check the six characters on the screen.")
    return found
