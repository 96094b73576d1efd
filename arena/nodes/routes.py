"""Nodes over HTTP, for producers and operators; joining is for whoever has been given a token."""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Producer, PublicCaller, RunsNodes, SeesNodes
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.nodes import calibrating, joining, queries, service
from arena.nodes.models import Node
from arena.nodes.schemas import (
    AttestationOut,
    BaseModelOut,
    CalibrationOut,
    Joined,
    Joining,
    JoinToken,
    NewCalibration,
    NodeOut,
)
from arena.shows.base_models import BASE_MODELS
from arena.shows.public import SeasonRules, all_seasons, current_season

router = APIRouter(tags=["nodes"])


@router.get("/nodes")
async def list_nodes(_: SeesNodes, session: SessionDep) -> list[NodeOut]:
    held = await queries.live_leases(session)
    return [NodeOut.of(node, held.get(node.id)) for node in await queries.nodes(session)]


@router.get("/base-models")
async def list_base_models(_: PublicCaller, session: SessionDep) -> list[BaseModelOut]:
    """What a track can be built on: where from, under which licence; which seasons use it, which nodes serve it."""
    nodes, seasons = await queries.nodes(session), await all_seasons(session)
    return [
        BaseModelOut.of(
            base,
            [season for season in seasons if season.rules["track"]["base_model"] == base.id],
            [node for node in nodes if node.health.get("base_model") == base.id],
        )
        for base in BASE_MODELS.values()
    ]


@router.post("/nodes/tokens", status_code=201)
async def make_join_token(request: Request, caller: RunsNodes, session: SessionDep) -> JoinToken:
    """A token with which one machine joins, once; it is not shown again."""
    site: Site = request.app.state.site
    token, expires_at = await joining.invite(session, caller.person_id)
    command = f"gavel engine --join {token} --site {site.settings.worker_url} --host 0.0.0.0"
    return JoinToken(token=token, expires_at=expires_at, command=command)


@router.post("/nodes/join", status_code=201)
async def join_node(request: Request, _: PublicCaller, session: SessionDep, body: Joining) -> Joined:
    site: Site = request.app.state.site
    node = await joining.join(session, body.token, body.url, body.health)
    return Joined(node_id=node.id, bearer=service.bearer(site, node))


@router.post("/nodes/{node_id}/drain")
async def drain_node(node_id: UUID, _: RunsNodes, session: SessionDep) -> NodeOut:
    return await _shown(session, await joining.drain(session, node_id, True))


@router.post("/nodes/{node_id}/undrain")
async def undrain_node(node_id: UUID, _: RunsNodes, session: SessionDep) -> NodeOut:
    return await _shown(session, await joining.drain(session, node_id, False))


@router.post("/nodes/{node_id}/recycle", status_code=202)
async def recycle_node(node_id: UUID, _: RunsNodes, session: SessionDep) -> NodeOut:
    """Start the engine anew, as soon as nobody holds it and no duel waits."""
    return await _shown(session, await joining.recycle(session, node_id))


@router.delete("/nodes/{node_id}")
async def remove_node(node_id: UUID, _: RunsNodes, session: SessionDep) -> Done:
    await joining.remove(session, node_id)
    return Done()


@router.post("/nodes/{node_id}/new-key")
async def accept_new_key(node_id: UUID, _: Producer, session: SessionDep) -> NodeOut:
    """The node was set up anew and this is known: the next key that it signs with is its own."""
    return await _shown(session, await service.accept_new_key(session, node_id))


@router.post("/nodes/calibrations", status_code=201)
async def calibrate_nodes(caller: RunsNodes, session: SessionDep, body: NewCalibration) -> CalibrationOut:
    """Measure all nodes of a class, one after the other, and refuse as of this class whoever is another machine."""
    rules = SeasonRules.model_validate((await current_season(session)).rules)
    asked = await calibrating.ask(
        session, body.hardware_class, rules.track.base_model, rules.calibration, caller.person_id
    )
    return await calibrating.describe(session, asked)


@router.get("/nodes/calibrations")
async def list_calibrations(_: SeesNodes, session: SessionDep) -> list[CalibrationOut]:
    """The newest first."""
    return [await calibrating.describe(session, row) for row in await calibrating.calibrations(session)]


@router.get("/attestations/{digest}")
async def read_attestation(digest: str, _: PublicCaller, session: SessionDep) -> AttestationOut:
    found = await queries.attestation(session, digest)
    if found is None:
        raise NotFound("attestation.not_found", "There is no attestation with this digest.")
    return AttestationOut(digest=digest, **found.model_dump())


async def _shown(session: AsyncSession, node: Node) -> NodeOut:
    held = await queries.live_leases(session)
    return NodeOut.of(node, held.get(node.id))
