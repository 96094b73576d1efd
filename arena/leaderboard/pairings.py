"""Suggested pairs over HTTP: the ratings' draw, with what the board does not hide."""

from uuid import UUID

from fastapi import APIRouter

from arena.accounts.public import Producer
from arena.kit.db import SessionDep
from arena.leaderboard.service import is_frozen
from arena.ratings.public import RULE, Pairings, suggest
from arena.shows.public import episode

router = APIRouter(tags=["ratings"])

SHOWN = 8


@router.get("/episodes/{episode_id}/pairings")
async def suggested_pairs(episode_id: UUID, _: Producer, session: SessionDep) -> Pairings:
    """Who should meet next: balanced first, then where a duel tells the most. Drawn by a rule that is public.

    While the board is frozen the order alone: chances and widths would tell how the ratings have moved since.
    """
    about = await episode(session, episode_id)
    hidden = await is_frozen(session, about.season_id)
    return Pairings.of(await suggest(session, about), RULE, SHOWN, hidden)
