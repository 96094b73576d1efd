"""Engine nodes and who holds them. Benchmarks and duels both lease, so nodes stand to the left of both."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from arena.accounts.public import OneTimeLink
from arena.kit.db import Base, Created, Row
from arena.nodes.placement import Mode


class Node(Row):
    __tablename__ = "nodes"

    url: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    """As the node itself reports it, or `unreachable`."""
    detail: Mapped[str] = mapped_column(default="")
    health: Mapped[dict[str, Any]]
    """The node's last health document."""
    seen_at: Mapped[datetime]
    public_key: Mapped[str | None]
    """The first key that it has signed an attestation with. What shows another key is another node."""
    draining: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Takes nothing new; what runs on it ends by itself."""
    salt: Mapped[str | None]
    """From it and the site's secret comes the token of a node that has joined; null for one named in the settings."""
    removed_at: Mapped[datetime | None]
    """It has left the site: not looked at, not shown, not leased. Its row stays, because answers were made on it."""
    misfit: Mapped[dict[str, Any] | None]
    """A `calibration.Misfit`: its last calibration refused it as one of its class."""

    @property
    def shows_another_key(self) -> bool:
        shown = self.health.get("public_key")
        return None not in (shown, self.public_key) and shown != self.public_key

    @property
    def is_misfit(self) -> bool:
        """Refused as one of the class that it states now."""
        stated = (self.health.get("hardware") or {}).get("class", "unknown")
        return self.misfit is not None and self.misfit["hardware_class"] == stated


class NodeInvitation(OneTimeLink):
    """To join this site as an engine node."""

    __tablename__ = "node_invitations"

    node_id: Mapped[UUID | None] = mapped_column(ForeignKey("nodes.id"))
    """What became of it."""


class Lease(Row):
    """A node held for one job. It is live exactly as long as that job runs under that fence, so a worker that dies
    gives the node back when the job's own lease runs out: there is no second clock to keep in step."""

    __tablename__ = "leases"

    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    fence: Mapped[int] = mapped_column(BigInteger)
    mode: Mapped[Mode] = mapped_column(String)
    adapters: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    """Digests of what is live under it."""
    taken_at: Mapped[Created]

    __table_args__ = (
        Index("ix_leases_node_id_taken_at", "node_id", "taken_at"),
        Index("ix_leases_taken_at", "taken_at"),
        # One job holds one node: who goes to another lets go of the first.
        UniqueConstraint("job_id", "fence"),
    )


class NodeAttestation(Base):
    """What a node has stated and signed, under the digest of the document. Never changed."""

    __tablename__ = "node_attestations"

    digest: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    signature: Mapped[str]
    public_key: Mapped[str]
    created_at: Mapped[Created]


class AdapterFingerprint(Row):
    """The greedy answer by which an adapter is recognised, taken at its benchmark. Another engine build, or hardware of
    another class (which may compute in another type), may round differently."""

    __tablename__ = "adapter_fingerprints"

    digest: Mapped[str]
    engine_build: Mapped[str]
    hardware_class: Mapped[str]
    fingerprint: Mapped[str]

    __table_args__ = (UniqueConstraint("digest", "engine_build", "hardware_class"),)


CalibrationState = Literal["queued", "running", "done", "failed"]
Turn = Literal["waiting", "measured", "left_out"]


class Calibration(Row):
    """The nodes of one hardware class, measured one after the other and compared."""

    __tablename__ = "calibrations"

    hardware_class: Mapped[str]
    base_model: Mapped[str]
    rules: Mapped[dict[str, Any]]
    """A `CalibrationRules`: the season's when it was asked for."""
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    state: Mapped[CalibrationState] = mapped_column(String, default="queued")
    reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('queued','running','done','failed')", name="state"),
        CheckConstraint("(state in ('done','failed')) = (ended_at is not null)", name="ended"),
        CheckConstraint("state <> 'failed' or reason is not null", name="reason"),
        # One at a time of a class.
        Index(
            "uq_calibrations_under_way",
            "hardware_class",
            unique=True,
            postgresql_where="state in ('queued','running')",
        ),
    )


class NodeCalibration(Row):
    """One node in a calibration: what it showed, and what was made of it."""

    __tablename__ = "node_calibrations"

    calibration_id: Mapped[UUID] = mapped_column(ForeignKey("calibrations.id"))
    node_id: Mapped[UUID] = mapped_column(ForeignKey("nodes.id"), index=True)
    turn: Mapped[Turn] = mapped_column(String, default="waiting")
    reason: Mapped[str | None]
    """Why it was left out."""
    engine_build: Mapped[str | None]
    attestation: Mapped[str | None]
    """Digest of what it stated when its turn came."""
    shown: Mapped[dict[str, Any] | None]
    """A `calibration.Shown`."""
    verdict: Mapped[dict[str, Any] | None]
    """A `calibration.Verdict`, once all are measured."""

    __table_args__ = (
        UniqueConstraint("calibration_id", "node_id"),
        CheckConstraint("turn in ('waiting','measured','left_out')", name="turn"),
        CheckConstraint("(turn = 'measured') = (shown is not null)", name="measured"),
        CheckConstraint("(turn = 'left_out') = (reason is not null)", name="left_out"),
    )
