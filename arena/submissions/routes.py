"""Submissions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response, StreamingResponse

from arena.accounts.public import Contestant, Producer, PublicCaller
from arena.kit.access import signed_link
from arena.kit.db import SessionDep
from arena.kit.errors import Conflict, Invalid, NotFound, TooLarge, WrongType
from arena.kit.links import UPLOAD
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.shows.public import current_season
from arena.submissions import compare, contamination, dataset_checks, queries, service, uploads
from arena.submissions.models import Upload
from arena.submissions.policy import (
    DecidedEntry,
    DecidedSubmission,
    Decides,
    Flag,
    OwnEntry,
    OwnSubmission,
    OwnUpload,
    SendingEntry,
    Suspicion,
    VisibleSubmission,
)
from arena.submissions.schemas import (
    Choice,
    ContaminationOut,
    DatasetOut,
    EntryOut,
    FlagOut,
    NewEntry,
    NewSubmission,
    Review,
    RosterRow,
    SubmissionOut,
    XrayOut,
)
from arena.teams.public import CaptainedTeam

router = APIRouter(tags=["submissions"])

TUS = "1.0.0"
TUS_BODY = "application/offset+octet-stream"


@router.get("/entries")
async def my_entries(caller: Contestant, session: SessionDep) -> list[EntryOut]:
    return await queries.entries_of(session, caller.person_id)


@router.post("/entries", status_code=201)
async def make_entry(request: Request, caller: Contestant, session: SessionDep, body: NewEntry) -> EntryOut:
    site, season = request.app.state.site, await current_season(session)
    entry = await service.make_entry(site, session, season, caller.somebody, body.name)
    return await queries.entry_out(session, entry, caller.person_id)


@router.post("/entries/{entry_id}/team")
async def give_to_team(entry: OwnEntry, caller: Contestant, session: SessionDep) -> EntryOut:
    """An entry that a captain made alone becomes the team's, with all its versions. There is no way back."""
    await service.give_to_team(session, entry, caller.person_id)
    await session.flush()
    return await queries.entry_out(session, entry, caller.person_id)


@router.delete("/team")
async def disband_team(team: CaptainedTeam, session: SessionDep) -> Done:
    """The end of a team of which nothing competes any more. Its name is free again; its records stay."""
    await service.disband(session, team)
    return Done()


@router.put("/entries/{entry_id}/competing")
async def choose_version(
    entry: DecidedEntry, caller: Contestant, session: SessionDep, body: Choice
) -> EntryOut:
    """Which version goes on stage, until the season closes: a ready one, or with null the newest ready one."""
    await service.choose(session, entry, body.submission_id)
    return await queries.entry_out(session, entry, caller.person_id)


@router.post("/entries/{entry_id}/submissions", status_code=201)
async def submit(
    request: Request, entry: SendingEntry, session: SessionDep, body: NewSubmission
) -> SubmissionOut:
    """Announce the files of a version. Each is then sent to its upload; the verdict follows live.

    Announcing the same files again gives the same uploads with what has arrived of them: that is how to resume.
    """
    site: Site = request.app.state.site
    row = await uploads.begin(site, session, entry, body)
    return await queries.describe(session, entry, row)


@router.get("/submissions/{submission_id}")
async def read_submission(found: VisibleSubmission, session: SessionDep) -> SubmissionOut:
    return await queries.describe(session, *found)


@router.delete("/submissions/{submission_id}")
async def cancel_upload(found: OwnSubmission, session: SessionDep) -> Done:
    """Give up an upload that is not complete. The version does not count."""
    await uploads.cancel(session, found[1])
    return Done()


@router.post("/submissions/{submission_id}/withdraw")
async def withdraw(found: DecidedSubmission, session: SessionDep) -> SubmissionOut:
    """Keep a version off the stage. It still counts; duels that have begun stay as they are."""
    await service.withdraw(session, *found)
    return await queries.describe(session, *found)


@router.post("/submissions/{submission_id}/restore")
async def restore(found: DecidedSubmission, session: SessionDep) -> SubmissionOut:
    """Undo a withdrawal, until the season closes."""
    await service.restore(session, *found)
    return await queries.describe(session, *found)


@router.get("/submissions/{submission_id}/xray")
async def read_xray(request: Request, found: VisibleSubmission, session: SessionDep) -> XrayOut:
    """‖ΔW‖ and effective rank per layer and module of a verified adapter, and how its config scales B·A."""
    entry, row = found
    measured = await queries.measure_of(session, row.id)
    if measured is None or row.digest is None:
        raise NotFound("submission.not_measured", "This submission has not been measured.")
    # Read from the sealed file, so that adapters of any age have it, and nobody's word is taken for it.
    config = await service.sealed_config(request.app.state.site, session, entry, row.digest)
    return XrayOut.of(measured, config)


@router.get("/submissions/{submission_id}/dataset")
async def read_dataset_check(found: VisibleSubmission, decides: Decides, session: SessionDep) -> DatasetOut:
    """The report on a data set: what was found, with examples by row, and what the cleaned version would be."""
    return await dataset_checks.describe(session, *found, decides)


@router.get("/submissions/{submission_id}/dataset/report.json")
async def download_report(found: VisibleSubmission, decides: Decides, session: SessionDep) -> Response:
    """The same to keep."""
    said = await dataset_checks.describe(session, *found, decides)
    headers = _attachment(found, "report.json")
    return Response(said.model_dump_json(indent=2), media_type="application/json", headers=headers)


@router.get("/submissions/{submission_id}/dataset/cleaned.jsonl")
async def download_cleaned(
    request: Request, found: VisibleSubmission, session: SessionDep
) -> StreamingResponse:
    """The data set without what the report says against it. A download only: never shown by a browser."""
    site: Site = request.app.state.site
    body, size = dataset_checks.read_cleaned(site, await dataset_checks.check_of(session, found[1].id))
    headers = _attachment(found, "cleaned.jsonl") | {"Content-Length": str(size)}
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)


def _attachment(found: VisibleSubmission, name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="version-{found[1].version}-{name}"',
        "Cache-Control": "private, no-store",
    }


@router.post("/submissions/{submission_id}/dataset/accept-cleaned")
async def accept_cleaned(found: DecidedSubmission, caller: Contestant, session: SessionDep) -> DatasetOut:
    """Take the cleaned version as this version's data set, until the season closes."""
    await dataset_checks.accept_cleaned(session, *found, caller.somebody)
    return await dataset_checks.describe(session, *found, True)


@router.delete("/submissions/{submission_id}/dataset/accept-cleaned")
async def undo_accept_cleaned(found: DecidedSubmission, session: SessionDep) -> DatasetOut:
    """Back to what was sent, until the season closes."""
    await dataset_checks.undo_accept(session, *found)
    return await dataset_checks.describe(session, *found, True)


@router.get("/similarity-flags")
async def similarity_flags(_: Producer, session: SessionDep, reviewed: bool = False) -> list[FlagOut]:
    """Submissions of the season that are nearly another owner's, with the evidence. Open ones, or those reviewed."""
    return await queries.flags(session, (await current_season(session)).id, reviewed)


@router.post("/similarity-flags/{flag_id}/review")
async def review_similarity(flag: Flag, caller: Producer, session: SessionDep, body: Review) -> FlagOut:
    await compare.review(session, flag, caller.person_id, body.note)
    return await queries.flag_out(session, flag)


@router.get("/contamination-flags")
async def contamination_flags(
    _: Producer, session: SessionDep, reviewed: bool = False
) -> list[ContaminationOut]:
    """Versions of the season that may have been trained on what they are asked. Open ones, or those reviewed."""
    season = await current_season(session)
    return list(await contamination.flags(session, season.id, reviewed))


@router.post("/contamination-flags/{flag_id}/review")
async def review_contamination(
    flag: Suspicion, caller: Producer, session: SessionDep, body: Review
) -> ContaminationOut:
    await contamination.review(session, flag, caller.person_id, body.note)
    return await contamination.described(session, flag)


@router.get("/roster")
async def roster(_: Producer, session: SessionDep) -> list[RosterRow]:
    return await queries.roster(session, (await current_season(session)).id)


# --- tus 1.0.0, core protocol; what creates an upload is `submit` -------------------------------------------------


def _tus(status: int, **headers: str | int) -> Response:
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Response(status_code=status, headers={"Tus-Resumable": TUS, "Cache-Control": "no-store", **named})


@router.options("/uploads/{upload_id}", include_in_schema=False)
async def what_uploads_can(upload_id: str, _: PublicCaller) -> Response:
    return _tus(204, Tus_Version=TUS)


@router.head("/uploads/{upload_id}")
async def look_at_upload(upload: OwnUpload, session: SessionDep) -> Response:
    """How many bytes have arrived (`Upload-Offset`) of how many (`Upload-Length`).

    Older requests append nothing any more, so the answer is still true when the asker goes on from there.
    """
    return _tus(200, Upload_Offset=await uploads.settle(session, upload.id), Upload_Length=upload.size)


@router.patch("/uploads/{upload_id}", status_code=204)
async def send_bytes(
    request: Request,
    upload: OwnUpload,
    session: SessionDep,
    upload_offset: Annotated[int, Header(ge=0)],
    tus_resumable: Annotated[str, Header()] = TUS,
) -> Response:
    """Append the body from byte `Upload-Offset` on. What arrived before a broken line is kept."""
    _check_tus(request, upload, upload_offset, tus_resumable)
    site: Site = request.app.state.site
    # Nothing was written so far. A slow upload must not sit on a database connection while its bytes come in.
    await session.commit()
    return _tus(204, Upload_Offset=await uploads.append(site, upload.id, upload_offset, request.stream()))


def _check_tus(request: Request, upload: Upload, offset: int, version: str) -> None:
    """Refuse on the headers what the body could not mend."""
    if version != TUS:
        raise Conflict("upload.tus_version", f"This site speaks tus {TUS}.", version=TUS)
    if request.headers.get("content-type") != TUS_BODY:
        raise WrongType("upload.content_type", f"The body must be sent as {TUS_BODY}.")
    length = request.headers.get("content-length", "0")
    if not length.isdigit():
        raise Invalid("upload.length_invalid", "Content-Length is not a number.")
    if offset + int(length) > upload.size:
        raise TooLarge("upload.too_large", "More bytes come than were announced.", announced=upload.size)


@router.get("/incoming/{link}", include_in_schema=False, dependencies=[Depends(signed_link)])
async def read_incoming(request: Request, link: str, session: SessionDep) -> StreamingResponse:
    """An upload put together from its parts. Only the lab holds such a link."""
    site: Site = request.app.state.site
    parts = await queries.parts_of(session, site.signer.read(UPLOAD, link)["upload"])
    size = sum(part.length for part in parts)
    headers = {"Content-Length": str(size), "X-Content-Type-Options": "nosniff"}
    body = uploads.stored_bytes(site, parts)
    return StreamingResponse(body, media_type="application/octet-stream", headers=headers)
