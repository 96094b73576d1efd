"""Exports as pages see them."""

from datetime import datetime
from uuid import UUID

from arena.exports.contracts import ExportRecord, Scheme
from arena.exports.models import ExportState
from arena.exports.rules import ExportReport
from arena.kit.schemas import In, Out


class NewExport(In):
    submission_id: UUID
    scheme: Scheme


class ExportWaits(Out):
    """Why nothing happens at this moment, and until when it is worth waiting."""

    reason: str
    position: int
    deadline: datetime


class ExportProgress(Out):
    """What the lab says it does."""

    done: int
    total: int
    note: str


class ExportFile(Out):
    name: str
    sha256: str
    bytes: int


class ModelExport(Out):
    """A model that a version was made into."""

    id: UUID
    submission_id: UUID
    scheme: Scheme
    state: ExportState
    reason: str | None
    code: str | None
    """What that reason is called; pages explain it in both languages."""
    base_model: str
    base_digest: str | None
    licence: str
    """Of the base, and so of what is made of it; `licence_url` has its words."""
    licence_url: str
    adapter_digest: str
    data_digest: str | None
    """Of the data set that the adapter was trained on here."""
    record: ExportRecord | None
    report: ExportReport | None
    files: list[ExportFile]
    waiting: ExportWaits | None
    progress: ExportProgress | None
    cancellable: bool
    kept_until: datetime | None
    """When its files are removed."""
    ordered_by: str
    created_at: datetime
    ended_at: datetime | None


class ModelExports(Out):
    """The exports of a version, and what else may be made of it."""

    exports: list[ModelExport]
    """The newest first."""
    schemes: list[Scheme]
    """Those that are not made yet. Empty while the version is not admitted."""
    left: int
    """How many its holder may order today."""
    room: int
    """How many more of its holder may be kept beside each other, out of `keeps`."""
    keeps: int
    under_way: UUID | None
    """The export that has to end before another one can be ordered."""
    downloads: bool
    """Whether whoever asks may have the files: those who hold the entry, and nobody else."""
