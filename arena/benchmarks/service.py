"""What happens to benchmark runs."""

from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import library, queries, suites
from arena.benchmarks.contracts import BenchmarkContract, BenchmarkFinished, BenchmarkResult, SystemPrompt
from arena.benchmarks.models import BenchmarkRun, BenchmarkSample
from arena.kit.db import Json
from arena.kit.errors import Conflict
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.public import season_rules
from arena.submissions import public as submissions

CONCURRENCY = 8
"""Requests in flight, the same for everyone: batch composition changes floating-point sums."""


async def prepare(site: Site, session: AsyncSession, job: Job) -> BenchmarkContract:
    """Hold a node and write the contract. A repeated attempt reuses the run row, so a score is made once."""
    found = await submissions.with_entry(session, job.subject)
    if found is None or found[1].digest is None:
        raise Conflict("submission.not_verified", "Only a verified submission can be benchmarked.")
    entry, submission = found
    rules = await season_rules(session, entry.season_id)
    suite = await library.of_season(session, entry.season_id, rules.suite)
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
    run = await queries.open_run(session, submission.id)
    if run is None:
        run = BenchmarkRun(
            submission_id=submission.id, suite=suite.id, suite_digest=suite.digest, node={}, tasks=[]
        )
        session.add(run)
    run.suite_digest = suite.digest
    run.node = leased.model_dump(mode="json")
    await session.flush()
    await submissions.mark(session, submission.id, "benchmarking")
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
        engine_url=leased.url,
        engine_token=leased.bearer,
        adapter=adapter,
        model=adapter.name,
        base_model=base.id,
        template=base.template,
        system=system,
        seed=suite.seed,
        attest=_wanted(run.id, suite.seed, adapter.name) if leased.public_key else None,
        concurrency=CONCURRENCY,
    )


def _wanted(run_id: UUID, seed: int, adapter: str) -> nodes.Wanted:
    challenge = str(run_id)
    return nodes.Wanted(
        challenge=challenge, seed_commitment=nodes.commit(challenge, seed), adapters=(adapter,)
    )


async def finish(site: Site, session: AsyncSession, submission_id: UUID, body: Json) -> None:
    result = BenchmarkResult.model_validate(body)
    run = await queries.open_run(session, submission_id)
    if run is None or run.suite_digest != result.suite_digest:
        raise Conflict("benchmark.stale", "The suite changed while this run was under way.")
    await session.execute(delete(BenchmarkSample).where(BenchmarkSample.run_id == run.id))
    session.add_all(
        BenchmarkSample(
            run_id=run.id,
            task=sample.task,
            index=sample.index,
            question=sample.question,
            expected=sample.expected,
            answer=sample.answer,
            correct=sample.correct,
        )
        for sample in result.samples
    )
    run.tasks = [task.model_dump(mode="json") for task in result.tasks]
    run.lm_eval_version = result.lm_eval_version
    run.items_digest = result.items_digest
    run.state = "done"
    run.ended_at = func.clock_timestamp()
    leased = nodes.LeasedNode.model_validate(run.node)
    if leased.public_key:
        digest = await _attested(session, run, leased, result)
        run.node = leased.model_copy(update={"attestation": digest}).model_dump(mode="json")
    await _judge(session, submission_id, leased, result)
    record(
        session,
        BenchmarkFinished(submission_id=submission_id, season_id=await _season(session, submission_id)),
    )
    nodes.freed(session, leased)


async def _attested(
    session: AsyncSession, run: BenchmarkRun, leased: nodes.LeasedNode, result: BenchmarkResult
) -> str:
    if result.attestation is None:
        raise Conflict("benchmark.unattested", "The result came without the engine's attestation.")
    seed = suites.load(run.suite).seed
    return await nodes.attested(session, leased, result.attestation, str(run.id), seed)


async def _judge(
    session: AsyncSession, submission_id: UUID, leased: nodes.LeasedNode, result: BenchmarkResult
) -> None:
    """Ready for the stage, unless it is a prompt that cannot be asked, or the base model in disguise.

    Raises Conflict when the node serves another adapter under this name than the one that was probed.
    """
    found = await submissions.with_entry(session, submission_id)
    if found is None:
        raise Conflict("submission.gone", "The submission is gone.")
    entry, submission = found
    if result.fingerprint is not None:
        adapter = (await submissions.staged(session, submission)).adapter_digest
        known = await nodes.fingerprint(session, leased, adapter)
        if known is not None and known != result.fingerprint:
            raise Conflict("benchmark.wrong_adapter", "The engine does not answer as it did at the probe.")
        await nodes.recognise(session, leased, adapter, result.fingerprint)
    if result.refusal is not None:
        (problem,) = result.refusal.detail["problems"]
        await submissions.refuse(session, submission_id, problem["code"], problem["message"], result.refusal)
    elif not result.effect and entry.kind != "house":
        # Judges would compare the house with itself.
        await submissions.refuse_without_effect(session, submission)
    else:
        await submissions.mark(session, submission_id, "ready")


async def failed(session: AsyncSession, submission_id: UUID, reason: str) -> None:
    run = await queries.open_run(session, submission_id)
    if run is not None:
        run.state = "failed"
        run.reason = reason
        run.ended_at = func.clock_timestamp()
        nodes.freed(session, nodes.LeasedNode.model_validate(run.node))
    await submissions.failed(session, submission_id, reason)


async def _season(session: AsyncSession, submission_id: UUID) -> UUID:
    found = await submissions.with_entry(session, submission_id)
    if found is None:
        raise Conflict("submission.gone", "The submission is gone.")
    return found[0].season_id
