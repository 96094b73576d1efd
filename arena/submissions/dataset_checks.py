"""Data sets after their check: the report is kept, the cleaned version is sealed, its owner may take that instead."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.db import Json, db_now
from arena.kit.errors import Conflict, Invalid, NotFound
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import active_lists, require
from arena.shows.public import Artifact, Track
from arena.submissions import metrics
from arena.submissions.artifacts import DATA_CLEANED, DATA_JSONL
from arena.submissions.contamination import flag_canaries
from arena.submissions.contracts import FileOut, JudgedBy, SubmissionChanged, SuitesGiven
from arena.submissions.datasets.contracts import GROWTH, DatasetReport
from arena.submissions.models import DatasetCheck, Entry, Submission
from arena.submissions.schemas import DatasetOut, Licence
from arena.submissions.sealing import canonical, seal_cleaned, sealed
from arena.submissions.service import held, is_open, refuse_when_closed


async def declared(
    site: Site, session: AsyncSession, artifact: Artifact, licence: Licence | None, by: UUID | None
) -> Json | None:
    """The licence as it is kept. Raises Invalid `dataset.licence_missing` for a data set without, or `moderation.…`."""
    if artifact != "dataset":
        return None
    if licence is None or (licence.id == "other" and not licence.note):
        metrics.count("dataset.licence_missing")
        raise Invalid(
            "dataset.licence_missing",
            "Say under which licence the data set may be used: an SPDX id, own data, or other with a note.",
        )
    if licence.note:
        await require(site, session, "dataset.licence", licence.note, by)
    return licence.model_dump(mode="json")


async def judged_by(
    site: Site, session: AsyncSession, row: Submission, track: Track, suites: SuitesGiven
) -> JudgedBy:
    """What the lab judges a data set with. The word lists lie in the store under the digest of their engine."""
    digest, lists = await active_lists(session)
    key = f"moderation/{digest}"
    await site.storage.put_once(key, lists)
    most = GROWTH * track.max_dataset_bytes
    put = site.links.write(canonical(row.id, DATA_CLEANED), most)
    return JudgedBy(
        word_lists_url=site.links.read(key),
        suites=suites,
        cleaned=FileOut(name=DATA_CLEANED, put_url=put, max_bytes=most),
    )


async def keep_report(site: Site, session: AsyncSession, row: Submission, report: DatasetReport) -> None:
    """Whatever the verdict is. Raises Conflict when the cleaned version is not what the lab says it is."""
    if report.cleaned is not None:
        await seal_cleaned(site, row.id, report.cleaned.sha256)
    session.add(DatasetCheck(submission_id=row.id, report=report.model_dump(mode="json")))
    await session.flush()
    await flag_canaries(session, row.id, report)


async def check_of(session: AsyncSession, submission_id: UUID) -> DatasetCheck:
    """Raises NotFound for a version that is no data set or was not checked yet."""
    statement = select(DatasetCheck).where(DatasetCheck.submission_id == submission_id)
    found = (
        await session.execute(statement, execution_options={"populate_existing": True})
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("dataset.not_checked", "There is no report on this version.")
    return found


async def describe(session: AsyncSession, entry: Entry, row: Submission, decides: bool) -> DatasetOut:
    check = await check_of(session, row.id)
    by = await session.get(Person, check.accepted_by) if check.accepted_by is not None else None
    return DatasetOut.of(row, check, by, decides and await is_open(session, entry))


async def accept_cleaned(session: AsyncSession, entry: Entry, row: Submission, by: Person) -> None:
    """From now on the cleaned version is this version's data set: it is what will be trained on.

    Raises Forbidden after the deadline, Conflict when there is no cleaned version or it was taken already.
    """
    row, check, report = await _to_decide(session, entry, row)
    if report.cleaned is None:
        raise Conflict("dataset.nothing_to_accept", "This data set has no cleaned version.")
    if check.accepted_at is not None:
        raise Conflict("dataset.accepted", "The cleaned version has been taken already.")
    check.accepted_at, check.accepted_by = await db_now(session), by.id
    row.digest, row.refusal = report.cleaned.sha256, None
    row.move("verified")
    await _changed(session, row)


async def undo_accept(session: AsyncSession, entry: Entry, row: Submission) -> None:
    """Back to what was sent, and to its verdict. Raises Forbidden after the deadline."""
    row, check, report = await _to_decide(session, entry, row)
    if check.accepted_at is None:
        raise Conflict("dataset.not_accepted", "The cleaned version has not been taken.")
    check.accepted_at = check.accepted_by = None
    if report.canonical is not None:
        row.digest = report.canonical.sha256
    elif report.refused is not None:
        row.digest = None
        row.refusal = {"code": report.refused.code, "message": report.refused.message}
        row.move("refused")
    await _changed(session, row)


async def _to_decide(
    session: AsyncSession, entry: Entry, row: Submission
) -> tuple[Submission, DatasetCheck, DatasetReport]:
    row = await held(session, row.id)
    await refuse_when_closed(session, entry)
    check = await check_of(session, row.id)
    return row, check, DatasetReport.model_validate(check.report)


async def _changed(session: AsyncSession, row: Submission) -> None:
    await session.flush()
    record(session, SubmissionChanged(submission_id=row.id))


def read_cleaned(site: Site, check: DatasetCheck) -> tuple[AsyncIterator[bytes], int]:
    """The file and its size. Raises NotFound when there is none."""
    report = DatasetReport.model_validate(check.report)
    if report.cleaned is None:
        raise NotFound("dataset.no_cleaned", "This data set has no cleaned version.")
    return site.storage.stream(sealed(report.cleaned.sha256, DATA_JSONL)), report.cleaned.bytes
