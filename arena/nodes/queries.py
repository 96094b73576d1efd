"""Reads of nodes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import NotFound
from arena.kit.jobs.models import Job, JobState
from arena.nodes.attestation import Attestation
from arena.nodes.contracts import ANY_CLASS, LeasedNode
from arena.nodes.models import AdapterFingerprint, Lease, Node, NodeAttestation

_live = and_(Job.id == Lease.job_id, Job.fence == Lease.fence, Job.state == JobState.RUNNING)


async def nodes(session: AsyncSession) -> Sequence[Node]:
    return (await session.execute(select(Node).order_by(Node.created_at))).scalars().all()


async def node(session: AsyncSession, node_id: UUID) -> Node:
    """Locked until the transaction ends."""
    found = await session.get(Node, node_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("node.not_found", "There is no such engine node.")
    return found


async def live_leases(session: AsyncSession) -> dict[UUID, tuple[Lease, Job]]:
    """Node id -> the lease on it and the job that holds it."""
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


async def lock_free_node(
    session: AsyncSession, base_model: str, quarantine: bool, hardware_class: str
) -> Node | None:
    """A ready node for the base model that nobody holds and that still shows its own key, locked until the transaction
    ends."""
    shown = Node.health["public_key"].astext
    in_class = Node.health["hardware"]["class"].astext == hardware_class
    held = select(Lease.node_id).join(Job, _live)
    statement = (
        select(Node)
        .where(
            Node.state == "ready",
            Node.health["base_model"].astext == base_model,
            func.coalesce(Node.health["quarantine"].as_boolean(), False) == quarantine,
            Node.id.not_in(held),
            or_(Node.public_key.is_(None), shown.is_(None), shown == Node.public_key),
            true() if hardware_class == ANY_CLASS else in_class,
        )
        .order_by(Node.created_at)
        .limit(1)
        # Waits for a health note being written, so that a free node is not missed; takers are serialised anyway.
        .with_for_update()
    )
    return (await session.execute(statement)).scalar_one_or_none()
