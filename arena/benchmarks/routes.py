"""Benchmarks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from arena.accounts.public import DecidesScores, PublicCaller, SignedIn
from arena.benchmarks import harness, library, queries, reproduce, reproducing, runs, scores, service
from arena.benchmarks.models import RunState
from arena.benchmarks.policy import RepeatableRun, RunWithQuestions, VisibleRun
from arena.benchmarks.schemas import (
    ReproduceOut,
    RunOut,
    RunPage,
    SamplePage,
    SuiteOut,
)
from arena.kit.db import SessionDep
from arena.shows.public import current_season
from arena.submissions.public import VisibleSubmission

router = APIRouter(tags=["benchmarks"])


@router.get("/suites")
async def list_suites(_: PublicCaller, session: SessionDep) -> list[SuiteOut]:
    """All that can be asked, as the season asks it."""
    sealed = await queries.seed_of(session, (await current_season(session)).id)
    return [SuiteOut.of(suite, sealed) for suite in await library.every(session)]


@router.get("/suites/{suite_id}")
async def read_suite(suite_id: str, _: PublicCaller, session: SessionDep) -> SuiteOut:
    sealed = await queries.seed_of(session, (await current_season(session)).id)
    return SuiteOut.of(await library.find(session, suite_id), sealed)


@router.get("/submissions/{submission_id}/benchmark")
async def read_benchmark(found: VisibleSubmission, caller: SignedIn, session: SessionDep) -> RunOut | None:
    """The newest run by which a submission is admitted; null before the first."""
    run = await queries.newest_run(session, found[1].id)
    return await runs.one(session, run.id, caller) if run else None


@router.get("/submissions/{submission_id}/runs")
async def list_runs(found: VisibleSubmission, caller: SignedIn, session: SessionDep) -> list[RunOut]:
    """All runs of a version, the newest first."""
    return await runs.of_version(session, found[1].id, caller)


@router.get("/benchmark-runs")
async def list_season_runs(
    caller: DecidesScores,
    session: SessionDep,
    suite: str | None = None,
    state: RunState | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> RunPage:
    """What has ended in the season, the newest first."""
    season = await current_season(session)
    return await runs.ended(session, season.id, caller, suite=suite, state=state, page=page)


@router.get("/benchmark-runs/queue")
async def list_queue(caller: DecidesScores, session: SessionDep) -> list[RunOut]:
    """What is under way in the season, and what waits, with its reason."""
    return await runs.queue(session, (await current_season(session)).id, caller)


@router.get("/runs/{run_id}")
async def read_run(run: VisibleRun, caller: SignedIn, session: SessionDep) -> RunOut:
    return await runs.one(session, run.id, caller)


@router.get("/runs/{run_id}/samples")
async def read_run_samples(
    run: RunWithQuestions,
    session: SessionDep,
    task: str | None = None,
    wrong: bool = False,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> SamplePage:
    """A page of the questions as they were asked and answered; `wrong` leaves out those answered rightly."""
    return await queries.sample_page(session, run, task, wrong, page)


@router.get("/runs/{run_id}/reproduce")
async def read_reproduce(run: RepeatableRun, request: Request, session: SessionDep) -> ReproduceOut:
    """The command with which anybody computes the run's scores again."""
    measured = await reproducing.measured(request.app.state.site, session, run)
    return ReproduceOut(
        command=reproduce.command(measured),
        judge=reproduce.JUDGE,
        judged=reproduce.judged(measured),
        folder=f"/api/runs/{run.run.id}/lm-eval.zip",
    )


@router.get("/runs/{run_id}/lm-eval.zip", response_class=Response)
async def download_tasks(run: RepeatableRun, request: Request, session: SessionDep) -> Response:
    """The run's questions as tasks of plain lm-evaluation-harness."""
    site = request.app.state.site
    measured = await reproducing.measured(site, session, run)
    files = {digest: await library.read_file(site, digest) for digest in measured.suite.files}
    name = f"{harness.group(measured.suite)}_{str(run.run.id)[-6:]}"

    def pack() -> bytes:
        return reproduce.zipped(reproduce.folder(measured, files), name)

    body = await run_in_threadpool(pack)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Response(body, media_type="application/zip", headers=headers)


@router.post("/runs/{run_id}/cancel")
async def cancel_run(caller: DecidesScores, run: VisibleRun, session: SessionDep) -> RunOut:
    """End a run that was ordered. What was answered stays, and `resume` goes on from there. Not for those who are
    measured: whoever sees that it goes badly would."""
    scores.decide(session, await service.cancel(session, run.id), "cancel", caller.person_id)
    return await runs.one(session, run.id, caller)


@router.post("/runs/{run_id}/resume")
async def resume_run(caller: DecidesScores, run: VisibleRun, session: SessionDep) -> RunOut:
    """Go on with a run that was cancelled or has failed: only what has no answer yet is asked."""
    scores.decide(session, await service.resume(session, run.id), "resume", caller.person_id)
    return await runs.one(session, run.id, caller)
