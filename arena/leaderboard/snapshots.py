"""Dated ratings over HTTP. While the board is frozen or closed nothing later is shown: it would tell
what is kept back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from arena.accounts.public import PublicCaller
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.leaderboard.tracing import horizon
from arena.ratings.public import SnapshotLine, SnapshotOut, snapshot, snapshots
from arena.shows.public import current_season

router = APIRouter(prefix="/ratings/snapshots", tags=["ratings"])


@router.get("")
async def list_snapshots(
    _: PublicCaller,
    session: SessionDep,
    at: Annotated[datetime | None, Query(description="Only those that there were at this time.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[SnapshotLine]:
    """What the season's ratings were after each reveal, the newest first."""
    season = await current_season(session)
    moments = [moment for moment in (at, await horizon(session, season.id)) if moment is not None]
    found = await snapshots(session, season.id, min(moments, default=None), limit)
    return [SnapshotLine.of(row) for row in found]


@router.get("/{snapshot_id}")
async def read_snapshot(snapshot_id: UUID, _: PublicCaller, session: SessionDep) -> SnapshotOut:
    """Ratings of a date with all that they follow from, so that anybody can compute them again."""
    found = await snapshot(session, snapshot_id)
    until = await horizon(session, found.season_id)
    if until is not None and found.created_at > until:
        raise NotFound("ratings.no_snapshot", "There is no such snapshot of the ratings.")
    return SnapshotOut.of(found)
