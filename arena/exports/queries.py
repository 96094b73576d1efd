"""Reads of exports."""

from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Person
from arena.exports.contracts import ExportRecord, Scheme
from arena.exports.models import UNDER_WAY, Export
from arena.exports.policy import may_download
from arena.exports.rules import ExportReport
from arena.exports.schemas import ExportFile, ExportProgress, ExportWaits, ModelExport, ModelExports
from arena.kit.errors import NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import JobState
from arena.shows.base_models import BASE_MODELS
from arena.submissions import public as submissions
from arena.submissions.public import Entry, Submission

SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
PER_DAY = 5
"""Exports of a contestant in 24 hours: a machine of the show is busy with one for up to an hour."""
KEPT = 8
"""Exports of a contestant whose files are kept at a time: each is as large as the base model, or nearly."""
KEPT_DAYS = 30
"""So long the files are kept; the report and what they were made of stay."""


async def export(session: AsyncSession, export_id: UUID, lock: bool = False) -> Export:
    """Raises NotFound `export.not_found`."""
    found = await session.get(Export, export_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("export.not_found", "There is no such export.")
    return found


def _of_holder(holder: UUID | None) -> Select[Any]:
    return (
        select(Export.id)
        .join(Submission, Submission.id == Export.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .where(Entry.holder == holder)
    )


async def under_way(session: AsyncSession, holder: UUID | None) -> UUID | None:
    """The contestant's export that waits for a lab or is in the hands of one."""
    wanted = _of_holder(holder).where(Export.state.in_(UNDER_WAY)).limit(1)
    found: UUID | None = (await session.execute(wanted)).scalar_one_or_none()
    return found


async def left(session: AsyncSession, holder: UUID | None) -> int:
    """Of today. What a fault of ours has ended is not counted, nor what the site could not make."""
    recent = Export.created_at > func.clock_timestamp() - func.make_interval(0, 0, 0, 1)
    counted = _of_holder(holder).where(recent, Export.state.not_in(("failed", "refused")))
    used = (await session.execute(select(func.count()).select_from(counted.subquery()))).scalar_one()
    return max(0, PER_DAY - used)


async def room(session: AsyncSession, holder: UUID | None) -> int:
    """How many more may be kept."""
    kept = _of_holder(holder).where(Export.state == "done")
    return max(
        0, KEPT - (await session.execute(select(func.count()).select_from(kept.subquery()))).scalar_one()
    )


async def of_version(session: AsyncSession, caller: Caller, entry: Entry, row: Submission) -> ModelExports:
    made = await _described(session, _exports().where(Export.submission_id == row.id))
    taken = {one.scheme for one in made if one.state in (*UNDER_WAY, "done")}
    ready = row.artifact == "adapter" and row.state in submissions.SEALED
    orders = ready and await submissions.holds(session, caller, entry)
    return ModelExports(
        exports=made,
        schemes=[scheme for scheme in SCHEMES if scheme not in taken] if orders else [],
        left=await left(session, entry.holder),
        room=await room(session, entry.holder),
        keeps=KEPT,
        under_way=await under_way(session, entry.holder),
        downloads=await may_download(session, caller, entry, row.id),
    )


async def one(session: AsyncSession, export_id: UUID) -> ModelExport:
    """Raises NotFound `export.not_found`."""
    for found in await _described(session, _exports().where(Export.id == export_id)):
        return found
    raise NotFound("export.not_found", "There is no such export.")


def _exports() -> Select[Any]:
    columns: list[Any] = [Export, Person.display_name]
    named = select(*columns).join(Person, Person.id == Export.ordered_by)
    return named.order_by(Export.created_at.desc()).execution_options(populate_existing=True)


async def _described(session: AsyncSession, wanted: Select[Any]) -> list[ModelExport]:
    rows = (await session.execute(wanted)).all()
    return [await _out(session, row, ordered_by) for row, ordered_by in rows]


async def _out(session: AsyncSession, row: Export, ordered_by: str) -> ModelExport:
    waiting, progress = await _job(session, row)
    base = BASE_MODELS[row.base_model]
    return ModelExport(
        id=row.id,
        submission_id=row.submission_id,
        scheme=row.scheme,
        state=row.state,
        reason=row.reason,
        code=row.code,
        base_model=row.base_model,
        base_digest=row.base_digest,
        licence=base.licence,
        licence_url=base.licence_url,
        adapter_digest=row.adapter_digest,
        data_digest=row.data_digest,
        record=ExportRecord.model_validate(row.record) if row.record else None,
        report=ExportReport.model_validate(row.report) if row.report else None,
        files=[ExportFile(name=name, **file) for name, file in (row.files or {}).items()],
        waiting=waiting,
        progress=progress,
        cancellable=row.state in UNDER_WAY,
        kept_until=row.ended_at + timedelta(days=KEPT_DAYS) if row.state == "done" and row.ended_at else None,
        ordered_by=ordered_by,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


async def _job(session: AsyncSession, row: Export) -> tuple[ExportWaits | None, ExportProgress | None]:
    job = await jobs.latest(session, row.id) if row.state in UNDER_WAY else None
    if job is None:
        return None, None
    if job.state == JobState.QUEUED:
        position = await jobs.position(session, job)
        return ExportWaits(reason=job.reason or "queued", position=position, deadline=job.deadline), None
    return None, ExportProgress.model_validate(job.progress) if job.progress else None
