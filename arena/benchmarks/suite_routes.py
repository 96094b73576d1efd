"""Suites of a site over HTTP: producers import and export them, and draw the season's seed."""

from asyncio import to_thread
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from arena.accounts.public import Producer
from arena.benchmarks import library
from arena.benchmarks.checking import MAX_BYTES, BadSuite
from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.importing import NewSuite, build
from arena.benchmarks.models import SeasonSeed
from arena.kit.db import SessionDep
from arena.kit.errors import Invalid
from arena.kit.files_routes import bounded
from arena.kit.schemas import Out
from arena.shows.public import current_season, season_rules

router = APIRouter(tags=["suites"])

BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}
"""Said by hand: an `importing.NewSuite`. The route reads it itself, once the caller's permission is known."""


class ImportedTask(Out):
    name: str
    items: int
    air: int


class ImportedOut(Out):
    id: str
    version: int
    digest: str
    families: list[ImportedTask]

    @classmethod
    def of(cls, suite: SuiteSpec) -> "ImportedOut":
        families = [ImportedTask.model_validate(family) for family in suite.families]
        return cls(id=suite.id, version=suite.version, digest=suite.digest, families=families)


class ExportOut(Out):
    spec: SuiteSpec
    files: dict[str, str]
    """By sha256."""


class SeasonSeedOut(Out):
    season_id: UUID
    commitment: str
    """sha256 of {"challenge": SEASON, "seed": SEED} in canonical JSON. There from the draw on."""
    seed: str | None
    """Once it is released."""
    drawn_at: datetime
    released_at: datetime | None

    @classmethod
    def of(cls, row: SeasonSeed) -> "SeasonSeedOut":
        return cls(
            season_id=row.season_id,
            commitment=library.commitment(row),
            seed=row.seed if row.released_at else None,
            drawn_at=row.created_at,
            released_at=row.released_at,
        )


@router.post("/suites", status_code=201, openapi_extra=BODY)
async def import_suite(request: Request, caller: Producer, session: SessionDep) -> ImportedOut:
    """A new suite, or the next version of one, from question banks: all or nothing."""
    body = b"".join([chunk async for chunk in bounded(request.stream(), 2 * MAX_BYTES)])
    base = (await season_rules(session, (await current_season(session)).id)).track.base
    try:
        new = await to_thread(NewSuite.model_validate_json, body)
        suite, files = await to_thread(build, new, base)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        ) from error
    except BadSuite as bad:
        raise Invalid(bad.problems[0].code, f"The suite was not imported: {bad}", **bad.detail) from bad
    return ImportedOut.of(await library.add(request.app.state.site, session, suite, files, caller.person_id))


@router.get("/suites/{suite_id}/export")
async def export_suite(suite_id: str, request: Request, _: Producer, session: SessionDep) -> ExportOut:
    """The newest version with its files: all questions and answers."""
    suite = await library.find(session, suite_id)
    site = request.app.state.site
    return ExportOut(
        spec=suite, files={one: (await library.read_file(site, one)).decode() for one in suite.files}
    )


@router.post("/seasons/current/seed", status_code=201)
async def draw_season_seed(caller: Producer, session: SessionDep) -> SeasonSeedOut:
    """Draw the season's own seed, once: its suites ask other questions from now on, which nobody has seen."""
    season = await current_season(session)
    return await _said(await library.draw_seed(session, season.id, caller.person_id), session)


@router.post("/seasons/current/seed/release")
async def release_season_seed(_: Producer, session: SessionDep) -> SeasonSeedOut:
    """Show it: whoever has the seed can make the questions and compute the commitment."""
    season = await current_season(session)
    return await _said(await library.release_seed(session, season.id), session)


async def _said(row: SeasonSeed, session: SessionDep) -> SeasonSeedOut:
    await session.flush()
    await session.refresh(row)
    return SeasonSeedOut.of(row)
