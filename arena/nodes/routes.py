"""Nodes over HTTP, for producers and operators."""

from uuid import UUID

from fastapi import APIRouter

from arena.accounts.public import Producer, PublicCaller, SeesNodes
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.nodes import queries, service
from arena.nodes.schemas import AttestationOut, NodeOut

router = APIRouter(tags=["nodes"])


@router.get("/nodes")
async def list_nodes(_: SeesNodes, session: SessionDep) -> list[NodeOut]:
    held = await queries.live_leases(session)
    return [NodeOut.of(node, held.get(node.id)) for node in await queries.nodes(session)]


@router.post("/nodes/{node_id}/new-key")
async def accept_new_key(node_id: UUID, _: Producer, session: SessionDep) -> NodeOut:
    """The node was set up anew and this is known: the next key that it signs with is its own."""
    node = await service.accept_new_key(session, node_id)
    return NodeOut.of(node, (await queries.live_leases(session)).get(node.id))


@router.get("/attestations/{digest}")
async def read_attestation(digest: str, _: PublicCaller, session: SessionDep) -> AttestationOut:
    found = await queries.attestation(session, digest)
    if found is None:
        raise NotFound("attestation.not_found", "There is no attestation with this digest.")
    return AttestationOut(digest=digest, **found.model_dump())
