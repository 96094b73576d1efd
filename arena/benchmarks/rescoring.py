"""Judging stored answers again, by the scorers that the lab has now. No engine is asked, and nothing is asked twice."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library, queries, scores
from arena.benchmarks.contracts import Kept, RescoreAsked, RescoreContract, RescoreResult
from arena.benchmarks.models import BenchmarkRun, BenchmarkSample, ScoreDecision
from arena.benchmarks.rules import Changed
from arena.kit.db import Json
from arena.kit.errors import Conflict
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site


def cures(changed: Sequence[Changed]) -> bool:
    """Only the scorers have changed: the same questions were asked of the same model."""
    return list(changed) == ["scorer"]


async def ask(session: AsyncSession, run: BenchmarkRun, by: UUID) -> None:
    """Raises Conflict `run.not_done`, `run.suite_changed` or `run.rescoring`."""
    scores.require_done(run)
    suite = await library.of_season(session, run.season_id, run.suite)
    if suite.digest != run.suite_digest:
        raise Conflict(
            "run.suite_changed",
            "The suite has changed since: these answers are to other questions. Run it again.",
            suite=run.suite,
        )
    if await _under_way(session, run.id):
        raise Conflict("run.rescoring", "These answers are being judged again already.")
    scores.decide(session, run, "rescore", by, before=scores.of(run))
    record(session, RescoreAsked(run_id=run.id))


async def _under_way(session: AsyncSession, run_id: UUID) -> bool:
    """Asked for, and nothing has come of it yet. The job itself is made a moment later."""
    statement = (
        select(ScoreDecision.action)
        .where(ScoreDecision.run_id == run_id)
        .where(ScoreDecision.action.in_(("rescore", "rescored", "not_rescored")))
        .order_by(ScoreDecision.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none() == "rescore"


async def prepare(site: Site, session: AsyncSession, job: Job) -> RescoreContract:
    run = await queries.run(session, job.subject, lock=True)
    scores.require_done(run)
    suite = await library.of_season(session, run.season_id, run.suite)
    samples = await queries.samples(session, run.id)
    return RescoreContract(
        suite=suite,
        items=_indices(samples),
        files=await library.links(site, suite),
        answers=[
            Kept(task=one.task, index=one.index, answer=one.answer, logprobs=one.logprobs) for one in samples
        ],
    )


def _indices(samples: Sequence[BenchmarkSample]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for sample in samples:
        found.setdefault(sample.task, []).append(sample.index)
    return found


async def finish(_: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    """The new marks, where the questions are still the same. Raises Conflict `run.suite_changed`."""
    result = RescoreResult.model_validate(body)
    run = await queries.run(session, run_id, lock=True)
    scores.require_done(run)
    samples = {(one.task, one.index): one for one in await queries.samples(session, run_id)}
    judged = {(one.task, one.index): one for one in result.samples}
    if (
        result.suite_digest != run.suite_digest
        or (run.items_digest or result.items_digest) != result.items_digest
    ):
        raise Conflict("run.suite_changed", "The lab makes other questions of this suite now.")
    if judged.keys() != samples.keys() or {task.task for task in result.tasks} != _tasks(run):
        raise Conflict("run.wrong_answers", "Other answers were judged than were stored.")
    before = scores.of(run)
    flips = sum(judged[key].correct != sample.correct for key, sample in samples.items())
    for key, sample in samples.items():
        sample.correct, sample.extracted = judged[key].correct, judged[key].extracted
        sample.answer = judged[key].answer
    # In the order of the suite, as they were.
    by_task = {task.task: task.model_dump(mode="json") for task in result.tasks}
    run.tasks = [by_task[task["task"]] for task in run.tasks]
    run.scorer_digest = result.scorer_digest
    scores.decide(session, run, "rescored", None, before=before, after=scores.of(run) | {"flips": flips})
    await scores.settled(session, run)
    scores.changed(session, run.submission_id, run.season_id)
    await session.flush()


def _tasks(run: BenchmarkRun) -> set[str]:
    return {task["task"] for task in run.tasks}


async def failed(session: AsyncSession, run_id: UUID, reason: str) -> None:
    """The score stays what it was, and the record says that nothing came of it."""
    run = await queries.run(session, run_id, lock=True)
    scores.decide(session, run, "not_rescored", None, reason=reason)
