"""Evidence for strangers: whoever asks gets it, once the vote is decided."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.responses import StreamingResponse

from arena.accounts.public import PublicCaller
from arena.kit.db import SessionDep
from arena.kit.site import Site
from arena.shows.public import current_season
from arena.votes import publishing, recount
from arena.votes.evidence import Proof

router = APIRouter(tags=["evidence"])
page = APIRouter(include_in_schema=False)

Place = Annotated[int, Query(ge=0, lt=2**31)]


@page.get("/verify.py")
async def download_verifier(_: PublicCaller) -> FileResponse:
    """The program that recounts evidence: one file, needs Python and nothing else."""
    return FileResponse(Path(recount.__file__), media_type="text/x-python", filename="verify.py")


@router.get("/ballots/{ballot_id}/proof")
async def prove_vote(
    request: Request, ballot_id: UUID, _: PublicCaller, session: SessionDep, shard: Place, seq: Place
) -> Proof:
    """That the vote of a receipt is in the counted ledger. It tells nobody what that vote says."""
    proofs: publishing.Proofs = request.app.state.proofs
    return await proofs.of(session, ballot_id, shard, seq)


@router.get("/ballots/{ballot_id}/evidence", response_class=StreamingResponse)
async def download_evidence(
    request: Request, ballot_id: UUID, _: PublicCaller, session: SessionDep
) -> StreamingResponse:
    """Everything that was counted, for whoever wants to count it again: `gavel verify`, or `/verify.py`."""
    site: Site = request.app.state.site
    await publishing.published(session, ballot_id)
    return _download(publishing.ballot_file(site, ballot_id), f"ballot-{ballot_id}.jsonl.gz")


@router.get("/seasons/current/evidence", response_class=StreamingResponse)
async def download_season_evidence(
    request: Request, _: PublicCaller, session: SessionDep
) -> StreamingResponse:
    """The evidence of every published ballot of the season, and who won each duel by the declared weights."""
    site: Site = request.app.state.site
    season = await current_season(session)
    return _download(publishing.season_file(site, season.id), f"season-{season.id}.jsonl.gz")


def _download(body: publishing.Pieces, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(publishing.gzipped(body), media_type="application/gzip", headers=headers)
