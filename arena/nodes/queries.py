"""Reads of nodes."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import NotFound
from arena.kit.jobs.models import Job, JobState
from arena.nodes.attestation import Attestation
from arena.nodes.capabilities import uses
from arena.nodes.contracts import Ask, LeasedNode, NodeHealth
from arena.nodes.models import AdapterFingerprint, Lease, Node, NodeAttestation
from arena.nodes.placement import ON_AIR, Held, Mode, Place, Request, could_have

_live = and_(Job.id == Lease.job_id, Job.fence == Lease.fence, Job.state == JobState.RUNNING)


async def nodes(session: AsyncSession) -> Sequence[Node]:
    statement = select(Node).where(Node.removed_at.is_(None)).order_by(Node.created_at)
    return (await session.execute(statement)).scalars().all()


async def live_leases(session: AsyncSession) -> dict[UUID, tuple[Lease, Job]]:
    """Node id -> the lease on it and the job that holds it; of shared ones, one."""
    found = await session.execute(select(Lease, Job).join(Job, _live))
    return {lease.node_id: (lease, job) for lease, job in found.all()}


async def fingerprint(session: AsyncSession, node: LeasedNode, digest: str) -> str | None:
    """By what the adapter is recognised on engines like this one."""
    statement = select(AdapterFingerprint.fingerprint).where(
        AdapterFingerprint.digest == digest,
        AdapterFingerprint.engine_build == node.engine_build,
        AdapterFingerprint.hardware_class == node.hardware_class,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def attestation(session: AsyncSession, digest: str) -> Attestation | None:
    row = await session.get(NodeAttestation, digest)
    if row is None:
        return None
    return Attestation(document=row.document, signature=row.signature, public_key=row.public_key)


async def table(session: AsyncSession) -> list[Place]:
    """All nodes of the site and who holds them, as placement reads them."""
    held: dict[UUID, list[Held]] = {}
    for lease in (await session.execute(select(Lease).join(Job, _live))).scalars():
        held.setdefault(lease.node_id, []).append(Held(lease.mode, frozenset(lease.adapters)))
    return [_place(node, tuple(held.get(node.id, ()))) for node in await nodes(session)]


def _place(node: Node, held: tuple[Held, ...]) -> Place:
    health = NodeHealth.model_validate({**node.health, "state": node.state})
    return Place(
        id=node.id,
        base_model=health.base_model,
        ready=node.state == "ready",
        trusted=not node.shows_another_key,
        draining=node.draining,
        quarantine=health.quarantine,
        hardware_class=health.hardware_class,
        misfit=node.is_misfit,
        slots=health.max_loras,
        resident=frozenset(one.digest for one in health.adapters),
        held=held,
        uses=uses(health.caps),
        loads=health.caps.dynamic_lora,
    )


async def waiting(session: AsyncSession, job: Job, mode: Mode) -> list[Request]:
    """Who stands in the line before this job, which asks for `mode`, or in front of everybody: oldest first.

    A probe needs a node for itself, and benchmarks share theirs: while one of them after the other joins in, no node
    would ever be empty. So to them every probe is in front.
    """
    first = ON_AIR | {"probe"} if mode == "benchmark" else ON_AIR
    statement = select(Job).where(Job.state == JobState.QUEUED, Job.asks.is_not(None), Job.id != job.id)
    found = [
        (other.created_at < job.created_at, Ask.model_validate(other.asks).request)
        for other in (await session.execute(statement.order_by(Job.created_at))).scalars()
    ]
    return [request for older, request in found if older or request.mode in first]


async def wanted_on_air(session: AsyncSession, node_id: UUID) -> bool:
    """Whether somebody waits for an engine who goes before all other work and could have this one."""
    place = next((one for one in await table(session) if one.id == node_id), None)
    waits = select(Job.asks).where(Job.state == JobState.QUEUED, Job.asks.is_not(None))
    asked = [Ask.model_validate(asks).request for asks in (await session.execute(waits)).scalars()]
    return place is not None and any(one.mode in ON_AIR and could_have(place, one) for one in asked)


async def node(session: AsyncSession, node_id: UUID, lock: bool = False) -> Node:
    statement = select(Node).where(Node.id == node_id, Node.removed_at.is_(None))
    if lock:
        # A health note that is being written is waited for.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("node.not_found", "There is no such engine node.")
    return found


def leased_within(span: timedelta) -> Select[UUID]:
    """The jobs that have been given a node within this time."""
    return select(Lease.job_id).where(Lease.taken_at > func.clock_timestamp() - span)
