"""Practice over HTTP. The answers come over the live channel `practice:{id}`; nothing here talks to an engine."""

from uuid import UUID

from fastapi import APIRouter, Request

from arena.accounts.public import Contestant, slow_down
from arena.kit.db import SessionDep
from arena.kit.errors import TooMany
from arena.kit.schemas import Done
from arena.practice import queries, service
from arena.practice.policy import OwnExchange
from arena.practice.rules import PER_PERSON
from arena.practice.schemas import NewPractice, PracticeOut
from arena.submissions.public import OwnSubmission

router = APIRouter(tags=["practice"])


@router.post("/submissions/{submission_id}/practice", status_code=201)
async def practise(
    request: Request, found: OwnSubmission, caller: Contestant, session: SessionDep, body: NewPractice
) -> PracticeOut:
    """Ask a ready version and the house the same thing, on the terms of the season. Only the caller sees it."""
    minutes = PER_PERSON.multiples
    too_many = TooMany(
        "practice.too_many",
        f"{PER_PERSON.amount} prompts in {minutes} minutes are enough. Wait a little.",
        limit=PER_PERSON.amount,
        minutes=minutes,
    )
    await slow_down(request, PER_PERSON, "practice", str(caller.person_id), too_many)
    site = request.app.state.site
    exchange = await service.ask(site, session, *found, caller.person_id, body.prompt)
    return await queries.describe(session, exchange)


@router.get("/practice")
async def my_practice(
    caller: Contestant, session: SessionDep, entry_id: UUID | None = None
) -> list[PracticeOut]:
    """The caller's last twenty exchanges, the newest first; of one entry, if it is named."""
    rows = await queries.newest(session, caller.person_id, entry_id)
    return [await queries.describe(session, row) for row in rows]


@router.delete("/practice/{exchange_id}")
async def forget_practice(exchange: OwnExchange, session: SessionDep) -> Done:
    await service.forget(session, exchange)
    return Done()


@router.delete("/practice")
async def forget_all_practice(caller: Contestant, session: SessionDep) -> Done:
    """Everything that has ended."""
    await service.forget_all(session, caller.person_id)
    return Done()
