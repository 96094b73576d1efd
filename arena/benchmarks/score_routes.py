"""Scores over HTTP: producers and operators decide, whoever may see a version sees what was decided about it."""

from uuid import UUID

from fastapi import APIRouter

from arena.accounts.public import DecidesScores
from arena.benchmarks import beside, queries, rescoring, scores, standing
from arena.benchmarks.policy import VisibleRun
from arena.benchmarks.schemas import AccuracyOut
from arena.benchmarks.score_schemas import (
    ChosenRuns,
    ComparisonOut,
    NewRuns,
    NewScore,
    RunsMade,
    ScoreDecisionOut,
    ScoreOut,
    ScoresOut,
    Voiding,
)
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.schemas import Done
from arena.shows.public import current_season, season_rules
from arena.submissions.public import Entry, Submission, VisibleSubmission, with_entry

router = APIRouter(tags=["scores"])


@router.post("/benchmark-runs", status_code=201)
async def order_runs(caller: DecidesScores, session: SessionDep, body: NewRuns) -> RunsMade:
    """Have entries of the season answer a suite, in the versions that would go on stage."""
    season = await current_season(session)
    made = await scores.order(
        session, season.id, body.entries, body.suite, body.extent, body.expected, caller.person_id
    )
    return RunsMade(runs=[run.id for run in made])


@router.post("/benchmark-runs/rerun", status_code=201)
async def rerun_many(caller: DecidesScores, session: SessionDep, body: ChosenRuns) -> RunsMade:
    season = await current_season(session)
    runs = await scores.chosen(session, season.id, body.runs, body.expected)
    return RunsMade(runs=[(await scores.rerun(session, run, caller.person_id)).id for run in runs])


@router.post("/benchmark-runs/rescore", status_code=202)
async def rescore_many(caller: DecidesScores, session: SessionDep, body: ChosenRuns) -> RunsMade:
    """Have stored answers judged by the present scorers. Stale are those since which nothing else has changed."""
    season = await current_season(session)
    runs = await scores.chosen(session, season.id, body.runs, body.expected, rescoring.cures)
    for run in runs:
        await rescoring.ask(session, run, caller.person_id)
    return RunsMade(runs=[run.id for run in runs])


@router.post("/runs/{run_id}/rerun", status_code=201)
async def rerun_run(run_id: UUID, caller: DecidesScores, session: SessionDep) -> RunsMade:
    """Ask everything anew. The score so far stands until there is a new one."""
    run = await scores.rerun(session, await queries.run(session, run_id, lock=True), caller.person_id)
    return RunsMade(runs=[run.id])


@router.post("/runs/{run_id}/rescore", status_code=202)
async def rescore_run(run_id: UUID, caller: DecidesScores, session: SessionDep) -> Done:
    """Have the stored answers judged by the present scorers. No engine is asked."""
    await rescoring.ask(session, await queries.run(session, run_id, lock=True), caller.person_id)
    return Done()


@router.post("/runs/{run_id}/void")
async def void_run(run_id: UUID, caller: DecidesScores, session: SessionDep, body: Voiding) -> Done:
    """It counts nowhere any more. What was answered stays to be read."""
    await scores.void(session, await queries.run(session, run_id, lock=True), body.reason, caller.person_id)
    return Done()


@router.get("/runs/{run_id}/comparisons")
async def compare_run(run: VisibleRun, session: SessionDep) -> list[ComparisonOut]:
    """Beside the house and the other versions of the entry, where they were asked the same questions."""
    found = await with_entry(session, run.submission_id)
    return await beside.comparisons(session, run, found[0]) if found is not None else []


@router.get("/submissions/{submission_id}/scores")
async def read_scores(found: VisibleSubmission, session: SessionDep) -> ScoresOut:
    return await _scores(session, *found)


@router.post("/submissions/{submission_id}/scores/{suite}/override")
async def override_score(
    submission_id: UUID, suite: str, caller: DecidesScores, session: SessionDep, body: NewScore
) -> ScoresOut:
    """Set a score, with the reason that stands beside it wherever it is shown; null lifts it again."""
    found = await with_entry(session, submission_id)
    if found is None:
        raise NotFound("submission.not_found", "There is no such submission.")
    await scores.override(session, *found, suite, body.score, body.reason, caller.person_id)
    return await _scores(session, *found)


@router.get("/submissions/{submission_id}/score-decisions")
async def read_decisions(found: VisibleSubmission, session: SessionDep) -> list[ScoreDecisionOut]:
    """What was decided about a version, the newest first."""
    return await beside.decisions(session, found[0].season_id, found[1].id)


@router.get("/score-decisions")
async def list_decisions(_: DecidesScores, session: SessionDep) -> list[ScoreDecisionOut]:
    """What was decided in this season, the newest first."""
    return await beside.decisions(session, (await current_season(session)).id)


async def _scores(session: SessionDep, entry: Entry, submission: Submission) -> ScoresOut:
    rules = await season_rules(session, entry.season_id)
    overall = await standing.accuracy(session, submission.id)
    stand = await standing.standings(session, submission.id)
    return ScoresOut(
        accuracy=AccuracyOut.model_validate(overall) if overall else None,
        weights=rules.suite_weights or {rules.suite: 1.0},
        suites=[ScoreOut.of(one) for one in stand.values()],
    )
