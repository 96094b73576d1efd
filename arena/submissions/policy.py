"""The one door to an entry or a submission: loads it and checks who may see it. Not yours means not found."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from arena.accounts.public import Caller, Contestant, Producer, Role, SignedIn
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.submissions import queries
from arena.submissions.models import Entry, SimilarityFlag, Submission, Upload


def may_see(caller: Caller, entry: Entry) -> bool:
    owner = caller.person is not None and entry.owner_id == caller.person.id
    return owner or caller.has(Role.PRODUCER)


async def own_entry(entry_id: UUID, caller: Contestant, session: SessionDep) -> Entry:
    entry = await session.get(Entry, entry_id)
    if entry is None or entry.owner_id != caller.person_id:
        raise NotFound("entry.not_found", "You have no such entry.")
    return entry


async def visible_submission(
    submission_id: UUID, caller: SignedIn, session: SessionDep
) -> tuple[Entry, Submission]:
    """For its owner and for producers."""
    found = await queries.with_entry(session, submission_id)
    if found is None or not may_see(caller, found[0]):
        raise NotFound("submission.not_found", "You have no such submission.")
    return found


async def own_submission(
    submission_id: UUID, caller: Contestant, session: SessionDep
) -> tuple[Entry, Submission]:
    found = await queries.with_entry(session, submission_id)
    if found is None or found[0].owner_id != caller.person_id:
        raise NotFound("submission.not_found", "You have no such submission.")
    return found


async def own_upload(upload_id: UUID, caller: Contestant, session: SessionDep) -> Upload:
    upload = await session.get(Upload, upload_id)
    found = await queries.with_entry(session, upload.submission_id) if upload is not None else None
    if upload is None or found is None or found[0].owner_id != caller.person_id:
        raise NotFound("upload.not_found", "You have no such upload.")
    return upload


async def similarity_flag(flag_id: UUID, _: Producer, session: SessionDep) -> SimilarityFlag:
    """For producers, to write on: of two who review at once, one is first."""
    flag = await session.get(SimilarityFlag, flag_id, with_for_update=True)
    if flag is None:
        raise NotFound("similarity.not_found", "There is no such flag.")
    return flag


Flag = Annotated[SimilarityFlag, Depends(similarity_flag, scope="function")]
OwnEntry = Annotated[Entry, Depends(own_entry, scope="function")]
OwnSubmission = Annotated[tuple[Entry, Submission], Depends(own_submission, scope="function")]
OwnUpload = Annotated[Upload, Depends(own_upload, scope="function")]
VisibleSubmission = Annotated[tuple[Entry, Submission], Depends(visible_submission, scope="function")]
