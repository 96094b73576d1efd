"""What happens to nodes: they are seen, leased and freed."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import db_now
from arena.kit.ids import new_id
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.jobs.service import NotReady
from arena.nodes import queries
from arena.nodes.contracts import ENGINE, LeasedNode, NodeChanged, NodeFreed, NodeHealth
from arena.nodes.models import AdapterFingerprint, Lease, Node

LEFT_AFTER = timedelta(hours=1)
"""A node in quarantine that has been silent for so long has left the site."""


async def saw(session: AsyncSession, url: str, health: NodeHealth) -> Node:
    """Write down what a node said of itself; a change of state is a fact."""
    node = (await session.execute(select(Node).where(Node.url == url))).scalar_one_or_none()
    document = health.model_dump(mode="json")
    if node is None:
        node = Node(url=url, state="unknown", health={}, seen_at=await db_now(session))
        session.add(node)
        await session.flush()
    came_up = health.state == "ready" and node.state != "ready"
    shown = ("state", "detail", "progress", "adapters")
    changed = any(node.health.get(field) != document.get(field) for field in shown)
    node.state = health.state
    node.health = document
    node.detail = health.detail
    node.seen_at = await db_now(session)
    if changed:
        record(session, NodeChanged(node_id=node.id, state=health.state))
    if came_up:
        record(session, NodeFreed(node_id=node.id))
    return node


async def lease(session: AsyncSession, job: Job, base_model: str, mode: str) -> LeasedNode:
    """Hold one free node for this job. Raises NotReady while every node is held or none is up.

    Strangers' adapters are probed on a node in quarantine as soon as the site has one, and nothing else runs there.
    While that node is down they wait, rather than go to the engines of the show.
    """
    # Serialise lease takers: "nobody holds it" must stay true until our lease row is there.
    await session.execute(select(func.pg_advisory_xact_lock(0x1EA5E)))
    known = await queries.nodes(session)
    apart = mode == "probe" and await _has_quarantine(session, known)
    node = await queries.lock_free_node(session, base_model, quarantine=apart)
    if node is None:
        states = [one.state for one in known]
        reason = "waiting for a free engine" if "ready" in states else "waiting for an engine to start"
        raise NotReady(ENGINE, reason)
    session.add(Lease(node_id=node.id, job_id=job.id, fence=job.fence, mode=mode))
    await session.flush()
    health = NodeHealth.model_validate(node.health)
    return LeasedNode(
        node_id=node.id,
        url=node.url,
        engine_build=health.engine_build or "",
        system_fingerprint=health.system_fingerprint,
        base_digest=health.base_digest or "",
        template_digest=health.template_digest or "",
        hardware_class=str(health.hardware.get("class", "unknown")),
        rehearsal=health.fake,
    )


async def _has_quarantine(session: AsyncSession, known: Iterable[Node]) -> bool:
    left_at = await db_now(session) - LEFT_AFTER
    return any(node.health.get("quarantine") and node.seen_at > left_at for node in known)


def freed(session: AsyncSession, leased: LeasedNode) -> None:
    """Announce that a holder is done; call it in the transaction that ends the job."""
    record(session, NodeFreed(node_id=leased.node_id))


async def recognise(session: AsyncSession, node: LeasedNode, digest: str, fingerprint: str) -> None:
    """Write down by what an adapter is recognised on engines like this one: on its admission, and on the first duel
    after an engine was replaced by another build or other hardware."""
    key = {
        "digest": digest,
        "engine_build": node.engine_build,
        "hardware_class": node.hardware_class,
    }
    row = insert(AdapterFingerprint).values(id=new_id(), fingerprint=fingerprint, **key)
    await session.execute(
        row.on_conflict_do_update(index_elements=list(key), set_={"fingerprint": row.excluded.fingerprint})
    )
