"""Suggested pairs over HTTP. Snapshots are shown by the leaderboard, which knows what is frozen."""

from uuid import UUID

from fastapi import APIRouter

from arena.accounts.public import Producer
from arena.kit.db import SessionDep
from arena.ratings.pairing import RULE
from arena.ratings.schemas import Pairings
from arena.ratings.suggesting import suggest
from arena.shows.public import episode

router = APIRouter(tags=["ratings"])

SHOWN = 8


@router.get("/episodes/{episode_id}/pairings")
async def suggested_pairs(episode_id: UUID, _: Producer, session: SessionDep) -> Pairings:
    """Who should meet next: balanced first, then where a duel tells the most. Drawn by a rule that is public."""
    drawn = await suggest(session, await episode(session, episode_id))
    return Pairings.of(drawn, RULE, SHOWN)
