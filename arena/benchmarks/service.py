"""What happens to benchmark runs.

There are two ways to come by one. The line makes it for every version that was probed: the job is about the version,
and the end of the run decides whether it is ready. Everything else is ordered: the row is there first, in the state
`queued`, and the job is about the row.
"""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library, queries, scores
from arena.benchmarks.contracts import (
    ORDERED_KIND,
    Answer,
    BenchmarkContract,
    BenchmarkFinished,
    BenchmarkResult,
    Fault,
    RunOrdered,
    SuiteSpec,
    SystemPrompt,
)
from arena.benchmarks.models import UNDER_WAY, BenchmarkAnswer, BenchmarkRun, BenchmarkSample, RunState
from arena.kit.db import Json, flush_unless_taken
from arena.kit.errors import Conflict
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.public import season_rules
from arena.submissions import public as submissions

CONCURRENCY = 8
"""Requests in flight, the same for everyone: batch composition changes floating-point sums."""

_answers = TypeAdapter(list[Answer])
NO_EFFECT = "adapter.no_effect"


# --- begun --------------------------------------------------------------------------------------------------------


async def prepare(site: Site, session: AsyncSession, job: Job) -> BenchmarkContract:
    """Hold a node and write the contract. A repeated attempt reuses the run row, so a score is made once."""
    entry, submission = await _measurable(session, job.subject)
    rules = await season_rules(session, entry.season_id)
    run = await queries.open_run(session, submission.id)
    if run is None:
        run = BenchmarkRun(
            submission_id=submission.id,
            season_id=entry.season_id,
            suite=rules.suite,
            suite_digest="",
            extent=rules.extent,
            admission=True,
            node={},
        )
        session.add(run)
        await session.flush()
    contract = await _contract(site, session, job, run)
    await submissions.mark(session, submission.id, "benchmarking")
    return contract


async def prepare_ordered(site: Site, session: AsyncSession, job: Job) -> BenchmarkContract:
    run = await _under_way(session, job.subject)
    return await _contract(site, session, job, run)


async def _measurable(
    session: AsyncSession, submission_id: UUID
) -> tuple[submissions.Entry, submissions.Submission]:
    found = await submissions.with_entry(session, submission_id)
    if found is None or found[1].digest is None:
        raise Conflict("submission.not_verified", "Only a verified submission can be benchmarked.")
    return found


async def _under_way(session: AsyncSession, run_id: UUID) -> BenchmarkRun:
    run = await queries.run(session, run_id, lock=True)
    if run.state not in UNDER_WAY:
        raise Conflict("run.over", "This run is over.")
    return run


async def _contract(site: Site, session: AsyncSession, job: Job, run: BenchmarkRun) -> BenchmarkContract:
    entry, submission = await _measurable(session, run.submission_id)
    rules = await season_rules(session, entry.season_id)
    suite = await library.of_season(session, entry.season_id, run.suite)
    base = rules.track.base
    staged = await submissions.staged(session, submission)
    leased = await nodes.lease(
        site,
        session,
        job,
        base.id,
        mode="benchmark",
        hardware_class=rules.track.hardware_class,
        adapters=[staged.adapter_digest],
    )
    items = suite.indices(run.extent)
    if not items:
        raise Conflict("suite.empty", f"The suite {suite.id} has no questions of this extent ({run.extent}).")
    await _forget_unless_alike(session, run, suite, leased)
    run.state, run.reason, run.code = "running", None, None
    run.suite_digest, run.total = suite.digest, sum(map(len, items.values()))
    run.node = leased.model_dump(mode="json")
    adapter = submissions.adapter_ref(site, staged.adapter_digest)
    system = None
    if staged.system_digest is not None:
        text = await submissions.read_system_prompt(site, staged.system_digest)
        system = SystemPrompt(
            template=base.render("{prompt}", text),
            question_tokens=rules.max_prompt_chars,
            answer_tokens=rules.sampling.max_tokens,
        )
    return BenchmarkContract(
        run_id=str(run.id),
        suite=suite,
        items=items,
        files=await library.links(site, suite),
        known=await queries.answers(session, run.id),
        engine_url=leased.url,
        engine_token=leased.bearer,
        adapter=adapter,
        must_differ=entry.kind != "house" and system is None,
        model=adapter.name,
        base_model=base.id,
        template=base.template,
        system=system,
        seed=suite.sampling_seed,
        attest=_wanted(run.id, suite.sampling_seed, adapter.name) if leased.public_key else None,
        concurrency=CONCURRENCY,
    )


async def _forget_unless_alike(
    session: AsyncSession, run: BenchmarkRun, suite: SuiteSpec, leased: nodes.LeasedNode
) -> None:
    """Answers of an earlier attempt count when the same was asked, and of an engine that computes the same."""
    if run.node and run.suite_digest == suite.digest:
        before = nodes.LeasedNode.model_validate(run.node)
        if all(getattr(before, field) == getattr(leased, field) for field in ALIKE):
            return
    await _forget(session, run)


async def _forget(session: AsyncSession, run: BenchmarkRun) -> None:
    await session.execute(delete(BenchmarkAnswer).where(BenchmarkAnswer.run_id == run.id))
    run.answered = 0


ALIKE = ("engine_build", "hardware_class", "base_digest", "template_digest", "rehearsal")
"""What two engines must share for their answers to be those of one run."""


def _wanted(run_id: UUID, seed: int, adapter: str) -> nodes.Wanted:
    challenge = str(run_id)
    return nodes.Wanted(
        challenge=challenge, seed_commitment=nodes.commit(challenge, seed), adapters=(adapter,)
    )


# --- under way ----------------------------------------------------------------------------------------------------


async def answered(_: Site, session: AsyncSession, submission_id: UUID, body: Sequence[Json]) -> None:
    run = await queries.open_run(session, submission_id)
    if run is None:
        raise Conflict("run.over", "This run is over.")
    await _keep(session, run, body)


async def answered_ordered(_: Site, session: AsyncSession, run_id: UUID, body: Sequence[Json]) -> None:
    await _keep(session, await _under_way(session, run_id), body)


async def _keep(session: AsyncSession, run: BenchmarkRun, body: Sequence[Json]) -> None:
    """The first answer to a question stands: one that comes again was sent twice."""
    answers = _answers.validate_python(body)
    if not answers:
        return
    new = (
        insert(BenchmarkAnswer)
        .values([{"run_id": run.id, **answer.model_dump()} for answer in answers])
        .on_conflict_do_nothing()
        .returning(BenchmarkAnswer.option)
    )
    # Every question has one first option.
    run.answered += sum(option == 0 for option in (await session.execute(new)).scalars())


async def forget(session: AsyncSession, submission_id: UUID) -> None:
    """The result was not taken: another adapter may have answered, or another engine. So the next attempt asks anew."""
    run = await queries.open_run(session, submission_id)
    if run is not None:
        await _forget(session, run)


async def forget_ordered(session: AsyncSession, run_id: UUID) -> None:
    await _forget(session, await queries.run(session, run_id, lock=True))


async def cancel(session: AsyncSession, run_id: UUID) -> BenchmarkRun:
    """It is not wanted any more. What was answered stays. Raises Conflict `run.admission`, `run.over`."""
    if (await queries.run(session, run_id)).admission:
        raise Conflict(
            "run.admission",
            "By this run the version is admitted. Withdraw the version if it is not to be measured.",
        )
    # The job first, as the lab that finishes it does: who takes two rows the other way round waits for ever.
    await jobs.cancel(session, ORDERED_KIND, run_id, "cancelled")
    run = await _under_way(session, run_id)
    _end(session, run, "cancelled", "It was cancelled.")
    await session.flush()
    await session.refresh(run)
    return run


async def resume(session: AsyncSession, run_id: UUID) -> BenchmarkRun:
    """Go on where it ended. Raises Conflict `run.not_resumable`, `run.under_way`."""
    run = await queries.run(session, run_id, lock=True)
    if run.admission or run.state not in ("cancelled", "failed"):
        raise Conflict(
            "run.not_resumable", "Only a run that was ordered, and was cancelled or has failed, can go on."
        )
    run.state, run.reason, run.code, run.ended_at = "queued", None, None, None
    await flush_unless_taken(
        session, Conflict("run.under_way", "This version is being measured with this suite already.")
    )
    record(session, RunOrdered(run_id=run.id))
    return run


# --- ended --------------------------------------------------------------------------------------------------------


async def finish(site: Site, session: AsyncSession, submission_id: UUID, body: Json) -> None:
    result = BenchmarkResult.model_validate(body)
    run = await queries.open_run(session, submission_id)
    if run is None:
        raise Conflict("run.over", "This run is over.")
    leased = await _scored(session, run, result)
    await _judge(session, run, leased, result)


async def finish_ordered(site: Site, session: AsyncSession, run_id: UUID, body: Json) -> None:
    result = BenchmarkResult.model_validate(body)
    run = await _under_way(session, run_id)
    leased = await _scored(session, run, result)
    await _require_same_adapter(session, run, leased, result)


async def _scored(session: AsyncSession, run: BenchmarkRun, result: BenchmarkResult) -> nodes.LeasedNode:
    """Write down what came of it. Raises Conflict when that cannot be a score."""
    suite = await library.of_season(session, run.season_id, run.suite)
    if run.suite_digest != result.suite_digest or run.suite_digest != suite.digest:
        raise Conflict("benchmark.stale", "The suite changed while this run was under way.")
    leased = nodes.LeasedNode.model_validate(run.node)
    run.lm_eval_version, run.scorer_digest = result.lm_eval_version, result.scorer_digest
    run.items_digest = result.items_digest or None
    fault = _fault(result)
    if fault is not None:
        _end(session, run, "failed", fault.message, fault.code)
        return leased
    _require_all(suite.indices(run.extent), result)
    await session.execute(delete(BenchmarkSample).where(BenchmarkSample.run_id == run.id))
    session.add_all(BenchmarkSample(run_id=run.id, **sample.model_dump()) for sample in result.samples)
    run.tasks = [task.model_dump(mode="json") for task in result.tasks]
    run.answered = len(result.samples)
    if leased.public_key:
        digest = await _attested(session, run, suite, leased, result)
        run.node = leased.model_copy(update={"attestation": digest}).model_dump(mode="json")
    _end(session, run, "done")
    await scores.settled(session, run)
    record(session, BenchmarkFinished(submission_id=run.submission_id, season_id=run.season_id))
    return leased


def _fault(result: BenchmarkResult) -> Fault | None:
    """Why there is no score: the lab's word, or that the entry was refused before it was asked."""
    if result.refusal is None:
        return result.fault
    (problem,) = result.refusal.detail["problems"]
    return Fault(code=problem["code"], message=problem["message"])


def _require_all(asked: dict[str, list[int]], result: BenchmarkResult) -> None:
    """No score from fewer questions than were agreed, nor from others: what is missing may be what was wrong."""
    answered: dict[str, list[int]] = {task: [] for task in asked}
    for sample in result.samples:
        answered.setdefault(sample.task, []).append(sample.index)
    counted = {task.task: task.n for task in result.tasks}
    for task in answered:
        wanted, found = asked.get(task, []), sorted(answered[task])
        if found != sorted(wanted) or counted.get(task) != len(wanted):
            raise Conflict(
                "benchmark.incomplete",
                f"{task}: {len(set(found) & set(wanted))} of {len(wanted)} questions were answered "
                f"({len(found)} answers, {counted.get(task, 0)} counted).",
                task=task,
            )


async def _attested(
    session: AsyncSession,
    run: BenchmarkRun,
    suite: SuiteSpec,
    leased: nodes.LeasedNode,
    result: BenchmarkResult,
) -> str:
    if result.attestation is None:
        raise Conflict("benchmark.unattested", "The result came without the engine's attestation.")
    return await nodes.attested(session, leased, result.attestation, str(run.id), suite.sampling_seed)


async def _require_same_adapter(
    session: AsyncSession, run: BenchmarkRun, leased: nodes.LeasedNode, result: BenchmarkResult
) -> None:
    """Raises Conflict when the node serves another adapter under this name than the one that was probed."""
    if result.fingerprint is None:
        return
    _, submission = await _measurable(session, run.submission_id)
    adapter = (await submissions.staged(session, submission)).adapter_digest
    known = await nodes.fingerprint(session, leased, adapter)
    if known is not None and known != result.fingerprint:
        raise Conflict("benchmark.wrong_adapter", "The engine does not answer as it did at the probe.")
    await nodes.recognise(session, leased, adapter, result.fingerprint)


async def _judge(
    session: AsyncSession, run: BenchmarkRun, leased: nodes.LeasedNode, result: BenchmarkResult
) -> None:
    """Ready for the stage, unless it is a prompt that cannot be asked, or the base model in disguise, or there is a
    fault that is not the contestant's."""
    await _require_same_adapter(session, run, leased, result)
    entry, submission = await _measurable(session, run.submission_id)
    fault = _fault(result)
    if result.refusal is not None and fault is not None:
        await submissions.refuse(session, submission.id, fault.code, fault.message, result.refusal)
    elif fault is not None and fault.code != NO_EFFECT:
        await submissions.failed(session, submission.id, fault.message)
    elif not result.effect and entry.kind != "house":
        # Judges would compare the house with itself.
        await submissions.refuse_without_effect(session, submission)
    else:
        await submissions.mark(session, submission.id, "ready")


async def failed(session: AsyncSession, submission_id: UUID, reason: str) -> None:
    run = await queries.open_run(session, submission_id)
    if run is not None:
        _end(session, run, "failed", reason)
    await submissions.failed(session, submission_id, reason)


async def failed_ordered(session: AsyncSession, run_id: UUID, reason: str) -> None:
    run = await queries.run(session, run_id, lock=True)
    if run.state in UNDER_WAY:
        _end(session, run, "failed", reason)


def _end(
    session: AsyncSession,
    run: BenchmarkRun,
    state: RunState,
    reason: str | None = None,
    code: str | None = None,
) -> None:
    run.state, run.reason, run.code = state, reason, code
    run.ended_at = func.clock_timestamp()
    if run.node:
        nodes.freed(session, nodes.LeasedNode.model_validate(run.node))
