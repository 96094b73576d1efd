"""The one door to an entry or a submission: loads it and checks who may see it. Not yours means not found."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Contestant, Producer, Role, SignedIn
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.submissions import queries
from arena.submissions.models import ContaminationFlag, Entry, SimilarityFlag, Submission, Upload
from arena.teams import public as teams


async def holds(session: AsyncSession, caller: Caller, entry: Entry) -> bool:
    """Whether it is the caller's own entry, or that of the team the caller is in."""
    if caller.person is None:
        return False
    if entry.team_id is None:
        return entry.owner_id == caller.person.id
    return await teams.member(session, entry.team_id, caller.person.id) is not None


async def may_see(session: AsyncSession, caller: Caller, entry: Entry) -> bool:
    return caller.has(Role.PRODUCER) or await holds(session, caller, entry)


async def may_decide(session: AsyncSession, caller: Caller, entry: Entry) -> bool:
    """Of those who hold it: a person alone, or the captain of the team."""
    if entry.team_id is None:
        return True
    return (await teams.lock_team(session, entry.team_id)).captain_id == caller.person_id


async def own_entry(entry_id: UUID, caller: Contestant, session: SessionDep) -> Entry:
    """For whoever competes with it, every member of a team included."""
    entry = await session.get(Entry, entry_id)
    if entry is None or entry.kind == "candidate" or not await holds(session, caller, entry):
        raise NotFound("entry.not_found", "You have no such entry.")
    return entry


OwnEntry = Annotated[Entry, Depends(own_entry, scope="function")]


async def sending_entry(entry: OwnEntry, caller: Contestant, session: SessionDep) -> Entry:
    """Held, and asked again: who is being removed from a team at this moment must not leave a version behind."""
    await queries.lock_holder(session, entry)
    return await own_entry(entry.id, caller, session)


async def decided_entry(entry: OwnEntry, caller: Contestant, session: SessionDep) -> Entry:
    """For whoever decides about it."""
    if not await may_decide(session, caller, entry):
        raise teams.captain_only()
    return entry


async def visible_submission(
    submission_id: UUID, caller: SignedIn, session: SessionDep
) -> tuple[Entry, Submission]:
    """For those who hold the entry and for producers."""
    found = await queries.with_entry(session, submission_id)
    if found is None or not await may_see(session, caller, found[0]):
        raise NotFound("submission.not_found", "You have no such submission.")
    return found


async def own_submission(
    submission_id: UUID, caller: Contestant, session: SessionDep
) -> tuple[Entry, Submission]:
    found = await queries.with_entry(session, submission_id)
    if found is None or not await holds(session, caller, found[0]):
        raise NotFound("submission.not_found", "You have no such submission.")
    return found


OwnSubmission = Annotated[tuple[Entry, Submission], Depends(own_submission, scope="function")]


async def decided_submission(
    found: OwnSubmission, caller: Contestant, session: SessionDep
) -> tuple[Entry, Submission]:
    if not await may_decide(session, caller, found[0]):
        raise teams.captain_only()
    return found


async def own_upload(upload_id: UUID, caller: Contestant, session: SessionDep) -> Upload:
    upload = await session.get(Upload, upload_id)
    found = await queries.with_entry(session, upload.submission_id) if upload is not None else None
    if upload is None or found is None or not await holds(session, caller, found[0]):
        raise NotFound("upload.not_found", "You have no such upload.")
    return upload


async def similarity_flag(flag_id: UUID, _: Producer, session: SessionDep) -> SimilarityFlag:
    """For producers, to write on: of two who review at once, one is first."""
    flag = await session.get(SimilarityFlag, flag_id, with_for_update=True)
    if flag is None:
        raise NotFound("similarity.not_found", "There is no such flag.")
    return flag


async def contamination_flag(flag_id: UUID, _: Producer, session: SessionDep) -> ContaminationFlag:
    """As `similarity_flag`."""
    flag = await session.get(ContaminationFlag, flag_id, with_for_update=True)
    if flag is None:
        raise NotFound("contamination.not_found", "There is no such flag.")
    return flag


DecidedEntry = Annotated[Entry, Depends(decided_entry, scope="function")]
DecidedSubmission = Annotated[tuple[Entry, Submission], Depends(decided_submission, scope="function")]
SendingEntry = Annotated[Entry, Depends(sending_entry, scope="function")]
Flag = Annotated[SimilarityFlag, Depends(similarity_flag, scope="function")]
Suspicion = Annotated[ContaminationFlag, Depends(contamination_flag, scope="function")]
OwnUpload = Annotated[Upload, Depends(own_upload, scope="function")]
VisibleSubmission = Annotated[tuple[Entry, Submission], Depends(visible_submission, scope="function")]


async def sees_decisions(found: VisibleSubmission, caller: SignedIn, session: SessionDep) -> bool:
    """Whether a page offers its reader what only the owner or the captain may do. The door asks again."""
    entry = found[0]
    if entry.team_id is None:
        return entry.owner_id == caller.person_id
    team = await session.get(teams.Team, entry.team_id)
    return team is not None and team.captain_id == caller.person_id


Decides = Annotated[bool, Depends(sees_decisions, scope="function")]
