"""Training over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from arena.accounts.public import Producer, PublicCaller, Role, SignedIn
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.site import Site
from arena.shows.base_models import BASE_MODELS
from arena.shows.public import current_season, season_rules
from arena.shows.training import Budget, TrainingSpec
from arena.submissions.artifacts import DATA_JSONL
from arena.submissions.public import VisibleSubmission
from arena.submissions.sealing import sealed
from arena.training import commands, ordering, queries, races, service
from arena.training.contracts import DevicePlan
from arena.training.models import TrainingRun
from arena.training.plan import plan as device_plan
from arena.training.policy import OwnAdapter, OwnData, ProducedRace, VisibleRace, VisibleTraining
from arena.training.schemas import (
    NewRace,
    NewTraining,
    PointsOut,
    RaceOut,
    TrainingOptions,
    TrainingOut,
    TrainingRecipe,
    VersionRef,
)

router = APIRouter(prefix="/training", tags=["training"])


@router.get("/options")
async def training_options(
    request: Request, found: VisibleSubmission, session: SessionDep
) -> TrainingOptions:
    """What can be made of a data set (`submission_id`): recipes for its form, proposals, limits, and about how long
    each would take."""
    return await ordering.options(request.app.state.site, session, *found)


@router.get("/datasets")
async def trainable_datasets(_: Producer, session: SessionDep) -> list[VersionRef]:
    """What a producer may let run in a race: every verified data set of the season."""
    return await queries.datasets(session, (await current_season(session)).id)


@router.get("/runs")
async def list_trainings(caller: SignedIn, session: SessionDep) -> list[TrainingOut]:
    """One's own in the season, the newest first; for producers all of them."""
    return await queries.listed(session, (await current_season(session)).id, caller)


@router.post("/runs", status_code=201)
async def order_training(
    request: Request, caller: SignedIn, session: SessionDep, body: NewTraining
) -> TrainingOut:
    """Train a data set; the adapter becomes the entry's next version and goes through the gate like any upload."""
    run = await ordering.order(request.app.state.site, session, caller, body)
    return await _read(session, run)


async def _read(session: SessionDep, run: TrainingRun) -> TrainingOut:
    await session.flush()
    return await queries.one(session, run.id)


@router.get("/runs/{run_id}")
async def read_training(run: VisibleTraining, session: SessionDep) -> TrainingOut:
    return await queries.one(session, run.id)


@router.get("/runs/{run_id}/points")
async def read_training_points(
    run: VisibleTraining, session: SessionDep, after: Annotated[int, Query(ge=0)] = 0
) -> PointsOut:
    """Its curves, from the step after `after` on."""
    return await queries.points(session, run, after)


@router.post("/runs/{run_id}/pause")
async def pause_training(run: VisibleTraining, caller: SignedIn, session: SessionDep) -> TrainingOut:
    """Stop for a while. The lab hands in a checkpoint first."""
    paused = await service.pause(session, run.id)
    ordering.decide(session, paused, "pause", caller.person_id)
    return await _read(session, paused)


@router.post("/runs/{run_id}/resume")
async def resume_training(run: VisibleTraining, caller: SignedIn, session: SessionDep) -> TrainingOut:
    """Go on from the last checkpoint."""
    resumed = await ordering.resume(session, run)
    ordering.decide(session, resumed, "resume", caller.person_id)
    return await _read(session, resumed)


@router.post("/runs/{run_id}/cancel")
async def cancel_training(run: VisibleTraining, caller: SignedIn, session: SessionDep) -> TrainingOut:
    """End it. Its curve stays, and for some days `resume` goes on from its last checkpoint."""
    cancelled = await service.cancel(session, run.id)
    ordering.decide(session, cancelled, "cancel", caller.person_id)
    return await _read(session, cancelled)


@router.get("/runs/{run_id}/adapter/{name}")
async def download_trained(
    request: Request,
    run: OwnAdapter,
    name: Literal["adapter_config.json", "adapter_model.safetensors"],
) -> StreamingResponse:
    """A file of the adapter as it was trained. A download only: never shown by a browser."""
    site: Site = request.app.state.site
    if run.files is None:
        raise NotFound("training.no_adapter", "This run has no adapter.")
    headers = _attachment(name) | {"Content-Length": str(run.files[name]["bytes"])}
    body = site.storage.stream(service.adapter_file(run, name))
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)


@router.get("/runs/{run_id}/data.jsonl")
async def download_trained_data(request: Request, run: OwnData) -> StreamingResponse:
    """The data set as it was trained, in its canonical form: what the recipe names by its hash."""
    site: Site = request.app.state.site
    body = site.storage.stream(sealed(run.dataset_digest, DATA_JSONL))
    headers = _attachment(DATA_JSONL)
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)


@router.get("/runs/{run_id}/log")
async def download_training_log(
    request: Request, run: VisibleTraining, session: SessionDep
) -> StreamingResponse:
    """Everything that is known of it: the run in the first line, then every step, a JSON object each."""
    site: Site = request.app.state.site
    seen = await queries.one(session, run.id)

    async def body() -> AsyncIterator[str]:
        yield seen.model_dump_json() + "\n"
        after = 0
        while True:
            # A slow line holds no connection to the database.
            async with site.sessions() as own:
                points = await queries.log(own, seen.id, after)
            if not points:
                return
            after = points[-1].step
            yield "".join(point.model_dump_json() + "\n" for point in points)

    headers = _attachment(f"training-{run.id}.jsonl")
    return StreamingResponse(body(), media_type="application/x-ndjson", headers=headers)


@router.get("/runs/{run_id}/recipe")
async def read_training_recipe(run: VisibleTraining, session: SessionDep) -> TrainingRecipe:
    """How anybody makes the same adapter: as JSON, with this platform, and with ms-swift."""
    track = (await season_rules(session, run.season_id)).track
    recipe = commands.Recipe(
        spec=TrainingSpec.model_validate(run.spec),
        budget=Budget.model_validate(run.budget),
        dtype=run.dtype,
        max_rank=track.max_rank,
        base_model=run.base_model,
        base_digest=run.base_digest,
        data=run.dataset_digest,
        form=run.form,
        parent=run.parent_digest,
        template=track.base.template,
        libraries=run.record["libraries"] if run.record else {},
    )
    command, remarks = commands.swift(recipe, track.base)
    return TrainingRecipe(
        recipe=recipe.model_dump(mode="json"), command=commands.gavel(recipe), swift=command, remarks=remarks
    )


@router.get("/runs/{run_id}/devices")
async def read_training_devices(run: VisibleTraining) -> DevicePlan:
    """How the model and what trains it are split over the processes of the run, from the base model's real modules."""
    return device_plan(BASE_MODELS[run.base_model], TrainingSpec.model_validate(run.spec), run.dtype)


def _attachment(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }


# --- races --------------------------------------------------------------------------------------------------------


@router.get("/races")
async def list_races(caller: PublicCaller, session: SessionDep) -> list[RaceOut]:
    """Those that have started, the newest first; for producers the planned ones too."""
    season = await current_season(session)
    return await queries.races(session, season.id, caller.has(Role.PRODUCER))


@router.post("/races", status_code=201)
async def plan_race(request: Request, caller: Producer, session: SessionDep, body: NewRace) -> RaceOut:
    """Runs with one start and one clock. It starts by itself when all are at the line; when its time is up, each ends
    with its last good step and enters."""
    site, season = request.app.state.site, await current_season(session)
    race = await races.plan(site, session, caller, season, body)
    await session.flush()
    return await queries.race_out(session, race.id)


@router.get("/races/{race_id}")
async def read_race(race: VisibleRace, session: SessionDep) -> RaceOut:
    return await queries.race_out(session, race.id)


@router.post("/races/{race_id}/start")
async def start_race(race: ProducedRace, caller: Producer, session: SessionDep) -> RaceOut:
    """With who is at the line, instead of waiting for the others."""
    await races.start(session, race.id, caller.person_id)
    await session.flush()
    return await queries.race_out(session, race.id)


@router.post("/races/{race_id}/cancel")
async def cancel_race(race: ProducedRace, caller: Producer, session: SessionDep) -> RaceOut:
    """All its runs end, and nobody gets a version of it."""
    await races.cancel(session, race.id, caller.person_id)
    await session.flush()
    return await queries.race_out(session, race.id)
