"""The lab's work on a version: what it is asked, and what follows from its answer, for each kind of artifact."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import Json
from arena.kit.errors import Conflict
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import Action, add_record, check, refusal
from arena.shows.public import Artifact, SeasonRules, season_rules
from arena.submissions.artifacts import asked_files, canonical_files
from arena.submissions.checklist import line_of
from arena.submissions.compare import compare_bytes, keep_and_compare
from arena.submissions.contracts import (
    Check,
    FileIn,
    FileOut,
    Refusal,
    SubmissionChanged,
    SubmissionProbed,
    SubmissionVerified,
    SuitesGiven,
    VerifyContract,
    VerifyResult,
)
from arena.submissions.dataset_checks import judged_by, keep_report
from arena.submissions.metrics import count_verdict
from arena.submissions.models import Entry, Submission
from arena.submissions.prompt import read_prompt
from arena.submissions.queries import uploads_of
from arena.submissions.refusals import AdapterRefused
from arena.submissions.sealing import canonical, read_adapter, read_system_prompt, seal_canonical
from arena.submissions.service import held

GiveSuites = Callable[[Site, AsyncSession, UUID], Awaitable[SuitesGiven]]
"""The benchmark of a season. Benchmarks come after submissions in the line, so it is handed in."""


async def prepare(site: Site, session: AsyncSession, job: Job, suites: GiveSuites) -> VerifyContract:
    row = await session.get_one(Submission, job.subject)
    entry = await session.get_one(Entry, row.entry_id)
    track = (await season_rules(session, entry.season_id)).track
    uploads = await uploads_of(session, row.id)
    limits = asked_files(row.artifact, track, [upload.name for upload in uploads])
    record(session, SubmissionChanged(submission_id=row.id))
    return VerifyContract(
        submission_id=str(row.id),
        artifact=row.artifact,
        base_model=track.base_model,
        max_rank=track.max_rank,
        max_system_chars=track.max_system_chars,
        files=[
            FileIn(
                name=upload.name,
                url=site.links.upload(str(upload.id)),
                sha256=upload.sha256,
                max_bytes=limits[upload.name],
            )
            for upload in uploads
        ],
        canonical=[
            FileOut(name=name, put_url=site.links.write(canonical(row.id, name), most), max_bytes=most)
            for name, most in canonical_files(row.artifact, track).items()
        ],
        judged_by=await judged_by(site, session, row, track, await suites(site, session, entry.season_id))
        if row.artifact == "dataset"
        else None,
    )


async def finish(site: Site, session: AsyncSession, submission_id: UUID, body: Json) -> None:
    """Write the verdict down. What is admitted is hashed again here and sealed under its own hash."""
    result = VerifyResult.model_validate(body)
    row = await held(session, submission_id)
    row.checks = [check.model_dump(mode="json") for check in result.checks]
    if result.report is not None:
        await keep_report(site, session, row, result.report)
    if result.refusal is not None:
        _refuse(session, row, result.refusal)
        record(session, SubmissionChanged(submission_id=row.id))
        return
    if result.digest is None:
        raise Conflict("job.bad_result", "The lab's verdict says neither what it is nor why not.")
    names = list(canonical_files(row.artifact, (await _rules(session, row)).track))
    await seal_canonical(site, row.id, names, result.digest)
    await _ADMIT[row.artifact](site, session, row, result)
    record(session, SubmissionChanged(submission_id=row.id))


async def _rules(session: AsyncSession, row: Submission) -> SeasonRules:
    entry = await session.get_one(Entry, row.entry_id)
    return await season_rules(session, entry.season_id)


async def _admit_adapter(site: Site, session: AsyncSession, row: Submission, result: VerifyResult) -> None:
    """Compared with the others of the season; then it is measured."""
    if result.measures is None or result.digest is None:
        raise Conflict("job.bad_measures", "The lab has measured nothing on an adapter that it admitted.")
    alike = await keep_and_compare(session, row, result.digest, result.measures, partial(read_adapter, site))
    _add_check(row, alike)
    row.move("verified")
    row.digest = result.digest
    row.rank = result.rank
    row.modules = list(result.modules or [])
    record(session, SubmissionVerified(submission_id=row.id))


async def _admit_dataset(_: Site, session: AsyncSession, row: Submission, result: VerifyResult) -> None:
    """Nothing follows by itself: training is its owner's next step."""
    canonical = result.report.canonical if result.report is not None else None
    if canonical is None or canonical.sha256 != result.digest:
        raise Conflict("job.bad_report", "The lab's report is not on the data set that it admitted.")
    _add_check(row, await compare_bytes(session, row, canonical.sha256))
    row.move("verified")
    row.digest = result.digest


async def _admit_prompt(site: Site, session: AsyncSession, row: Submission, result: VerifyResult) -> None:
    """Moderated, because the model will say what it is told; then it is measured like an adapter.

    There are no weights to be probed: the adapter beside it is the house's.
    """
    entry = await session.get_one(Entry, row.entry_id)
    digest = result.digest or ""
    text = await read_system_prompt(site, digest)
    track = (await _rules(session, row)).track
    # So short that it is simply read again, whatever the lab said of it.
    if read_prompt(text.encode(), track.base, track.max_system_chars).text != text:
        raise Conflict("job.bad_text", "The lab admitted a prompt that is not in its canonical form.")
    verdict = await check(site, session, text)
    if verdict.action is not Action.PASS:
        await add_record(session, "entry.prompt", text, verdict, entry.owner_id, row.id)
    if verdict.refused:
        refused = refusal(verdict)
        problem = AdapterRefused(refused.code, refused.message, {"category": verdict.category})
        _add_check(row, line_of("moderation", [problem]))
        _refuse(session, row, Refusal(code=problem.code, message=problem.message))
        return
    _add_check(row, line_of("moderation", []))
    _add_check(row, await compare_bytes(session, row, digest))
    row.move("verified")
    row.digest = digest
    record(session, SubmissionProbed(submission_id=row.id))


async def _admit_model(_: Site, session: AsyncSession, row: Submission, result: VerifyResult) -> None:
    """Kept as verified. It needs a replica of its own to answer, and no node offers one: the line ends here."""
    digest = result.digest or ""
    _add_check(row, await compare_bytes(session, row, digest))
    row.move("verified")
    row.digest = digest


def _add_check(row: Submission, line: Check) -> None:
    row.checks = [*row.checks, line.model_dump(mode="json")]


def _refuse(session: AsyncSession, row: Submission, refusal: Refusal) -> None:
    row.move("refused")
    row.refusal = refusal.model_dump()
    count_verdict(session, refusal.code)


Admit = Callable[[Site, AsyncSession, Submission, VerifyResult], Awaitable[None]]

_ADMIT: Mapping[Artifact, Admit] = {
    "adapter": _admit_adapter,
    "dataset": _admit_dataset,
    "model": _admit_model,
    "prompt": _admit_prompt,
}
"""What follows when a kind's files were found good and are sealed."""
