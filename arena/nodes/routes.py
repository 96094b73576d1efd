"""Nodes over HTTP, for producers and operators."""

from fastapi import APIRouter

from arena.accounts.public import SeesNodes
from arena.kit.db import SessionDep
from arena.nodes import queries
from arena.nodes.schemas import NodeOut

router = APIRouter(tags=["nodes"])


@router.get("/nodes")
async def list_nodes(_: SeesNodes, session: SessionDep) -> list[NodeOut]:
    held = await queries.live_leases(session)
    return [NodeOut.of(node, held.get(node.id)) for node in await queries.nodes(session)]
