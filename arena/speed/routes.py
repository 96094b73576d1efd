"""Speed over HTTP: producers start, stop and release; everybody sees who is measured, and after the release what came
of it."""

from uuid import UUID

import orjson
from fastapi import APIRouter, Response

from arena.accounts.public import Producer, PublicCaller, Role
from arena.kit.db import SessionDep
from arena.shows.public import episode
from arena.speed import files, queries, service
from arena.speed.schemas import NewSpeedRun, SpeedFile, SpeedOut

router = APIRouter(tags=["speed"])


@router.post("/episodes/{episode_id}/speed", status_code=201)
async def start_speed_run(episode_id: UUID, _: Producer, session: SessionDep, body: NewSpeedRun) -> SpeedOut:
    """Measure two entries and the house, one after the other, on an engine that nobody else has meanwhile."""
    about = await episode(session, episode_id)
    run = await service.start(session, about, body)
    return await queries.describe(session, run, sees_all=True)


@router.get("/episodes/{episode_id}/speed")
async def list_speed_runs(episode_id: UUID, caller: PublicCaller, session: SessionDep) -> list[SpeedOut]:
    about = await episode(session, episode_id)
    sees_all = caller.has(Role.PRODUCER)
    return [
        await queries.describe(session, run, sees_all) for run in await queries.runs_of(session, about.id)
    ]


@router.get("/speed/{run_id}")
async def read_speed_run(run_id: UUID, caller: PublicCaller, session: SessionDep) -> SpeedOut:
    run = await queries.run(session, run_id)
    return await queries.describe(session, run, caller.has(Role.PRODUCER))


@router.post("/speed/{run_id}/stop")
async def stop_speed_run(run_id: UUID, _: Producer, session: SessionDep) -> SpeedOut:
    """The engine is needed for something else. What was measured so far is void."""
    return await queries.describe(session, await service.stop(session, run_id), sees_all=True)


@router.post("/speed/{run_id}/release")
async def release_speed_run(run_id: UUID, _: Producer, session: SessionDep) -> SpeedOut:
    """Show everybody what came of it."""
    return await queries.describe(session, await service.release(session, run_id), sees_all=True)


@router.get("/speed/{run_id}/runs.json", response_model=SpeedFile)
async def download_speed_run(run_id: UUID, caller: PublicCaller, session: SessionDep) -> Response:
    """Every request with all its stamps."""
    run = await queries.run(session, run_id)
    file = await files.speed_file(session, run, caller.has(Role.PRODUCER))
    body = orjson.dumps(file.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    headers = {"Content-Disposition": f'attachment; filename="speed-{run.number}.json"'}
    return Response(body, media_type="application/json", headers=headers)
