"""The one door to an export: loads it and checks who may see it. Not yours means not found."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, SignedIn
from arena.exports.models import Export
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.submissions import public as submissions
from arena.submissions.public import Entry
from arena.training import public as training


def _none() -> NotFound:
    return NotFound("export.not_found", "There is no such export, or it is not yours.")


async def admit(session: AsyncSession, caller: Caller, export_id: UUID) -> Export:
    """For those who hold the entry and for producers."""
    export = await session.get(Export, export_id)
    found = await submissions.with_entry(session, export.submission_id) if export is not None else None
    if export is None or found is None or not await submissions.may_see(session, caller, found[0]):
        raise _none()
    return export


async def may_download(session: AsyncSession, caller: Caller, entry: Entry, submission_id: UUID) -> bool:
    """As with a trained adapter: one that has not met anybody is nobody else's, and merged it can be had back by
    subtraction. Nor is one that is nearly its parent."""
    entries = [entry]
    run = await training.run_of(session, submission_id)
    if run is not None and run.parent_id is not None:
        found = await submissions.with_entry(session, run.parent_id)
        entries += [found[0]] if found is not None else []
    return all([await submissions.holds(session, caller, one) for one in entries])


async def visible_export(export_id: UUID, caller: SignedIn, session: SessionDep) -> Export:
    return await admit(session, caller, export_id)


VisibleExport = Annotated[Export, Depends(visible_export, scope="function")]


async def own_export(export: VisibleExport, caller: SignedIn, session: SessionDep) -> Export:
    found = await submissions.with_entry(session, export.submission_id)
    if found is None or not await may_download(session, caller, found[0], export.submission_id):
        raise _none()
    return export


OwnExport = Annotated[Export, Depends(own_export, scope="function")]
