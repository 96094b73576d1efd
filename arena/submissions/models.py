"""Entries, their versions, the files of a version on their way in, and which versions look like copies."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from arena.kit.db import Base, Row
from arena.shows.rules import Artifact
from arena.teams.public import Team

EntryKind = Literal["contestant", "house"]
Contamination = Literal["canary", "rephrased"]
"""`canary`: a data set holds a string that stands in no text but a suite's files. `rephrased`: questions that anybody
may have seen are answered far better than the same in other words."""
SubmissionState = Literal[
    "uploading",
    "received",
    "verified",
    "refused",
    "benchmarking",
    "ready",
    "failed",
    "cancelled",
    "withdrawn",
]


class Entry(Row):
    """What competes: one name on stage. The house entry (kind `house`), the untuned base model, anchors ratings."""

    __tablename__ = "entries"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"), index=True)
    """Who made it."""
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey(Team.id), index=True)
    """The team it belongs to; without one it belongs to whoever made it."""
    name: Mapped[str]
    skeleton: Mapped[str]
    """`moderation.names.skeleton` of the name: names that look alike would be one name on a screen."""
    kind: Mapped[EntryKind] = mapped_column(String, default="contestant")

    __table_args__ = (
        Index("uq_entries_skeleton", "season_id", "skeleton", unique=True),
        CheckConstraint("kind in ('contestant','house')", name="kind"),
        CheckConstraint("(kind = 'house') = (owner_id is null)", name="house_has_no_owner"),
        CheckConstraint("kind <> 'house' or team_id is null", name="house_has_no_team"),
        Index("uq_entries_house", "season_id", unique=True, postgresql_where="kind = 'house'"),
    )

    @hybrid_property
    def holder(self) -> UUID | None:
        """Who competes with it: a team, or a person alone. What counts per contestant counts per holder."""
        return self.team_id or self.owner_id

    @holder.inplace.expression
    @classmethod
    def _holder(cls) -> ColumnElement[UUID | None]:
        return func.coalesce(cls.team_id, cls.owner_id)


class Submission(Row):
    """One version of an entry. `incoming/` holds what was sent, never served; `digest` names the canonical form.

    `uploading` until the last byte of the last file; `cancelled` when it never came. `withdrawn` by its owner: never on
    stage, but what was under way goes on unseen in `withdrawn_from`, which is the state again when it is restored.
    """

    __tablename__ = "submissions"

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entries.id"), index=True)
    version: Mapped[int]
    artifact: Mapped[Artifact] = mapped_column(String, default="adapter")
    state: Mapped[SubmissionState] = mapped_column(String, default="received")
    withdrawn_from: Mapped[SubmissionState | None] = mapped_column(String)
    chosen: Mapped[bool] = mapped_column(default=False)
    """Its owner wants this version to compete, and not the newest ready one."""
    made_here: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Nobody sent it: it came of a training run of this site, and does not count as one of its owner's uploads."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    refusal: Mapped[dict[str, Any] | None]
    digest: Mapped[str | None] = mapped_column(index=True)
    licence: Mapped[dict[str, Any] | None]
    """What its owner declared about a data set: `id` and `note`."""
    rank: Mapped[int | None]
    modules: Mapped[list[str]] = mapped_column(default=list)

    __table_args__ = (
        UniqueConstraint("entry_id", "version"),
        CheckConstraint(
            "coalesce(withdrawn_from, state) in "
            "('uploading','received','verified','refused','benchmarking','ready','failed','cancelled')",
            name="state",
        ),
        CheckConstraint(
            "(state = 'withdrawn') = (coalesce(withdrawn_from, 'uploading') <> 'uploading')", name="withdrawn"
        ),
        CheckConstraint("artifact in ('adapter','dataset','prompt','model')", name="artifact"),
        CheckConstraint(
            "(coalesce(withdrawn_from, state) in ('verified','benchmarking','ready')) <= (digest is not null)",
            name="verified_digest",
        ),
        CheckConstraint(
            "(coalesce(withdrawn_from, state) in ('refused','failed','cancelled')) = (refusal is not null)",
            name="refusal",
        ),
        CheckConstraint("chosen <= (state = 'ready')", name="chosen_is_ready"),
        Index("uq_submissions_chosen", "entry_id", unique=True, postgresql_where="chosen"),
    )

    def move(self, state: SubmissionState) -> None:
        """On along the line."""
        if self.state == "withdrawn":
            self.withdrawn_from = state
        else:
            self.state = state


ENDED = ("refused", "failed", "cancelled", "withdrawn")
"""States from which a version does not come to the stage by itself."""
SEALED = ("verified", "benchmarking", "ready")
"""States of a version whose files lie in the store under their digest, and that its owner stands by."""
REACHED = func.coalesce(Submission.withdrawn_from, Submission.state)
"""How far a version came, withdrawn or not."""


class AdapterMeasure(Row):
    """What the lab measured on a verified adapter: the sketch that others are compared with, and the X-ray."""

    __tablename__ = "adapter_measures"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), unique=True)
    scheme: Mapped[str]
    """How the sketch was made; only sketches of one scheme can be compared."""
    sketch: Mapped[bytes]
    xray: Mapped[dict[str, Any]]


class AdapterProbe(Row):
    """Where a sealed adapter was asked before it met anybody. What came of it is in the submission's checks."""

    __tablename__ = "adapter_probes"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), unique=True)
    node: Mapped[dict[str, Any]]


class DatasetCheck(Row):
    """The report on a data set, and whether its owner took the cleaned version instead of what was sent."""

    __tablename__ = "dataset_checks"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), unique=True)
    report: Mapped[dict[str, Any]]
    """A `DatasetReport`."""
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))

    __table_args__ = (
        CheckConstraint("num_nulls(accepted_at, accepted_by) in (0, 2)", name="accepted_by_somebody"),
    )


class SimilarityFlag(Row):
    """A submission that is nearly another owner's earlier one: evidence for a producer, and his note. Never a ban."""

    __tablename__ = "similarity_flags"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    other_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    cosine: Mapped[float]
    energy_share: Mapped[float]
    """Share of the submission's ‖ΔW‖² in modules that alone would be flagged."""
    modules: Mapped[list[dict[str, Any]]]
    """Per module: `module`, `cosine`, `norm`, `other_norm`."""
    threshold: Mapped[float]
    calibration: Mapped[str]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    note: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("submission_id", "other_id"),
        CheckConstraint("submission_id <> other_id", name="two_submissions"),
        CheckConstraint(
            "num_nulls(reviewed_at, reviewed_by, note) in (0, 3)", name="reviewed_by_somebody_with_a_note"
        ),
    )


class ContaminationFlag(Row):
    """A sign that a version was trained on what it is asked: evidence for a producer, and his note. Never a ban."""

    __tablename__ = "contamination_flags"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    kind: Mapped[Contamination] = mapped_column(String)
    suite: Mapped[str]
    detail: Mapped[dict[str, Any]]
    """Of `canary`: `rows`. Of `rephrased`: `run_id`, `task`, `gap`, `stderr`, `threshold`, `items`."""
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("persons.id"))
    note: Mapped[str | None]

    __table_args__ = (
        # One of a kind: what is measured again is the same suspicion.
        UniqueConstraint("submission_id", "kind", "suite"),
        CheckConstraint("kind in ('canary','rephrased')", name="kind"),
        CheckConstraint(
            "num_nulls(reviewed_at, reviewed_by, note) in (0, 3)", name="reviewed_by_somebody_with_a_note"
        ),
    )


class Upload(Row):
    """One file of a submission on its way in. `received` bytes are kept for good; the rest comes when it comes."""

    __tablename__ = "uploads"

    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"))
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    """Hex; announced by the sender before the first byte, compared after the last."""
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    writer: Mapped[int] = mapped_column(default=0)
    """Number of the request that may append. A newer request takes the file over from one that hangs."""
    touched_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (
        UniqueConstraint("submission_id", "name"),
        CheckConstraint("received between 0 and size", name="received"),
    )


class UploadPart(Base):
    """A piece of a file as it lies in the store: bytes `begin` to `begin + length` under `key`."""

    __tablename__ = "upload_parts"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("uploads.id"), primary_key=True)
    begin: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    length: Mapped[int]
    key: Mapped[str]
