"""The calendar over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from arena.accounts.public import Producer, PublicCaller
from arena.kit.db import SessionDep
from arena.shows import queries, service
from arena.shows.schemas import EpisodeOut, NewEpisode, SeasonOut

router = APIRouter(tags=["shows"])


@router.get("/seasons/current")
async def current_season(_: PublicCaller, session: SessionDep) -> SeasonOut:
    return SeasonOut.of(await queries.current_season(session))


@router.get("/episodes")
async def list_episodes(_: PublicCaller, session: SessionDep) -> list[EpisodeOut]:
    return [EpisodeOut.model_validate(row) for row in await queries.episodes(session)]


@router.post("/episodes", status_code=201)
async def make_episode(_: Producer, session: SessionDep, body: NewEpisode) -> EpisodeOut:
    season = await queries.current_season(session)
    return EpisodeOut.model_validate(await service.make_episode(session, season, body.title))


@router.get("/episodes/{episode_id}")
async def read_episode(episode_id: UUID, _: PublicCaller, session: SessionDep) -> EpisodeOut:
    return EpisodeOut.model_validate(await queries.episode(session, episode_id))


@router.get("/episodes/{episode_id}/season")
async def season_of_episode(episode_id: UUID, _: PublicCaller, session: SessionDep) -> SeasonOut:
    """The season that the episode belongs to, which need not be the current one any more."""
    return SeasonOut.of(await queries.season_of(session, await queries.episode(session, episode_id)))


@router.get("/join/{code}")
async def join(code: str, _: PublicCaller, session: SessionDep) -> EpisodeOut:
    return EpisodeOut.model_validate(await queries.episode_by_code(session, code))
