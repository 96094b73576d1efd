"""JSON shapes of submissions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator

from arena.accounts.public import Person
from arena.kit.jobs.models import Job, JobState
from arena.kit.schemas import In, Out
from arena.shows.public import Artifact
from arena.submissions.adapter_config import AdapterConfig
from arena.submissions.contracts import CheckStatus
from arena.submissions.datasets.contracts import DatasetReport
from arena.submissions.models import (
    AdapterMeasure,
    Contamination,
    ContaminationFlag,
    DatasetCheck,
    Entry,
    EntryKind,
    SimilarityFlag,
    Submission,
    Upload,
)
from arena.teams.public import Team

State = Literal[
    "uploading",
    "received",
    "verifying",
    "verified",
    "refused",
    "benchmarking",
    "ready",
    "failed",
    "cancelled",
    "withdrawn",
]


class NewEntry(In):
    name: Annotated[str, StringConstraints(max_length=400)]
    """At most 40 characters once it is normalised; `name.invalid` says what else is wrong with it."""


class Choice(In):
    submission_id: UUID | None
    """A ready version of the entry; null for the newest ready one."""


class NewFile(In):
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    size: Annotated[int, Field(ge=0, lt=2**53)]
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class Licence(In):
    """Under which licence a data set may be used: an SPDX id, `own` for data of one's own, or `other` with a note."""

    id: Literal[
        "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODC-By-1.0", "ODbL-1.0", "PDDL-1.0", "MIT",
        "Apache-2.0", "own", "other",
    ]  # fmt: skip
    note: Annotated[str, StringConstraints(max_length=500)] = ""
    """Where the data comes from, and whatever else there is to say."""


class NewSubmission(In):
    artifact: Artifact = "adapter"
    licence: Licence | None = None
    """Of a data set, which needs one."""
    files: Annotated[list[NewFile], Field(min_length=1, max_length=64)]

    @field_validator("files")
    @classmethod
    def _one_of_each(cls, files: list[NewFile]) -> list[NewFile]:
        if len({file.name for file in files}) < len(files):
            raise ValueError("two files have the same name")
        return files


class UploadOut(Out):
    """A file on its way in. Send the bytes from `received` on to `/api/uploads/{id}` (tus 1.0.0)."""

    id: UUID
    name: str
    size: int
    sha256: str
    received: int


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
    artifact: Artifact
    state: State
    withdrawn_from: State | None
    """The state that a withdrawn version has again when it is restored."""
    uploads: list[UploadOut]
    """The files, while they are on their way; empty afterwards."""
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
    def of(
        cls, entry: Entry, row: Submission, job: Job | None, position: int = 0, uploads: Sequence[Upload] = ()
    ) -> "SubmissionOut":
        if row.state == "withdrawn":
            job = None  # whatever is still under way is nobody's to wait for
        running = job is not None and job.state == JobState.RUNNING
        waiting = None
        if job is not None and job.state == JobState.QUEUED:
            waiting = WaitingOut(reason=job.reason or "queued", position=position, deadline=job.deadline)
        return cls(
            id=row.id,
            entry_id=entry.id,
            entry_name=entry.name,
            version=row.version,
            artifact=row.artifact,
            uploads=[UploadOut.model_validate(upload) for upload in uploads],
            withdrawn_from=row.withdrawn_from,
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


class CompetingOut(Out):
    submission_id: UUID
    version: int
    chosen: bool
    """By the contestant; otherwise it is the newest ready one."""


class EntryOut(Out):
    id: UUID
    name: str
    kind: EntryKind
    team: str | None
    """The team that it belongs to; null for a person alone."""
    decides: bool
    """Whether the reader chooses, withdraws and restores: alone, or as the captain of the team."""
    competing: CompetingOut | None
    """The version that goes on stage; null when none is ready."""
    submissions: list[SubmissionOut]


class RosterRow(Out):
    """What can go on stage."""

    entry_id: UUID
    name: str
    kind: EntryKind
    submission_id: UUID | None
    version: int | None
    digest: str | None
    ready: bool


class ScalingOut(Out):
    """What B·A is multiplied by: alpha by the rank, or by its root in rank-stabilised LoRA."""

    alpha: float
    use_rslora: bool
    scale: float


class XrayOut(Out):
    """What an adapter looks like inside: a row per layer, a column per module, 0 where it has no tensors."""

    modules: list[str]
    norms: list[list[float]]
    """‖ΔW‖ (Frobenius)."""
    effective_ranks: list[list[float]]
    """exp of the entropy of the singular values of ΔW: how many directions it really uses."""
    scaling: ScalingOut | None
    """Null when the sealed config is not in the store any more."""

    @classmethod
    def of(cls, row: AdapterMeasure, config: AdapterConfig | None) -> "XrayOut":
        scaling = ScalingOut.model_validate(config) if config is not None else None
        return cls(**row.xray, scaling=scaling)


class LicenceOut(Out):
    id: str
    note: str


class AcceptedOut(Out):
    by: str
    at: datetime


class DatasetOut(Out):
    """The report on a data set, and which version of it counts."""

    submission_id: UUID
    licence: LicenceOut | None
    report: DatasetReport
    accepted: AcceptedOut | None
    """The cleaned version counts, since then. Otherwise what was sent counts, unless it was refused."""
    may_decide: bool
    """Whether the season is still open."""

    @classmethod
    def of(cls, row: Submission, check: DatasetCheck, by: Person | None, may_decide: bool) -> "DatasetOut":
        accepted = None
        if by is not None and check.accepted_at is not None:
            accepted = AcceptedOut(by=by.display_name, at=check.accepted_at)
        return cls(
            submission_id=row.id,
            licence=LicenceOut.model_validate(row.licence) if row.licence else None,
            report=DatasetReport.model_validate(check.report),
            accepted=accepted,
            may_decide=may_decide,
        )


class FlagSide(Out):
    submission_id: UUID
    entry_id: UUID
    entry_name: str
    version: int
    owner: str
    """Who made the entry."""
    team: str | None
    digest: str | None
    sent_at: datetime

    @classmethod
    def of(cls, row: Submission, entry: Entry, owner: Person, team: Team | None) -> "FlagSide":
        return cls(
            submission_id=row.id,
            entry_id=entry.id,
            entry_name=entry.name,
            version=row.version,
            owner=owner.display_name,
            team=team.name if team else None,
            digest=row.digest,
            sent_at=row.created_at,
        )


class ModuleLikenessOut(Out):
    module: str
    cosine: float
    norm: float
    other_norm: float


class ReviewOut(Out):
    by: str
    at: datetime
    note: str


class FlagOut(Out):
    """Evidence that one submission is nearly another owner's earlier one."""

    id: UUID
    submission: FlagSide
    other: FlagSide
    """The one that was there first."""
    cosine: float
    energy_share: float
    identical: bool
    """The two canonical adapters are the same bytes."""
    modules: list[ModuleLikenessOut]
    threshold: float
    calibration: str
    created_at: datetime
    review: ReviewOut | None

    @classmethod
    def of(
        cls,
        flag: SimilarityFlag,
        row: Submission,
        entry: Entry,
        owner: Person,
        team: Team | None,
        other: Submission,
        other_entry: Entry,
        other_owner: Person,
        other_team: Team | None,
        reviewer: Person | None,
    ) -> "FlagOut":
        review = None
        if reviewer is not None and flag.reviewed_at is not None:
            review = ReviewOut(by=reviewer.display_name, at=flag.reviewed_at, note=flag.note or "")
        return cls(
            id=flag.id,
            submission=FlagSide.of(row, entry, owner, team),
            other=FlagSide.of(other, other_entry, other_owner, other_team),
            cosine=flag.cosine,
            energy_share=flag.energy_share,
            identical=row.digest == other.digest,
            modules=[ModuleLikenessOut.model_validate(module) for module in flag.modules],
            threshold=flag.threshold,
            calibration=flag.calibration,
            created_at=flag.created_at,
            review=review,
        )


class Review(In):
    note: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    """What the producers found and agreed."""


class ContaminationOut(Out):
    """A sign that a version was trained on what it is asked."""

    id: UUID
    submission_id: UUID
    entry_id: UUID
    entry_name: str
    version: int
    kind: Contamination
    suite: str
    rows: int | None
    """Of `canary`: rows of the data set that hold it."""
    task: str | None
    """Of `rephrased`: the public task; and by how much more of it was right (a share of 1), with its standard error,
    the threshold, and over how many pairs of questions."""
    gap: float | None
    stderr: float | None
    threshold: float | None
    items: int | None
    run_id: UUID | None
    created_at: datetime
    review: ReviewOut | None

    @classmethod
    def of(
        cls, flag: ContaminationFlag, row: Submission, entry: Entry, reviewer: Person | None
    ) -> "ContaminationOut":
        review = None
        if reviewer is not None and flag.reviewed_at is not None:
            review = ReviewOut(by=reviewer.display_name, at=flag.reviewed_at, note=flag.note or "")
        told = ("rows", "task", "gap", "stderr", "threshold", "items", "run_id")
        return cls(
            id=flag.id,
            submission_id=row.id,
            entry_id=entry.id,
            entry_name=entry.name,
            version=row.version,
            kind=flag.kind,
            suite=flag.suite,
            created_at=flag.created_at,
            review=review,
            **{name: flag.detail.get(name) for name in told},
        )
