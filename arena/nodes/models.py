"""Engine nodes and who holds them. Benchmarks and duels both lease, so nodes stand to the left of both."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, false, text
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

    @property
    def shows_another_key(self) -> bool:
        shown = self.health.get("public_key")
        return None not in (shown, self.public_key) and shown != self.public_key


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
