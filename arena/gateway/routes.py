"""OpenAI's chat completions for the models that somebody may call, and the record of each answer.

Nothing here talks to an engine: a worker answers under a lease, as in practice, and these routes read what it wrote.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

import orjson
from anyio import CancelScope
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from arena.accounts.public import SignedIn, slow_down
from arena.gateway import queries, service
from arena.gateway.models import Completion
from arena.gateway.policy import OwnCompletion
from arena.gateway.rules import PATIENCE_SECONDS, PER_PERSON
from arena.gateway.schemas import (
    ChatRequest,
    CompletionOut,
    ModelOut,
    ModelsOut,
    chunk_out,
    completion_out,
    usage_chunk,
)
from arena.kit.db import Json, SessionDep, transaction
from arena.kit.errors import GavelError, Invalid, TooMany, Unavailable
from arena.kit.site import Site
from arena.shows.public import current_season

LOOK_SECONDS = 0.15
"""How often the answer is looked at. Engines are leased to one talk at a time, so there are few to look at."""
SIGN_SECONDS = 10.0
"""A stream that is silent for so long sends a comment: what lies between would take the line for dead."""

openai = APIRouter(tags=["gateway"], prefix="/v1")
router = APIRouter(tags=["gateway"])


@openai.get("/models")
async def list_models(caller: SignedIn, session: SessionDep) -> ModelsOut:
    """What the key's owner may call: the house, and the own entries' ready versions."""
    season = await current_season(session)
    models = await queries.callable_models(session, season.id, caller.person_id)
    return ModelsOut(
        data=[
            ModelOut(id=one.name, created=int(one.submission.created_at.timestamp()), owned_by=one.owned_by)
            for one in models
        ]
    )


@openai.post("/chat/completions", response_model=None)
async def complete_chat(
    request: Request, caller: SignedIn, session: SessionDep, body: ChatRequest
) -> JSONResponse | StreamingResponse:
    """Put a conversation to a model. Waits for the engine; a duel goes before."""
    site: Site = request.app.state.site
    too_many = TooMany(
        "gateway.too_many",
        f"{PER_PERSON.amount} requests in {PER_PERSON.multiples} minutes are enough. Wait a little.",
        limit=PER_PERSON.amount,
    )
    await slow_down(request, PER_PERSON, "gateway", str(caller.person_id), too_many)
    season = await current_season(session)
    model = await queries.callable_model(session, season.id, caller.person_id, body.model)
    row = await service.ask(site, session, caller.person_id, model, body)
    # The worker must see it, and whoever waits must not sit on a database connection.
    await session.commit()
    await site.bus.nudge()
    headers = {"X-Gavel-Provenance": str(row.id), "X-AI-Generated": "true", "Cache-Control": "no-store"}
    if body.stream:
        usage = body.stream_options is not None and body.stream_options.include_usage
        return StreamingResponse(
            _stream(site, row, usage),
            media_type="text/event-stream",
            headers={**headers, "X-Accel-Buffering": "no"},
        )
    async with aclosing(_follow(site, row)) as following:
        async for seen in following:
            row = seen
            if await request.is_disconnected():
                break
    return JSONResponse(completion_out(row), headers=headers)


async def _follow(site: Site, row: Completion) -> AsyncGenerator[Completion, None]:
    """The completion as it grows, until it is answered. Raises Unavailable when it cannot be, or Invalid: it never can.

    Whoever stops listening gives it up.
    """
    began = asyncio.get_running_loop().time()
    try:
        while row.state != "answered":
            await asyncio.sleep(LOOK_SECONDS)
            async with site.sessions() as session:
                row = await queries.completion(session, row.id)
            if row.state == "failed" and row.code:
                raise Invalid(row.code, row.reason or "", param="messages")
            if row.state == "failed":
                raise Unavailable("gateway.failed", row.reason or "The engine could not answer.")
            if row.state == "queued" and asyncio.get_running_loop().time() - began > PATIENCE_SECONDS:
                raise Unavailable("gateway.busy", "The engine is busy with the show. Try again in a minute.")
            yield row
    finally:
        if row.state != "answered":
            # Also when the line was cut, which cancels whatever waits.
            with CancelScope(shield=True):
                async with transaction(site.sessions, site.bus) as session:
                    await service.give_up(session, row.id, "Nobody waited for it any more.")


async def _stream(site: Site, row: Completion, with_usage: bool) -> AsyncIterator[bytes]:
    yield _event(chunk_out(row, {"role": "assistant", "content": ""}))
    sent, said_at = 0, asyncio.get_running_loop().time()
    try:
        async with aclosing(_follow(site, row)) as following:
            async for row in following:
                now = asyncio.get_running_loop().time()
                if len(row.text) > sent:
                    yield _event(chunk_out(row, {"content": row.text[sent:]}))
                    sent, said_at = len(row.text), now
                elif now - said_at > SIGN_SECONDS:
                    yield b": waiting\n\n"
                    said_at = now
    except GavelError as error:
        # The answer has begun, so its status cannot change any more: OpenAI's clients raise on this.
        yield _event(error.body())
        return
    yield _event(chunk_out(row, {}, ended=True))
    if with_usage:
        yield _event(usage_chunk(row))
    yield b"data: [DONE]\n\n"


def _event(body: Json) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


@router.get("/completions/{completion_id}")
async def read_completion(completion_id: UUID, row: OwnCompletion, session: SessionDep) -> CompletionOut:
    """How an answer of the gateway came about, for whoever asked. The id is in the answer's `X-Gavel-Provenance`."""
    document, digest = await service.provenance(session, row)
    return CompletionOut(id=row.id, record=document, hash=digest)
