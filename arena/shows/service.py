"""What happens to the calendar."""

from typing import get_args

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.ids import new_code
from arena.kit.jobs.outbox import record
from arena.shows.contracts import EpisodePlanned
from arena.shows.models import Episode, Season
from arena.shows.rules import Artifact, SeasonRules, Track
from arena.shows.training import Budget, TrainingRules

PRACTICE = TrainingRules(budget=Budget(steps=60, seconds=600))
"""Little enough for a laptop's processor."""


async def ensure_season(session: AsyncSession, name: str = "Season 1") -> Season:
    """The current season; a fresh site gets one to practise in, with the default rules and every kind of entry, data
    sets that can be trained among them."""
    # One start-up at a time: two portals starting together must not make two seasons.
    await session.execute(select(func.pg_advisory_xact_lock(0x6A7E1)))
    found = (
        await session.execute(select(Season).order_by(Season.created_at.desc()).limit(1))
    ).scalar_one_or_none()
    if found is not None:
        return found
    rules = SeasonRules(track=Track(artifacts=get_args(Artifact), training=PRACTICE))
    season = Season(name=name, rules=rules.model_dump(mode="json"), rules_digest=rules.digest)
    session.add(season)
    await session.flush()
    return season


async def make_episode(session: AsyncSession, season: Season, title: str) -> Episode:
    # The season row serialises numbering.
    await session.execute(select(Season.id).where(Season.id == season.id).with_for_update())
    last = select(func.coalesce(func.max(Episode.number), 0)).where(Episode.season_id == season.id)
    number = (await session.execute(last)).scalar_one() + 1
    made = Episode(season_id=season.id, number=number, title=title, code=new_code(), state="planned")
    session.add(made)
    await session.flush()
    record(session, EpisodePlanned(episode_id=made.id, season_id=season.id))
    return made
