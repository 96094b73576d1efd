"""Moderation over HTTP, for moderators and producers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from arena.accounts.public import Moderator
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.kit.files_routes import bounded
from arena.moderation import queries, service
from arena.moderation.rules import Action
from arena.moderation.schemas import (
    ListRow,
    MatchOut,
    ModerationVerdictOut,
    RecordOut,
    TermAction,
    TermOut,
    TermsOut,
    Try,
)

router = APIRouter(tags=["moderation"])

LIST_BYTES = 8 << 20
"""A word list of a hundred thousand terms."""

LINES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/jsonl": {"schema": {"type": "string"}}}}
}
"""Said by hand, because the route reads the lines itself, once the caller's permission is known."""


@router.get("/moderation/lists")
async def read_lists(_: Moderator, session: SessionDep) -> list[ListRow]:
    """The active version of each list."""
    return await queries.lists(session)


@router.get("/moderation/lists/{name}/versions")
async def read_list_versions(name: str, _: Moderator, session: SessionDep) -> list[ListRow]:
    found = await queries.versions(session, name)
    if not found:
        raise NotFound("moderation.no_such_list", "There is no word list of this name.")
    return found


@router.get("/moderation/lists/{name}/versions/{version}")
async def read_list(
    name: str, version: Annotated[int, Path(ge=1, le=2**31 - 1)], _: Moderator, session: SessionDep
) -> TermsOut:
    found = await queries.version(session, name, version)
    if found is None:
        raise NotFound("moderation.no_such_list", "There is no such version of a word list of this name.")
    terms = [TermOut.model_validate(term) for term in found.terms]
    return TermsOut(name=found.name, version=found.version, digest=found.digest, terms=terms)


@router.post("/moderation/lists/{name}/versions", status_code=201, openapi_extra=LINES)
async def import_list(
    name: str,
    request: Request,
    caller: Moderator,
    session: SessionDep,
    note: Annotated[str, Query(max_length=200)] = "",
) -> ListRow:
    """A new version from lines of JSON (`arena/moderation/lists/README.md`), all or nothing."""
    body = b"".join([chunk async for chunk in bounded(request.stream(), LIST_BYTES)])
    made = await service.import_list(session, name, body, note, caller.person_id)
    return ListRow.of(made, len(made.terms), active=True)


@router.post("/moderation/check")
async def try_text(request: Request, _: Moderator, session: SessionDep, body: Try) -> ModerationVerdictOut:
    """What the engine says to a text. Only a try: it is not recorded."""
    verdict = await service.check(request.app.state.site, session, body.text)
    return ModerationVerdictOut(
        action=verdict.action,
        matches=[MatchOut.model_validate(match) for match in verdict.matches],
        engine=verdict.engine,
        reason=verdict.reason,
        guard=verdict.guard,
    )


@router.get("/moderation/records")
async def read_records(
    _: Moderator,
    session: SessionDep,
    action: TermAction | None = None,
    source: str | None = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[RecordOut]:
    """What did not simply pass, newest first; `before` continues after the last one of a page."""
    wanted = Action(action) if action is not None else None
    found = await queries.records(session, wanted, source, before, limit)
    return [RecordOut.model_validate(row) for row in found]
