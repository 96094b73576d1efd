"""The node agent's HTTP face: an allow-list of routes, a bearer token, and completions passed through as they come."""

import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from arena.kit.errors import GavelError, Invalid, NotFound, Unauthenticated
from arena.nodes.attestation import Attestation, Wanted
from workers.pool.agent import NodeAgent
from workers.pool.model_store import MANIFEST, ModelDamaged, read_manifest
from workers.pool.protocol import (
    LEASE_MODE_HEADER,
    TOKENIZER_FILES,
    AdapterAnswer,
    AdapterRequest,
    CheckAnswer,
    CompletionRequest,
    EngineFault,
    EngineReply,
    Health,
    NotReady,
)

log = logging.getLogger(__name__)


def create_node_app(agent: NodeAgent, token: str) -> FastAPI:
    """The ASGI app; the agent begins and ends with it. `token` must not be empty."""
    if not token:
        raise ValueError("the node needs a bearer token (GAVEL_ENGINE_TOKEN)")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        agent.begin()
        yield
        await agent.end()

    app = FastAPI(
        title="Gavel engine node", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    app.add_exception_handler(GavelError, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)

    # A coroutine: anything else takes the way through a thread, which every answer's first token would wait for.
    async def require_token(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            raise Unauthenticated("engine.token", "this node wants its bearer token (GAVEL_ENGINE_TOKEN)")

    @app.get("/health")
    async def health() -> Health:
        return agent.health()

    app.include_router(_routes(agent), dependencies=[Depends(require_token)])
    return app


def _routes(agent: NodeAgent) -> APIRouter:
    router = APIRouter()

    @router.post("/adapters")
    async def ensure_adapter(wanted: AdapterRequest) -> AdapterAnswer:
        return await agent.ensure(wanted)

    @router.post("/adapters/{name}/check")
    async def check_adapter(name: str) -> CheckAnswer:
        return await agent.check(name)

    @router.post("/recycle")
    async def recycle_engine() -> Health:
        return await agent.recycle()

    @router.post("/adapters/{name}/recycle")
    async def recycle(name: str) -> Health:
        return await agent.recycle(name)

    @router.get("/attestation")
    def attestation(wanted: Annotated[Wanted, Query()]) -> Attestation:
        """In a thread: the driver may take its time to answer."""
        return agent.attest(wanted)

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        shown = [
            {"id": item.name, "object": "model", "owned_by": "gavel"} for item in agent.health().adapters
        ]
        return {"object": "list", "data": shown}

    @router.post("/v1/completions", response_class=Response)
    async def completions(
        wanted: CompletionRequest, lease_mode: Annotated[str, Header(alias=LEASE_MODE_HEADER)] = ""
    ) -> Response:
        agent.require_ready()
        agent.require_loaded(wanted.model)
        agent.require_able(wanted, duel=lease_mode == "duel")
        return await _pass_through(agent, wanted, duel=lease_mode == "duel")

    @router.get("/tokenizer/{name}")
    async def tokenizer_file(name: str) -> FileResponse:
        path = agent.engine.tokenizer_dir / name
        if name not in TOKENIZER_FILES or not path.is_file():
            raise NotFound("engine.no_such_file", f"there is no tokenizer file {name[:80]!r}")
        return FileResponse(path)

    @router.get("/model/{name}")
    async def model_file(name: str) -> FileResponse:
        """A file of the prepared base model, for the lab that compares and trains with the same weights."""
        folder = agent.model_dir
        try:
            known = name in (MANIFEST, *read_manifest(folder).files)
        except ModelDamaged:
            known = False
        if not known:
            raise NotFound("engine.no_such_file", f"there is no file {name[:80]!r} of a base model")
        return FileResponse(folder / name)

    return router


async def _pass_through(agent: NodeAgent, wanted: CompletionRequest, duel: bool) -> Response:
    """Counted from the first byte to the last, whichever side ends it."""
    await agent.gate.enter(duel)
    try:
        reply = await agent.engine.complete(wanted)
    except BaseException:
        agent.gate.leave(duel)
        raise
    return _Passing(reply, lambda: agent.gate.leave(duel))


class _Passing(StreamingResponse):
    """Not buffered: every chunk is sent as it arrives, because its arrival is what the client measures."""

    def __init__(self, reply: EngineReply, release: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(_until_fault(reply), reply.status, headers, reply.media_type)
        self._reply, self._release = reply, release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                await self._reply.close()  # ends the generation, which counts as running until then
            finally:
                self._release()


async def _until_fault(reply: EngineReply) -> AsyncIterator[bytes]:
    """The engine's bytes. When it dies in the middle the reader is told so: a cut stream must not look like an end."""
    try:
        async for chunk in reply.chunks:
            yield chunk
    except EngineFault as fault:
        log.error("%s", fault.message)
        text = json.dumps(fault.body())
        yield (f"\n\ndata: {text}\n\n" if "event-stream" in reply.media_type else text).encode()


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, GavelError)
    headers = {"Retry-After": "5"} if isinstance(error, NotReady) else None
    return JSONResponse(error.body(), error.status, headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Which field, and what about it; never the value, which may be a contestant's text."""
    assert isinstance(error, RequestValidationError)
    problems = [
        f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()
    ]
    refusal = Invalid("engine.bad_request", "; ".join(problems)[:500])
    return JSONResponse(refusal.body(), refusal.status)
