"""Reads of nodes."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.jobs.models import Job, JobState
from arena.nodes.contracts import LeasedNode
from arena.nodes.models import AdapterFingerprint, Lease, Node

_live = and_(Job.id == Lease.job_id, Job.fence == Lease.fence, Job.state == JobState.RUNNING)


async def nodes(session: AsyncSession) -> Sequence[Node]:
    return (await session.execute(select(Node).order_by(Node.created_at))).scalars().all()


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


async def lock_free_node(session: AsyncSession, base_model: str, quarantine: bool) -> Node | None:
    """A ready node for the base model that nobody holds, locked until the transaction ends."""
    held = select(Lease.node_id).join(Job, _live)
    statement = (
        select(Node)
        .where(
            Node.state == "ready",
            Node.health["base_model"].astext == base_model,
            func.coalesce(Node.health["quarantine"].as_boolean(), False) == quarantine,
            Node.id.not_in(held),
        )
        .order_by(Node.created_at)
        .limit(1)
        # Waits for a health note being written, so that a free node is not missed; takers are serialised anyway.
        .with_for_update()
    )
    return (await session.execute(statement)).scalar_one_or_none()
