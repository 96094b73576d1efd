"""Looking after the engines between duels: the roster is loaded before it is needed, worn engines are started anew.

Both step back while a duel waits for an engine.
"""

from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.attempts import without_numbers
from arena.duels.public import any_waiting
from arena.kit.jobs import service as jobs
from arena.kit.jobs.service import NotReady
from arena.nodes import public as nodes
from arena.shows.public import season_rules
from arena.submissions import public as submissions
from workers.control.held import Held
from workers.control.watch import look_at
from workers.pool.client import EngineClient, EngineRefused

DUEL_FIRST = NotReady(nodes.ENGINE, "waiting until the duel has its engine")

log = structlog.get_logger()


async def preload(held: Held) -> None:
    """Every node that can stage the season gets its competing versions, first come first, as far as its slots go."""
    refused: set[str] = set()
    while True:
        async with held.writing() as (session, job):
            # Loading asks for a fingerprint, and NaN stays in an engine: only the duel that needs it takes that risk.
            refused |= await without_numbers(session)
            if await any_waiting(session):
                raise DUEL_FIRST
            base = (await season_rules(session, held.subject)).track.base_model
            roster = [d for d in await submissions.stage_adapters(session, held.subject) if d not in refused]
            needy = await _needy(session, base, roster)
            if needy is None:
                break
            node_id, missing = needy
            node = await nodes.lease(held.site, session, job, base, "preload", adapters=missing, only=node_id)
        for digest in missing:
            if not await _load(held, node, digest):
                refused.add(digest)
            if await _gave_way(held, node):
                return
        await look_at(held.site, node.url, node.bearer)
    async with held.finishing():
        pass


async def _needy(session: AsyncSession, base: str, roster: list[str]) -> tuple[UUID, list[str]] | None:
    """A free node that lacks something of the roster, and what. Raises NotReady when only busy ones do."""
    lacking = [
        (place, missing)
        for place in await nodes.table(session)
        if place.ready and not place.draining and not place.quarantine and place.base_model == base
        if "preload" in place.uses
        if (missing := nodes.to_preload(place, roster))
    ]
    free = [(place.id, missing) for place, missing in lacking if not _at_work(place)]
    if lacking and not free:
        raise NotReady(nodes.ENGINE, nodes.BUSY)
    return free[0] if free else None


def _at_work(place: nodes.Place) -> bool:
    """Held by another; the node that this job has just loaded is let go with the next lease."""
    return any(lease.mode != "preload" for lease in place.held)


async def _load(held: Held, node: nodes.LeasedNode, digest: str) -> bool:
    """False: this adapter is not to be had there; the duel that needs it will say why."""
    adapter = submissions.adapter_ref(held.site, digest)
    try:
        async with EngineClient(node.url, node.bearer) as engine:
            await engine.ensure_adapter(digest, adapter.weights_url, adapter.config_url)
    except EngineRefused as refusal:
        log.warning("not_preloaded", node=str(node.node_id), adapter=adapter.name, reason=str(refusal))
        return False
    return True


async def _gave_way(held: Held, node: nodes.LeasedNode) -> bool:
    """A duel wants the node: it gets it in the transaction in which this job lets go."""
    async with held.writing() as (session, job):
        if not await any_waiting(session):
            return False
        await jobs.defer(session, job, DUEL_FIRST)
        nodes.freed(session, node)
        return True


async def recycle(held: Held) -> None:
    """Start a node's engine anew, once nobody holds it: what an engine keeps of unloaded adapters is freed by that
    alone."""
    async with held.writing() as (session, job):
        if await any_waiting(session):
            raise DUEL_FIRST
        node = await nodes.lease(held.site, session, job, "", "recycle", only=held.subject)
    try:
        async with EngineClient(node.url, node.bearer) as engine:
            await engine.recycle()
    finally:
        # Whoever comes next must find it starting, not ready.
        await look_at(held.site, node.url, node.bearer)
    async with held.finishing() as session:
        nodes.freed(session, node)
    log.info("node_recycled", node=str(node.node_id))
