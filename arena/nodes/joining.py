"""Nodes that come, rest, are started anew and leave."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import digest, usable_link
from arena.kit.db import db_now
from arena.kit.errors import Conflict
from arena.kit.ids import new_secret
from arena.kit.jobs.models import Job, JobState
from arena.kit.jobs.outbox import record
from arena.nodes import queries
from arena.nodes.contracts import RECYCLE, NodeChanged, NodeFreed, NodeHealth, NodeWorn
from arena.nodes.models import Node, NodeInvitation
from arena.nodes.service import saw

TOKEN_LIFE = timedelta(hours=1)


async def invite(session: AsyncSession, by: UUID | None) -> tuple[str, datetime]:
    """The secret with which one node joins, shown once, and until when."""
    secret, until = new_secret(), await db_now(session) + TOKEN_LIFE
    session.add(NodeInvitation(token_sha256=digest(secret), expires_at=until, created_by=by))
    await session.flush()
    return secret, until


async def join(session: AsyncSession, token: str, url: str, health: NodeHealth) -> Node:
    """A node of this address from now on, under a new token. Raises NotFound, Conflict `invitation.…`."""
    invited = await usable_link(session, NodeInvitation, token)
    known = (await session.execute(select(Node).where(Node.url == url))).scalar_one_or_none()
    if known is not None and known.salt is None and known.removed_at is None:
        raise Conflict(
            "node.configured", "This address is in the site's settings; it needs no join.", url=url
        )
    node = await saw(session, url, health)
    # Whoever had the address before, and its token, is out.
    node.salt, node.removed_at, node.draining = secrets.token_hex(16), None, False
    invited.node_id, invited.used_at = node.id, await db_now(session)
    await session.flush()
    return node


async def drain(session: AsyncSession, node_id: UUID, draining: bool) -> Node:
    """Take nothing new, or take work again. What runs is not touched."""
    node = await queries.node(session, node_id, lock=True)
    node.draining = draining
    record(session, NodeChanged(node_id=node.id, state=node.state))
    if not draining:
        record(session, NodeFreed(node_id=node.id))
    return node


async def recycle(session: AsyncSession, node_id: UUID) -> Node:
    """Have the engine started anew as soon as nobody holds it. Asking twice is asking once. Raises Conflict for an
    engine that is not the node's own."""
    node = await queries.node(session, node_id, lock=True)
    if not NodeHealth.model_validate(node.health).caps.restart:
        raise Conflict(
            "node.not_its_engine",
            "This node speaks to an engine that it has not started: start it anew where it runs.",
        )
    open_job = select(Job.id).where(
        Job.kind == RECYCLE, Job.subject == node_id, Job.state.in_([JobState.QUEUED, JobState.RUNNING])
    )
    if (await session.execute(open_job.limit(1))).first() is None:
        record(session, NodeWorn(node_id=node.id))
    return node


async def remove(session: AsyncSession, node_id: UUID) -> None:
    """It leaves the site: its token opens nothing any more. Raises Conflict while it is at work."""
    node = await queries.node(session, node_id, lock=True)
    if node.salt is None:
        raise Conflict(
            "node.configured", "This node is in the site's settings; take it out there.", url=node.url
        )
    if node.id in await queries.live_leases(session):
        raise Conflict("node.held", "This node is at work. Drain it, and remove it when it is free.")
    node.removed_at, node.salt = await db_now(session), secrets.token_hex(16)
    record(session, NodeChanged(node_id=node.id, state="removed"))
