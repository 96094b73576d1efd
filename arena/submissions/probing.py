"""What happens between the gate and the benchmark: a sealed adapter is asked on an engine (`probe` says what)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import Json
from arena.kit.errors import Conflict
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.public import season_rules
from arena.submissions import service
from arena.submissions.contracts import (
    ProbeContract,
    ProbeResult,
    SubmissionChanged,
    SubmissionProbed,
)
from arena.submissions.models import AdapterProbe, Entry, Submission


async def prepare(site: Site, session: AsyncSession, job: Job) -> ProbeContract:
    """Hold a node, one in quarantine where the site has one, and write the contract."""
    row = await session.get_one(Submission, job.subject)
    if row.digest is None:
        raise Conflict("submission.not_verified", "Only a verified submission can be probed.")
    entry = await session.get_one(Entry, row.entry_id)
    rules = await season_rules(session, entry.season_id)
    leased = await nodes.lease(site, session, job, rules.track.base_model, mode="probe")
    probe = await _probe(session, row.id)
    if probe is None:
        session.add(AdapterProbe(submission_id=row.id, node=leased.model_dump(mode="json")))
    else:
        probe.node = leased.model_dump(mode="json")
    await session.flush()
    record(session, SubmissionChanged(submission_id=row.id))
    return ProbeContract(
        submission_id=str(row.id),
        base_model=rules.track.base_model,
        base_digest=leased.base_digest,
        engine_url=leased.url,
        engine_token=leased.bearer,
        adapter=service.adapter_ref(site, row.digest),
        max_tokens=rules.sampling.max_tokens,
        rehearsal=leased.rehearsal,
    )


async def finish(site: Site, session: AsyncSession, submission_id: UUID, body: Json) -> None:
    """Write down what came of it, and by what the adapter is recognised from now on."""
    result = ProbeResult.model_validate(body)
    probe = await _probe(session, submission_id)
    row = await service.held(session, submission_id)
    if probe is None or row.digest is None:
        raise Conflict("probe.stale", "Nobody asked for this probe.")
    leased = nodes.LeasedNode.model_validate(probe.node)
    earlier = [check for check in row.checks if check["code"] not in {new.code for new in result.checks}]
    row.checks = [*earlier, *(check.model_dump(mode="json") for check in result.checks)]
    if result.fingerprint is None and result.refusal is None:
        raise Conflict("job.bad_result", "An adapter was admitted that no engine was asked about.")
    nodes.freed(session, leased)
    if result.refusal is not None:
        await service.refuse(session, submission_id, result.refusal.code, result.refusal.message)
        return
    await nodes.recognise(session, leased, row.digest, result.fingerprint or "")
    record(session, SubmissionProbed(submission_id=submission_id))
    record(session, SubmissionChanged(submission_id=submission_id))


async def failed(session: AsyncSession, submission_id: UUID, reason: str) -> None:
    probe = await _probe(session, submission_id)
    if probe is not None:
        nodes.freed(session, nodes.LeasedNode.model_validate(probe.node))
    await service.failed(session, submission_id, reason)


async def _probe(session: AsyncSession, submission_id: UUID) -> AdapterProbe | None:
    found = await session.execute(select(AdapterProbe).where(AdapterProbe.submission_id == submission_id))
    return found.scalar_one_or_none()
