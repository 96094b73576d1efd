"""Having a held node state and sign what it is, with the adapters that are about to answer loaded."""

from collections.abc import Iterable
from uuid import UUID

from arena.kit.errors import Conflict
from arena.nodes import public as nodes
from workers.control.held import Held
from workers.pool.client import EngineClient, EngineError


class NotAttested(EngineError):
    """The node does not prove to be the one that was leased."""


async def attest(
    held: Held,
    engine: EngineClient,
    node: nodes.LeasedNode,
    challenge: UUID,
    seed: int,
    adapters: Iterable[str],
) -> nodes.LeasedNode:
    """The node with its attestation, which is stored. `adapters` by their engine names. Raises EngineError."""
    about = str(challenge)
    wanted = nodes.Wanted(
        challenge=about, seed_commitment=nodes.commit(about, seed), adapters=tuple(dict.fromkeys(adapters))
    )
    said = await engine.attestation(wanted)
    try:
        async with held.writing() as (session, _):
            digest = await nodes.attested(session, node, said, about, seed)
    except Conflict as refusal:
        raise NotAttested(refusal.message) from refusal
    return node.model_copy(update={"attestation": digest})
