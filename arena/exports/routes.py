"""Exports over HTTP."""

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from arena.accounts.public import SignedIn
from arena.exports import queries, service
from arena.exports.policy import OwnExport, VisibleExport
from arena.exports.schemas import ModelExport, ModelExports, NewExport
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.site import Site
from arena.submissions.policy import own_submission
from arena.submissions.public import VisibleSubmission

router = APIRouter(prefix="/exports", tags=["exports"])


@router.get("")
async def list_exports(found: VisibleSubmission, caller: SignedIn, session: SessionDep) -> ModelExports:
    """The models that a version (`submission_id`) was made into, and what else may be made of it."""
    return await queries.of_version(session, caller, *found)


@router.post("", status_code=201)
async def order_export(caller: SignedIn, session: SessionDep, body: NewExport) -> ModelExport:
    """Merge an admitted adapter into its base model and write it in a scheme. What comes of it is measured against what
    it was made of, and does not compete."""
    entry, row = await own_submission(body.submission_id, caller, session)
    export = await service.order(session, caller, entry, row, body.scheme)
    return await queries.one(session, export.id)


@router.get("/{export_id}")
async def read_export(export: VisibleExport, session: SessionDep) -> ModelExport:
    return await queries.one(session, export.id)


@router.post("/{export_id}/cancel")
async def cancel_export(export: VisibleExport, session: SessionDep) -> ModelExport:
    """End it."""
    cancelled = await service.cancel(session, export.id)
    await session.flush()
    return await queries.one(session, cancelled.id)


@router.delete("/{export_id}")
async def remove_export(export: OwnExport, session: SessionDep) -> ModelExport:
    """Its files are not wanted any more. What it was made of and its report stay."""
    removed = await service.remove(session, export.id)
    await session.flush()
    return await queries.one(session, removed.id)


@router.get("/{export_id}/files/{name}")
async def download_exported(request: Request, export: OwnExport, name: str) -> StreamingResponse:
    """A file of the model. A download only: never shown by a browser."""
    site: Site = request.app.state.site
    if name not in (export.files or {}):
        raise NotFound("export.no_file", "This export has no such file.")
    assert export.files is not None
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "Content-Length": str(export.files[name]["bytes"]),
    }
    body = site.storage.stream(service.kept_file(export, name))
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)
