"""Duels over HTTP. They are started from the rundown; here they are only read."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response

from arena.accounts.public import Producer, PublicCaller, Role
from arena.duels import attempts, attending, images, provenance, queries, tracing
from arena.duels.contracts import SideName
from arena.duels.files import AnswerFile, EpisodeFile
from arena.duels.schemas import AttemptOut, AttentionOut, AttentionStatus, DuelOut, ImageKept, TraceOut
from arena.duels.turns import MAX_TURNS
from arena.kit.db import Json, SessionDep
from arena.kit.site import Site
from arena.shows import public as episodes

router = APIRouter(tags=["duels"])
Turn = Annotated[int, Query(ge=1, le=MAX_TURNS)]
_BYTES = {"schema": {"type": "string", "format": "binary"}}
IMAGE: Json = {"requestBody": {"required": True, "content": {"image/png": _BYTES, "image/jpeg": _BYTES}}}


@router.get("/duels/{duel_id}")
async def read_duel(duel_id: UUID, caller: PublicCaller, session: SessionDep) -> DuelOut:
    duel = await queries.duel(session, duel_id)
    return DuelOut.of(duel, await queries.turns(session, duel), see_names=caller.has(Role.PRODUCER))


@router.get("/episodes/{episode_id}/duels")
async def list_duels(episode_id: UUID, caller: PublicCaller, session: SessionDep) -> list[DuelOut]:
    see_names = caller.has(Role.PRODUCER)
    found = await queries.duels_of(session, episode_id)
    turns = await queries.turns_of(session, found)
    return [DuelOut.of(duel, turns[duel.id], see_names) for duel in found]


@router.get("/duels/{duel_id}/attempts")
async def list_attempts(duel_id: UUID, _: Producer, session: SessionDep) -> list[AttemptOut]:
    """Every try to have the answers, with the reason why it failed."""
    await queries.duel(session, duel_id)
    return [AttemptOut.model_validate(one) for one in await attempts.of(session, duel_id)]


@router.post("/episodes/{episode_id}/images", status_code=201, openapi_extra=IMAGE)
async def keep_image(request: Request, episode_id: UUID, _: Producer, session: SessionDep) -> ImageKept:
    """Put in an image for a prompt, as it is: PNG or JPEG, up to 1 MB. A duel names it by its digest."""
    site: Site = request.app.state.site
    episode = await episodes.episode(session, episode_id)
    images.check_taken((await episodes.season_rules(session, episode.season_id)).track.base, 1)
    return ImageKept(digest=await images.keep(site, await request.body()))


@router.get("/duels/{duel_id}/answers/{side}.json", response_model=AnswerFile)
async def download_answer(
    request: Request, duel_id: UUID, side: SideName, _: PublicCaller, session: SessionDep, turn: Turn = 1
) -> Response:
    """How one answer came about, for anyone, once the names are out; `gavel verify` checks it."""
    site: Site = request.app.state.site
    duel = await queries.duel(session, duel_id)
    file = await provenance.answer_file(site, session, duel, side, turn)
    in_turn = f"-turn-{turn}" if duel.turns > 1 else ""
    return _download(file, f"duel-{duel.number}{in_turn}-{side}.json")


@router.get("/duels/{duel_id}/trace")
async def read_trace(
    request: Request, duel_id: UUID, caller: PublicCaller, session: SessionDep, turn: Turn = 1
) -> TraceOut:
    """How sure both models were along their answers, and what they nearly said. For anyone, after the reveal."""
    site: Site = request.app.state.site
    duel = await queries.duel(session, duel_id)
    return await tracing.read(site, session, duel, turn, see_reasons=caller.has(Role.PRODUCER))


@router.post("/duels/{duel_id}/answers/{side}/attention", status_code=202)
async def ask_for_attention(
    request: Request, duel_id: UUID, side: SideName, caller: Producer, session: SessionDep, turn: Turn = 1
) -> AttentionStatus:
    """Have a lab look at what the answer paid attention to. Asked twice, it is done once; failed, it is done again."""
    site: Site = request.app.state.site
    duel = await queries.duel(session, duel_id)
    return await attending.ask(site, session, duel, turn, side, caller.person_id)


@router.get("/duels/{duel_id}/answers/{side}/attention", response_model=AttentionOut)
async def read_attention(
    request: Request, duel_id: UUID, side: SideName, _: PublicCaller, session: SessionDep, turn: Turn = 1
) -> Response:
    """The heat map of one answer, for anyone, once it is there."""
    site: Site = request.app.state.site
    found = await attending.read(site, session, await queries.duel(session, duel_id), turn, side)
    # It is sealed, and whoever may read it now may read it later.
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(orjson.dumps(found), media_type="application/json", headers=headers)


@router.get("/episodes/{episode_id}/provenance.json", response_model=EpisodeFile)
async def download_provenance(
    request: Request, episode_id: UUID, _: PublicCaller, session: SessionDep
) -> Response:
    """The records of all answers of an episode, as one chain."""
    site: Site = request.app.state.site
    episode = await episodes.episode(session, episode_id)
    file = await provenance.episode_file(site, session, episode.id)
    return _download(file, f"episode-{episode.number}-provenance.json")


def _download(file: Json, name: str) -> Response:
    """Indented: people open it too. As it is recorded, not as a schema would write it again."""
    body = orjson.dumps(file, option=orjson.OPT_INDENT_2)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)
