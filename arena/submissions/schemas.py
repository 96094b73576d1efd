"""JSON shapes of submissions."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints

from arena.kit.jobs.models import Job, JobState
from arena.kit.schemas import In, Out
from arena.submissions.contracts import CheckStatus
from arena.submissions.models import Entry, Submission

State = Literal["received", "verifying", "verified", "refused", "benchmarking", "ready", "failed"]


class NewEntry(In):
    name: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class CheckOut(Out):
    code: str
    status: CheckStatus
    detail: dict[str, Any] = {}


class RefusalOut(Out):
    code: str
    message: str


class ProgressOut(Out):
    done: int
    total: int
    note: str


class WaitingOut(Out):
    """Why nothing has moved yet, and until when it is worth waiting."""

    reason: str
    position: int
    deadline: datetime


class SubmissionOut(Out):
    id: UUID
    entry_id: UUID
    entry_name: str
    version: int
    state: State
    checks: list[CheckOut]
    refusal: RefusalOut | None
    digest: str | None
    rank: int | None
    modules: list[str]
    size_bytes: int
    progress: ProgressOut | None
    waiting: WaitingOut | None
    created_at: datetime

    @classmethod
    def of(cls, entry: Entry, row: Submission, job: Job | None, position: int = 0) -> "SubmissionOut":
        running = job is not None and job.state == JobState.RUNNING
        waiting = None
        if job is not None and job.state == JobState.QUEUED:
            waiting = WaitingOut(reason=job.reason or "queued", position=position, deadline=job.deadline)
        return cls(
            id=row.id,
            entry_id=entry.id,
            entry_name=entry.name,
            version=row.version,
            state="verifying" if row.state == "received" and running else row.state,
            checks=[CheckOut.model_validate(check) for check in row.checks],
            refusal=RefusalOut.model_validate(row.refusal) if row.refusal else None,
            digest=row.digest,
            rank=row.rank,
            modules=row.modules,
            size_bytes=row.size_bytes,
            progress=ProgressOut.model_validate(job.progress) if running and job and job.progress else None,
            waiting=waiting,
            created_at=row.created_at,
        )


class EntryOut(Out):
    id: UUID
    name: str
    kind: Literal["contestant", "house"]
    submissions: list[SubmissionOut]


class RosterRow(Out):
    """What can go on stage."""

    entry_id: UUID
    name: str
    kind: Literal["contestant", "house"]
    submission_id: UUID | None
    version: int | None
    digest: str | None
    ready: bool
