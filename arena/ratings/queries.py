"""Reads of ratings, and of the duels that they and the suggestions follow from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.public import Answer, Duel
from arena.kit.errors import NotFound
from arena.ratings.columns import Pair
from arena.ratings.contracts import Basis
from arena.ratings.models import Pairing, RatingSnapshot


async def newest(session: AsyncSession, season_id: UUID) -> RatingSnapshot | None:
    found = await snapshots(session, season_id, limit=1)
    return found[0] if found else None


async def snapshots(
    session: AsyncSession, season_id: UUID, at: datetime | None = None, limit: int = 100
) -> Sequence[RatingSnapshot]:
    """The newest first; with `at`, those that there were at that time."""
    statement = select(RatingSnapshot).where(RatingSnapshot.season_id == season_id)
    if at is not None:
        statement = statement.where(RatingSnapshot.created_at <= at)
    statement = statement.order_by(RatingSnapshot.created_at.desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


@dataclass(frozen=True)
class Moment:
    """What a snapshot said, without what it follows from."""

    id: UUID
    at: datetime
    duels: int
    close_call: bool
    rows: Sequence[Mapping[str, Any]]


async def course(
    session: AsyncSession, season_id: UUID, until: datetime | None = None, most: int = 120
) -> list[Moment]:
    """The season's snapshots, the oldest first, evenly thinned to `most`; the last one is among them."""
    when = select(RatingSnapshot.id).where(RatingSnapshot.season_id == season_id)
    if until is not None:
        when = when.where(RatingSnapshot.created_at <= until)
    ids = (await session.execute(when.order_by(RatingSnapshot.created_at))).scalars().all()
    step = max(1, -(-len(ids) // most))
    chosen = ids[::-1][::step]
    statement = (
        select(
            RatingSnapshot.id,
            RatingSnapshot.created_at,
            RatingSnapshot.duels,
            RatingSnapshot.close_call,
            RatingSnapshot.rows,
        )
        .where(RatingSnapshot.id.in_(chosen))
        .order_by(RatingSnapshot.created_at)
    )
    return [Moment(*row) for row in (await session.execute(statement)).all()]


async def snapshot(session: AsyncSession, snapshot_id: UUID) -> RatingSnapshot:
    found = await session.get(RatingSnapshot, snapshot_id)
    if found is None:
        raise NotFound("ratings.no_snapshot", "There is no such snapshot of the ratings.")
    return found


def basis_of(snapshot: RatingSnapshot | None) -> Basis | None:
    """None as well for a snapshot of an earlier release, which did not say."""
    return Basis.model_validate(snapshot.basis) if snapshot and snapshot.basis else None


@dataclass(frozen=True)
class Met:
    """A duel that was staged and neither failed nor was taken off air, whether it is revealed or not."""

    duel_id: UUID
    episode_id: UUID
    pair: Pair


async def met(session: AsyncSession, season_id: UUID) -> list[Met]:
    statement = (
        select(Duel.id, Duel.episode_id, Answer.entry_id)
        .join(Answer, Answer.duel_id == Duel.id)
        .where(Duel.season_id == season_id, Duel.state != "failed", Answer.turn == 1, Answer.air != "dumped")
    )
    entries: dict[tuple[UUID, UUID], list[str]] = {}
    for duel_id, episode_id, entry_id in (await session.execute(statement)).all():
        entries.setdefault((duel_id, episode_id), []).append(str(entry_id))
    return [Met(*ids, pair=(min(pair), max(pair))) for ids, pair in entries.items()]


async def pairings(session: AsyncSession, duel_ids: Sequence[UUID]) -> dict[UUID, Pairing]:
    found = await session.execute(select(Pairing).where(Pairing.duel_id.in_(duel_ids)))
    return {row.duel_id: row for row in found.scalars()}
