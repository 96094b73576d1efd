"""JSON shapes of nodes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
from pydantic import AfterValidator, Field

from arena.kit.jobs.models import Job
from arena.kit.schemas import In, Out
from arena.nodes.calibration import Misfit, Shown, Verdict
from arena.nodes.capabilities import NEEDS, Capability, Driver, lacks
from arena.nodes.contracts import NodeHealth
from arena.nodes.models import Calibration, CalibrationState, Lease, Node, NodeCalibration, Turn
from arena.nodes.placement import ANY_CLASS, Mode
from arena.shows.base_model import BaseModel, SourceKind
from arena.shows.public import CalibrationRules, Season


def _address(value: str) -> str:
    url = httpx.URL(value)
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError("must be an address such as http://10.0.0.7:8700")
    return value.rstrip("/")


class LeaseOut(Out):
    mode: str
    kind: str
    subject: UUID
    until: datetime | None


class Joining(In):
    """What a node says when it comes."""

    token: str = Field(min_length=1, max_length=200)
    url: Annotated[str, AfterValidator(_address)]
    """Where the site reaches it."""
    health: NodeHealth


class Joined(Out):
    node_id: UUID
    bearer: str
    """What callers will present to the node."""


class JoinToken(Out):
    token: str
    expires_at: datetime
    command: str
    """To be run on the machine that joins."""


class UseOut(Out):
    """One kind of work, and what the engine lacks for it; nothing: it may be used for it."""

    mode: Mode
    lacks: list[Capability]


class ServingNode(Out):
    id: UUID
    state: str
    hardware_class: str
    digest: str | None
    """Of the weights, as the node states it; null while it does not know."""
    as_pinned: bool | None
    """Whether that is what the registry has pinned; null where nothing is pinned, or nothing is known."""
    fake: bool


class SeasonOn(Out):
    id: UUID
    name: str


class BaseModelOut(Out):
    """A base model of the registry, and what is made of it here."""

    id: str
    source: SourceKind
    place: str | None
    """The package or the repository; a folder of a machine is nobody's business."""
    revision: str
    digest: str | None
    """Of the weights; null where they are made on the machine that serves them."""
    bytes: int | None
    """What is fetched."""
    context: int
    max_rank: int
    licence: str
    licence_url: str
    seasons: list[SeasonOn]
    """Whose track is built on it, the newest first."""
    nodes: list[ServingNode]

    @classmethod
    def of(cls, base: BaseModel, seasons: Sequence[Season], nodes: Sequence[Node]) -> "BaseModelOut":
        return cls(
            id=base.id,
            source=base.kind,
            place=None if base.kind == "file" else base.place,
            revision=base.revision,
            digest=base.digest,
            bytes=base.bytes or None,
            context=base.context,
            max_rank=base.max_rank,
            licence=base.licence,
            licence_url=base.licence_url,
            seasons=[SeasonOn.model_validate(season) for season in seasons],
            nodes=[_serving(base, node) for node in nodes],
        )


def _serving(base: BaseModel, node: Node) -> ServingNode:
    health = NodeHealth.model_validate({**node.health, "state": node.state})
    known = None not in (base.digest, health.base_digest) and not health.fake
    return ServingNode(
        id=node.id,
        state=node.state,
        hardware_class=health.hardware_class,
        digest=health.base_digest,
        as_pinned=health.base_digest == base.digest if known else None,
        fake=health.fake,
    )


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
    slots: int
    loads: int
    """Adapters loaded since the engine was started."""
    fake: bool
    quarantine: bool
    draining: bool
    joined: bool
    """It came with a token; one from the settings cannot be removed here."""
    lease: LeaseOut | None
    driver: Driver | None
    uses: list[UseOut]
    """Empty while nobody knows: it does not answer."""
    another_key: bool
    """It shows another key than the one it was first seen with, and gets no work until a producer accepts that."""
    misfit: Misfit | None
    """Why it does not count as one of its class: its last calibration, with the figures. Unranked work may go there."""
    seen_at: datetime

    @classmethod
    def of(cls, node: Node, held: tuple[Lease, Job] | None) -> "NodeOut":
        health = node.health
        said = None if node.state == "unreachable" else NodeHealth.model_validate(health)
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
            slots=int(health.get("max_loras") or 0),
            loads=int(health.get("loads") or 0),
            fake=bool(health.get("fake")),
            quarantine=bool(health.get("quarantine")),
            draining=node.draining,
            joined=node.salt is not None,
            lease=lease,
            driver=said and said.driver,
            uses=[UseOut(mode=mode, lacks=lacks(said.caps, mode)) for mode in NEEDS] if said else [],
            another_key=node.shows_another_key,
            misfit=Misfit.model_validate(node.misfit) if node.is_misfit else None,
            seen_at=node.seen_at,
        )


class AttestationOut(Out):
    """With `gavel verify` or any Ed25519 library: the key has signed the document in canonical JSON (RFC 8785)."""

    digest: str
    document: dict[str, Any]
    signature: str
    public_key: str


def _class(value: str) -> str:
    if value == ANY_CLASS:
        raise ValueError("must name one class: “any” stands for a track that asks for none")
    return value


class NewCalibration(In):
    hardware_class: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_class)]


class TurnOut(Out):
    """One node in a calibration. What it showed is there once it was measured, the verdict once all were."""

    node_id: UUID
    turn: Turn
    reason: str | None
    """Why it was left out."""
    engine_build: str | None
    attestation: str | None
    """Digest of what it stated when its turn came."""
    shown: Shown | None
    verdict: Verdict | None

    @classmethod
    def of(cls, row: NodeCalibration) -> "TurnOut":
        return cls(
            node_id=row.node_id,
            turn=row.turn,
            reason=row.reason,
            engine_build=row.engine_build,
            attestation=row.attestation,
            shown=Shown.model_validate(row.shown) if row.shown else None,
            verdict=Verdict.model_validate(row.verdict) if row.verdict else None,
        )


class CalibrationOut(Out):
    id: UUID
    hardware_class: str
    base_model: str
    rules: CalibrationRules
    state: CalibrationState
    reason: str | None
    """Why it failed, or what it waits for."""
    nodes: list[TurnOut]
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Calibration, turns: Sequence[NodeCalibration], waits: str | None) -> "CalibrationOut":
        return cls(
            id=row.id,
            hardware_class=row.hardware_class,
            base_model=row.base_model,
            rules=CalibrationRules.model_validate(row.rules),
            state=row.state,
            reason=row.reason or waits,
            nodes=[TurnOut.of(turn) for turn in turns],
            created_at=row.created_at,
            ended_at=row.ended_at,
        )
