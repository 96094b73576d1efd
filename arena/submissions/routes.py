"""Submissions over HTTP."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile

from arena.accounts.public import Contestant, Producer
from arena.kit.db import SessionDep
from arena.kit.errors import Invalid, TooLarge, Unauthenticated
from arena.shows.public import current_season, season_rules
from arena.submissions import queries, service
from arena.submissions.policy import OwnEntry, VisibleSubmission
from arena.submissions.schemas import EntryOut, NewEntry, RosterRow, SubmissionOut

router = APIRouter(tags=["submissions"])

FORM_OVERHEAD = 64 << 10
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
UPLOAD_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"config": _FILE, "weights": _FILE},
                    "required": ["config", "weights"],
                }
            }
        },
    }
}
"""Said by hand, because the route reads the form itself: declared as parameters, files would be taken in before the
caller's permission and the length are looked at."""


@router.get("/entries")
async def my_entries(caller: Contestant, session: SessionDep) -> list[EntryOut]:
    return await queries.entries_of(session, caller.person_id)


@router.post("/entries", status_code=201)
async def make_entry(request: Request, caller: Contestant, session: SessionDep, body: NewEntry) -> EntryOut:
    if caller.person is None:
        raise Unauthenticated("auth.required", "Sign in first.")
    site, season = request.app.state.site, await current_season(session)
    entry = await service.make_entry(site, session, season, caller.person, body.name)
    return EntryOut(id=entry.id, name=entry.name, kind="contestant", submissions=[])


@router.post("/entries/{entry_id}/submissions", status_code=202, openapi_extra=UPLOAD_FORM)
async def submit(request: Request, entry: OwnEntry, session: SessionDep) -> SubmissionOut:
    """Send one version: `adapter_config.json` and `adapter_model.safetensors` as a form. The verdict follows live."""
    track = (await season_rules(session, entry.season_id)).track
    _refuse_length(request, track.max_bytes + service.MAX_CONFIG_BYTES + FORM_OVERHEAD)
    # Nothing was written so far. A slow upload must not sit on a database connection while the files come in.
    await session.commit()
    async with request.form(max_files=2, max_fields=2) as form:
        config = await _file(form, "config", service.MAX_CONFIG_BYTES)
        weights = await _file(form, "weights", track.max_bytes)
    row = await service.receive(request.app.state.site, session, entry, config, weights)
    return SubmissionOut.of(entry, row, None)


@router.get("/submissions/{submission_id}")
async def read_submission(found: VisibleSubmission, session: SessionDep) -> SubmissionOut:
    return await queries.describe(session, *found)


@router.get("/roster")
async def roster(_: Producer, session: SessionDep) -> list[RosterRow]:
    return await queries.roster(session, (await current_season(session)).id)


def _refuse_length(request: Request, max_bytes: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise Invalid("upload.length_required", "The request must say how long it is (Content-Length).")
    if int(length) > max_bytes:
        raise TooLarge(
            "upload.too_large", f"The upload is larger than {max_bytes} bytes.", max_bytes=max_bytes
        )


async def _file(form: FormData, name: str, max_bytes: int) -> bytes:
    file = form.get(name)
    if not isinstance(file, UploadFile):
        missing = [{"field": name, "message": "a file is required"}]
        raise Invalid("request.invalid", f"{name}: a file is required", fields=missing)
    body = await file.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise TooLarge(
            "upload.too_large",
            f"{file.filename} is larger than {max_bytes} bytes.",
            file=file.filename,
            max_bytes=max_bytes,
        )
    return body
