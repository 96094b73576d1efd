"""JSON shapes of nodes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from arena.kit.jobs.models import Job
from arena.kit.schemas import Out
from arena.nodes.models import Lease, Node


class LeaseOut(Out):
    mode: str
    kind: str
    subject: UUID
    until: datetime | None


class NodeOut(Out):
    id: UUID
    state: str
    detail: str
    progress: dict[str, Any] | None
    hardware_class: str
    cores: int | None
    base_model: str | None
    engine_build: str | None
    adapters: int
    lease: LeaseOut | None
    another_key: bool
    """It shows another key than the one it was first seen with, and gets no work until a producer accepts that."""
    seen_at: datetime

    @classmethod
    def of(cls, node: Node, held: tuple[Lease, Job] | None) -> "NodeOut":
        health = node.health
        hardware = health.get("hardware") or {}
        lease = None
        if held is not None:
            row, job = held
            lease = LeaseOut(mode=row.mode, kind=job.kind, subject=job.subject, until=job.lease_until)
        return cls(
            id=node.id,
            state=node.state,
            detail=node.detail,
            progress=health.get("progress"),
            hardware_class=str(hardware.get("class", "unknown")),
            cores=hardware.get("cores"),
            base_model=health.get("base_model"),
            engine_build=health.get("engine_build"),
            adapters=len(health.get("adapters") or []),
            lease=lease,
            another_key=node.shows_another_key,
            seen_at=node.seen_at,
        )


class AttestationOut(Out):
    """With `gavel verify` or any Ed25519 library: the key has signed the document in canonical JSON (RFC 8785)."""

    digest: str
    document: dict[str, Any]
    signature: str
    public_key: str
