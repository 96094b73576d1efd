"""What happens to nodes: they are seen, leased and freed."""

import hmac
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import db_now
from arena.kit.errors import Conflict
from arena.kit.ids import new_id
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.jobs.service import NotReady
from arena.kit.site import Site
from arena.nodes import queries
from arena.nodes.attestation import Attestation, commit
from arena.nodes.contracts import ENGINE, Ask, LeasedNode, NodeChanged, NodeFreed, NodeHealth
from arena.nodes.models import AdapterFingerprint, Lease, Node, NodeAttestation
from arena.nodes.placement import ANY_CLASS, NONE_UP, Mode, place

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
    shown = ("state", "detail", "progress", "adapters", "public_key", "caps")
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


async def lease(
    site: Site,
    session: AsyncSession,
    job: Job,
    base_model: str,
    mode: Mode,
    *,
    hardware_class: str = ANY_CLASS,
    adapters: Iterable[str] = (),
    avoid: Iterable[UUID] = (),
    only: UUID | None = None,
) -> LeasedNode:
    """Hold a node for this job, as `placement` says. Raises NotReady with the reason why it has to wait.

    `hardware_class` is the track's, for what is ranked: a node of another class does not count as one.
    A job holds one node: the one that it had before, if any, is let go. Strangers' adapters are probed on a node in
    quarantine as soon as the site has one, also while that node is down.
    """
    # Serialise lease takers: "nobody holds it" must stay true until our lease row is there.
    await session.execute(select(func.pg_advisory_xact_lock(0x1EA5E)))
    await let_go(session, job)
    ask = Ask(
        mode=mode,
        base_model=base_model,
        adapters=tuple(adapters),
        hardware_class=hardware_class,
        avoid=tuple(avoid),
        only=only,
    )
    table, waiting = await queries.table(session), await queries.waiting(session, job, mode)
    found = place(table, ask.request, waiting, quarantine=await _has_quarantine(session))
    asks = ask.model_dump(mode="json")
    if isinstance(found, str):
        raise NotReady(ENGINE, found, asks)
    node = await queries.node(session, found.id, lock=True)
    if node.state != "ready":
        raise NotReady(ENGINE, NONE_UP, asks)
    job.asks = asks
    session.add(
        Lease(node_id=node.id, job_id=job.id, fence=job.fence, mode=mode, adapters=list(ask.adapters))
    )
    await session.flush()
    return _leased(site, node)


async def serving(site: Site, session: AsyncSession, base_digest: str) -> LeasedNode | None:
    """A node with these base weights, for whoever needs the weights and not the engine: nothing is held."""
    for node in await queries.nodes(session):
        known = node.state == "ready" and not node.shows_another_key
        if known and node.health.get("base_digest") == base_digest:
            return _leased(site, node)
    return None


async def serving_model(site: Site, session: AsyncSession, base_model: str) -> LeasedNode | None:
    """As `serving`, for whoever is to learn which weights are this base model's here. Not those of a rehearsal engine
    while there is a real one."""
    known = [
        node for node in await queries.nodes(session) if node.state == "ready" and not node.shows_another_key
    ]
    fitting = [node for node in known if node.health.get("base_model") == base_model]
    fitting.sort(key=lambda node: bool(node.health.get("fake")))
    return _leased(site, fitting[0]) if fitting else None


async def let_go(session: AsyncSession, job: Job) -> None:
    """The node that the job holds, if any, is free: with the end of the transaction."""
    mine = delete(Lease).where(Lease.job_id == job.id, Lease.fence == job.fence).returning(Lease.node_id)
    for node_id in (await session.execute(mine)).scalars():
        released(session, node_id)


def _leased(site: Site, node: Node) -> LeasedNode:
    health = NodeHealth.model_validate(node.health)
    return LeasedNode(
        node_id=node.id,
        url=node.url,
        engine_build=health.engine_build or "",
        system_fingerprint=health.system_fingerprint,
        base_digest=health.base_digest or "",
        template_digest=health.template_digest or "",
        hardware_class=health.hardware_class,
        public_key=health.public_key,
        rehearsal=health.fake,
        caps=health.caps,
        bearer=bearer(site, node),
    )


def bearer(site: Site, node: Node) -> str:
    """What the node wants to be shown. A joined node's is made from its salt: the database alone opens nothing."""
    settings = site.settings
    if node.salt is None:
        return settings.engine_token.get_secret_value()
    key = settings.secret_key.get_secret_value().encode()
    return hmac.new(key, f"engine node {node.id} {node.salt}".encode(), sha256).hexdigest()


async def _has_quarantine(session: AsyncSession) -> bool:
    left_at = await db_now(session) - LEFT_AFTER
    known = await queries.nodes(session)
    return any(node.health.get("quarantine") and node.seen_at > left_at for node in known)


async def attested(
    session: AsyncSession, leased: LeasedNode, said: Attestation, challenge: str, seed: int
) -> str:
    """Keep what the node has stated under this lease; returns its digest. The first key that signs is pinned.

    Raises Conflict `attestation.…`: forged, of another key, of something else than was leased or asked.
    """
    if not said.is_signed:
        raise Conflict("attestation.forged", "The engine's attestation is not signed by the key it names.")
    try:
        stated = said.read()
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Conflict(
            "attestation.malformed", f"The engine's attestation has not this form: {wrong}."
        ) from error
    asked = {
        "challenge": (stated.challenge, challenge),
        "seed commitment": (stated.seed_commitment, commit(challenge, seed)),
        "hardware class": (stated.machine.hardware_class, leased.hardware_class),
        "engine build": (stated.engine.build, leased.engine_build),
        "base model": (stated.base_digest, leased.base_digest),
        "template": (stated.template_digest, leased.template_digest),
    }
    for what, (found, wanted) in asked.items():
        if found != wanted:
            raise Conflict(
                "attestation.differs", f"The engine attests the {what} {found}, not {wanted}.", what=what
            )
    node = await queries.node(session, leased.node_id, lock=True)
    if node.public_key is None:
        node.public_key = said.public_key
    elif node.public_key != said.public_key:
        raise Conflict(
            "attestation.another_key",
            f"The engine signs with the key {said.public_key[:16]}…; it was first seen with {node.public_key[:16]}…",
        )
    row = insert(NodeAttestation).values(digest=said.digest, **said.model_dump())
    await session.execute(row.on_conflict_do_nothing())
    return said.digest


async def accept_new_key(session: AsyncSession, node_id: UUID) -> Node:
    node = await queries.node(session, node_id, lock=True)
    node.public_key = None
    record(session, NodeChanged(node_id=node.id, state=node.state))
    record(session, NodeFreed(node_id=node.id))
    return node


def freed(session: AsyncSession, leased: LeasedNode) -> None:
    """Announce that a holder is done; call it in the transaction that ends the job."""
    released(session, leased.node_id)


def released(session: AsyncSession, node_id: UUID) -> None:
    record(session, NodeFreed(node_id=node_id))


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
