"""Preference sets over HTTP, for producers only: what is in them has been on air, but what a model learns next is the
season's business. And the candidates that came of them, for whoever holds the parent."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from arena.accounts.public import Contestant, Producer
from arena.kit.db import SessionDep
from arena.kit.site import Site
from arena.preferences import candidates, queries, service
from arena.preferences.policy import DecidedCandidate
from arena.preferences.schemas import (
    CandidateOut,
    NewCandidate,
    NewPreferenceSet,
    PreferenceSetOut,
    PreferenceSetPage,
)
from arena.shows.public import current_season
from arena.submissions import public as submissions
from arena.submissions.public import SubmissionOut
from arena.training import public as training
from arena.training.schemas import TrainingOut

router = APIRouter(tags=["preferences"])


@router.post("/preference-sets", status_code=201)
async def make_set(
    request: Request, caller: Producer, session: SessionDep, body: NewPreferenceSet
) -> PreferenceSetOut:
    """Make preference pairs of what the season's judges, or judges and hall, have said about its duels."""
    site: Site = request.app.state.site
    season = await current_season(session)
    row = await service.make(site, session, season, body.episodes, body.least, caller.somebody)
    return await queries.described(session, row)


@router.get("/preference-sets")
async def list_sets(_: Producer, session: SessionDep) -> list[PreferenceSetOut]:
    season = await current_season(session)
    return [await queries.described(session, row) for row in await queries.sets(session, season.id)]


@router.get("/preference-sets/{set_id}")
async def read_set(set_id: UUID, _: Producer, session: SessionDep) -> PreferenceSetPage:
    """Where each row comes from, what was left out and why, and what is new since the set before."""
    row = await queries.preference_set(session, set_id)
    return await queries.page(session, row, await service.outdated(session, row))


@router.post("/preference-sets/{set_id}/training", status_code=201)
async def train_on_set(
    request: Request, set_id: UUID, caller: Producer, session: SessionDep, body: NewCandidate
) -> TrainingOut:
    """Train an adapter further on the set, by DPO. What comes of it is a candidate beside its parent."""
    site: Site = request.app.state.site
    row = await queries.preference_set(session, set_id)
    run = await service.train(site, session, caller, row, body)
    await session.flush()
    return await training.one(session, run.id)


@router.get("/preference-sets/{set_id}/pairs.jsonl")
async def download_pairs(
    request: Request, set_id: UUID, _: Producer, session: SessionDep
) -> StreamingResponse:
    """The rows with their weights and where they come from, labelled as generated, line by line."""
    row = await queries.preference_set(session, set_id)
    await service.require_usable(session, row)
    headers = {"Content-Disposition": f'attachment; filename="preferences-{row.digest[:8]}.jsonl"'}
    site: Site = request.app.state.site
    return StreamingResponse(service.lines(site, row), media_type="application/x-ndjson", headers=headers)


# --- candidates ---------------------------------------------------------------------------------------------------


@router.get("/candidates")
async def my_candidates(caller: Contestant, session: SessionDep) -> list[CandidateOut]:
    """Trained by producers, beginning with versions of one's own; the newest first."""
    mine = await submissions.held_by(session, caller.person_id)
    return [await candidates.described(session, one) for one in await candidates.candidates(session, mine)]


@router.post("/candidates/{run_id}/promote", status_code=201)
async def promote_candidate(
    request: Request, found: DecidedCandidate, caller: Contestant, session: SessionDep
) -> SubmissionOut:
    """Make a candidate the next version of its parent's entry. It competes once it has passed the gate."""
    version = await candidates.promote(request.app.state.site, session, found, caller.person_id)
    await session.flush()
    return await submissions.describe(session, found.entry, version)
