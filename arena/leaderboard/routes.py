"""The board over HTTP."""

from fastapi import APIRouter

from arena.accounts.public import Producer, PublicCaller
from arena.kit.db import SessionDep
from arena.leaderboard import service, suites
from arena.leaderboard.schemas import Board, Freeze, SuiteScores
from arena.shows.public import current_season

router = APIRouter(prefix="/leaderboard", tags=["leaderboard"])


@router.get("")
async def read_board(_: PublicCaller, session: SessionDep) -> Board:
    return await service.board(session, (await current_season(session)).id)


@router.post("/freeze")
async def freeze_board(_: Producer, session: SessionDep, body: Freeze) -> Board:
    """Keep what is shown now while results go on, or lift that."""
    season = await current_season(session)
    await service.freeze(session, season.id, body.frozen)
    return await service.board(session, season.id)


@router.get("/suites/{suite_id}")
async def read_suite_scores(suite_id: str, _: PublicCaller, session: SessionDep) -> SuiteScores:
    """What the entries of the season have scored on one suite."""
    return await suites.scores(session, (await current_season(session)).id, suite_id)
