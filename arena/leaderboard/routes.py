"""The board over HTTP."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response

from arena.accounts.public import Producer, PublicCaller
from arena.kit.db import SessionDep
from arena.leaderboard import exporting, service, suites, tracing
from arena.leaderboard.schemas import (
    Board,
    BoardFile,
    EpisodeBoard,
    Freeze,
    History,
    NextStep,
    Origins,
    SuiteScores,
)
from arena.shows.public import current_season, episode

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


@router.post("/close")
async def close_board(_: Producer, session: SessionDep) -> Board:
    """Show nothing of it to anybody, until it is revealed."""
    season = await current_season(session)
    await service.close(session, season.id)
    return await service.board(session, season.id)


@router.post("/reveal")
async def reveal_board(_: Producer, session: SessionDep, body: NextStep) -> Board:
    """The next step of opening a closed board, from the last place up."""
    season = await current_season(session)
    await service.reveal(session, season.id, body)
    return await service.board(session, season.id)


@router.get("/history")
async def read_board_history(_: PublicCaller, session: SessionDep) -> History:
    """How the ratings of the season have moved."""
    return await tracing.history(session, (await current_season(session)).id)


@router.get("/episodes/{episode_id}")
async def read_episode_board(episode_id: UUID, _: PublicCaller, session: SessionDep) -> EpisodeBoard:
    """How the season stood when an episode was over."""
    return await tracing.after_episode(session, await episode(session, episode_id))


@router.get("/entries/{entry_id}")
async def read_origins(entry_id: UUID, _: PublicCaller, session: SessionDep) -> Origins:
    """What every figure in a row of the board follows from."""
    return await tracing.origins(session, (await current_season(session)).id, entry_id)


@router.get("/export.{form}", response_model=BoardFile)
async def export_board(form: Literal["json", "csv"], _: PublicCaller, session: SessionDep) -> Response:
    """The board as it is shown, as a file."""
    shown = await service.board(session, (await current_season(session)).id)
    body, kind = (
        (exporting.as_json(shown), "application/json")
        if form == "json"
        else (exporting.as_csv(shown), "text/csv; charset=utf-8")
    )
    headers = {"Content-Disposition": f'attachment; filename="board-{shown.version}.{form}"'}
    return Response(body, media_type=kind, headers=headers)


@router.get("/suites/{suite_id}")
async def read_suite_scores(suite_id: str, _: PublicCaller, session: SessionDep) -> SuiteScores:
    """What the entries of the season have scored on one suite."""
    return await suites.scores(session, (await current_season(session)).id, suite_id)
