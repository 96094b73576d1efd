"""Reads for preference sets."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.duels.public import Duel
from arena.kit.db import Json
from arena.kit.errors import NotFound
from arena.preferences.models import PreferenceSet
from arena.preferences.rules import compared
from arena.preferences.schemas import (
    LeftOut,
    PreferencePairOut,
    PreferenceSetOut,
    PreferenceSetPage,
    SinceSetOut,
)
from arena.shows.public import Episode
from arena.speed.public import unreleased_questions
from arena.submissions import public as submissions
from arena.training.public import trained_on


async def preference_set(session: AsyncSession, set_id: UUID) -> PreferenceSet:
    found = await session.get(PreferenceSet, set_id)
    if found is None:
        raise NotFound("preferences.not_found", "There is no such preference set.")
    return found


async def sets(session: AsyncSession, season_id: UUID) -> Sequence[PreferenceSet]:
    """The newest first."""
    statement = (
        select(PreferenceSet)
        .where(PreferenceSet.season_id == season_id)
        .order_by(PreferenceSet.created_at.desc())
    )
    return (await session.execute(statement)).scalars().all()


async def of_digest(session: AsyncSession, season_id: UUID, digest: str) -> PreferenceSet | None:
    statement = select(PreferenceSet).where(
        PreferenceSet.season_id == season_id, PreferenceSet.digest == digest
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def before(session: AsyncSession, row: PreferenceSet) -> PreferenceSet | None:
    """The set that the season had made before this one."""
    statement = (
        select(PreferenceSet)
        .where(PreferenceSet.season_id == row.season_id, PreferenceSet.created_at < row.created_at)
        .order_by(PreferenceSet.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def described(session: AsyncSession, row: PreferenceSet) -> PreferenceSetOut:
    """With the state of its check."""
    maker = await session.get_one(Person, row.made_by)
    found = await submissions.with_entry(session, row.submission_id)
    assert found is not None, "it is kept with the set"
    return PreferenceSetOut.of(row, maker.display_name, await submissions.describe(session, *found))


async def page(session: AsyncSession, row: PreferenceSet, outdated: Sequence[Json]) -> PreferenceSetPage:
    summary = await described(session, row)
    return PreferenceSetPage(
        **summary.model_dump(),
        pairs=await _named(session, row.pairs),
        unused=[LeftOut.model_validate(one) for one in row.left_out],
        outdated=[LeftOut.model_validate(one) for one in outdated],
        candidates=await trained_on(session, row.submission_id),
        since=await _since(session, row),
    )


async def _named(session: AsyncSession, pairs: Sequence[Json]) -> list[PreferencePairOut]:
    """With the names of the entries, which were told at the reveal."""
    met = {UUID(pair[side]["entry"]) for pair in pairs for side in ("chosen", "rejected")}
    entries = (
        await session.execute(select(submissions.Entry).where(submissions.Entry.id.in_(met)))
    ).scalars()
    names = {str(entry.id): entry.name for entry in entries}
    return [
        PreferencePairOut.model_validate(
            pair
            | {side: pair[side] | {"name": names[pair[side]["entry"]]} for side in ("chosen", "rejected")}
        )
        for pair in pairs
    ]


async def _since(session: AsyncSession, row: PreferenceSet) -> SinceSetOut | None:
    earlier = await before(session, row)
    if earlier is None:
        return None
    added, removed, changed = compared(row.pairs, earlier.pairs)
    return SinceSetOut(
        id=earlier.id, made_at=earlier.created_at, added=added, removed=removed, changed=changed
    )


async def duels_of(session: AsyncSession, season_id: UUID, episodes: Collection[UUID]) -> Sequence[Duel]:
    """Of these episodes, or of the whole season, in the order of the show."""
    statement = (
        select(Duel)
        .join(Episode, Episode.id == Duel.episode_id)
        .where(Duel.season_id == season_id)
        .order_by(Episode.number, Duel.number)
    )
    if episodes:
        statement = statement.where(Duel.episode_id.in_(episodes))
    return (await session.execute(statement)).scalars().all()


async def is_of_season(session: AsyncSession, season_id: UUID, episode_id: UUID) -> bool:
    found = await session.get(Episode, episode_id)
    return found is not None and found.season_id == season_id


async def still_asked(session: AsyncSession) -> list[str]:
    """Prompts of duels that are not revealed, and questions of quizzes that are not released, in all episodes that are
    not over: a duel that has failed may be staged again."""
    statement = (
        select(Duel)
        .join(Episode, Episode.id == Duel.episode_id)
        .where(Episode.state != "finished", Duel.revealed_at.is_(None))
    )
    waiting = (await session.execute(statement)).scalars().all()
    return [text for duel in waiting for text in duel.course.prompts] + await unreleased_questions(session)
