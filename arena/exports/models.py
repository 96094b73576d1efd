"""Exports: an admitted adapter as a model of its own, beside the version it was made of."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from arena.exports.contracts import Scheme
from arena.kit.db import Row

ExportState = Literal["queued", "running", "done", "cancelled", "failed", "refused"]
UNDER_WAY: tuple[ExportState, ...] = ("queued", "running")
REMOVED, EXPIRED = "export.removed", "export.expired"
"""Codes of exports that were done and whose files are kept no longer: they are `cancelled` then, so that the version
can be written in that scheme again."""


class Export(Row):
    """A model version that a version of an entry was made into: merged, and written with fewer bits or not. It does not
    compete. What it is made of is pinned when it is ordered."""

    __tablename__ = "exports"

    season_id: Mapped[UUID] = mapped_column(ForeignKey("seasons.id"), index=True)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submissions.id"), index=True)
    scheme: Mapped[Scheme] = mapped_column(String)
    base_model: Mapped[str]
    base_digest: Mapped[str | None]
    """Of the weights that the last attempt was given."""
    adapter_digest: Mapped[str]
    data_digest: Mapped[str | None]
    """Of the data set that the adapter was trained on here, if it was, and (`data_form`) its form."""
    data_form: Mapped[str | None]
    asked: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    """A `rules.AskedOf` each, as the last attempt was given them."""
    state: Mapped[ExportState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    """Why there are no files: a sentence for the person waiting."""
    code: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    """How often it was handed out. Every attempt has places of its own in the store."""
    record: Mapped[dict[str, Any] | None]
    """An `ExportRecord`."""
    report: Mapped[dict[str, Any] | None]
    """A `rules.ExportReport`."""
    files: Mapped[dict[str, Any] | None]
    """By name: `sha256` and `bytes`."""
    ordered_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    tidy: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """What is not kept of it is out of the store."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("scheme in ('bf16','int8','w4a16_gptq','w4a16_awq','fp8')", name="scheme"),
        CheckConstraint("state in ('queued','running','done','cancelled','failed','refused')", name="state"),
        CheckConstraint("(state in ('queued','running')) = (ended_at is null)", name="ended"),
        CheckConstraint("(state = 'done') = (num_nulls(record, report, files) = 0)", name="done_is_whole"),
        CheckConstraint("state not in ('failed','refused') or reason is not null", name="reason"),
        CheckConstraint("num_nulls(data_digest, data_form) in (0, 2)", name="data"),
        # Of a version one of each kind; what came to nothing may be tried again.
        Index(
            "uq_exports_scheme",
            "submission_id",
            "scheme",
            unique=True,
            postgresql_where="state in ('queued','running','done')",
        ),
    )
