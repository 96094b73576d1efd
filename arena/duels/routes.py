"""Duels over HTTP. They are started from the rundown; here they are only read."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Producer, PublicCaller, Role
from arena.duels import attempts, queries, service
from arena.duels.contracts import SIDES
from arena.duels.schemas import AttemptOut, DuelOut, ProvenanceOut, ProvenancesOut
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
from arena.kit.site import Site

router = APIRouter(tags=["duels"])


@router.get("/duels/{duel_id}")
async def read_duel(duel_id: UUID, caller: PublicCaller, session: SessionDep) -> DuelOut:
    duel = await queries.duel(session, duel_id)
    return DuelOut.of(duel, await queries.sides(session, duel), see_names=caller.has(Role.PRODUCER))


@router.get("/episodes/{episode_id}/duels")
async def list_duels(episode_id: UUID, caller: PublicCaller, session: SessionDep) -> list[DuelOut]:
    see_names = caller.has(Role.PRODUCER)
    found = await queries.duels_of(session, episode_id)
    sides = await queries.sides_of(session, found)
    return [DuelOut.of(duel, sides[duel.id], see_names) for duel in found]


@router.get("/duels/{duel_id}/attempts")
async def list_attempts(duel_id: UUID, _: Producer, session: SessionDep) -> list[AttemptOut]:
    """Every try to have the answers, with the reason why it failed."""
    await queries.duel(session, duel_id)
    return [AttemptOut.model_validate(one) for one in await attempts.of(session, duel_id)]


@router.get("/duels/{duel_id}/provenance")
async def read_provenance(
    request: Request, duel_id: UUID, _: PublicCaller, session: SessionDep
) -> ProvenancesOut:
    """How each answer came about, for anyone, once the names are out; the system prompts too."""
    site: Site = request.app.state.site
    duel = await queries.duel(session, duel_id)
    if duel.revealed_at is None:
        raise Forbidden("duel.not_revealed", "The record names the adapters, so it opens with the reveal.")
    rows = await queries.answers(session, duel_id)
    texts = {side: await service.system_prompt(site, rows[side]) for side in SIDES}
    return ProvenancesOut(answers=[ProvenanceOut.of(rows[side], texts[side]) for side in SIDES])
