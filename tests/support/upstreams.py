"""Servers that a node may be put in front of, played in this process.

`Ray` does what Ray Serve LLM 2.60.0 does by its source (ray/llm/_internal/serve: core/ingress,
core/server/llm_server.py, utils/lora_serve_utils.py): names, where adapters are read, what is remembered, status codes
and the form of errors, several events in one piece. `Vllm` does what vLLM's server does, and `Bare` what any server
with the OpenAI completions API does. Their words come from the fake engine.
"""

import asyncio
import json
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.support.engine import Adapter, free_port
from workers.pool.adapter_store import CONFIG, WEIGHTS
from workers.pool.fake import FakeEngine, Pace
from workers.pool.protocol import CompletionRequest, EngineReply

MISSING_SECONDS = 30.0
"""ray/llm/_internal/common/constants.py: CLOUD_OBJECT_MISSING_EXPIRE_S."""


@dataclass
class Upstream:
    """One server. What a test changes while it runs are its faults."""

    url: str = ""
    key: str = ""
    broken_after: int | None = None
    """Pieces of a stream, after which the connection is cut."""
    silent: bool = False
    """It takes a request and says nothing."""
    away: str = ""
    """It sends everybody there."""
    busy: bool = False
    forgetful: bool = False
    """It knows no adapter any more."""
    mixed_up: bool = False
    """Every adapter is answered for by the first one."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of completions, in their order."""
    headers: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.voices = FakeEngine(
            Path(tempfile.mkdtemp(prefix="upstream-")), 16, Pace(first_token=0.001, token=0.001)
        )
        self.known: list[str] = []

    def well_again(self, key: str) -> None:
        self.key, self.broken_after, self.away = key, None, ""
        self.silent = self.busy = self.forgetful = self.mixed_up = False
        self.asked.clear()
        self.headers.clear()

    # --- for a kind of server to say -------------------------------------------------------------------------------

    def routes(self, app: FastAPI) -> None:
        raise NotImplementedError

    async def model(self, name: str) -> Response | None:
        """Have it ready; else what is answered."""
        raise NotImplementedError

    def refusal(self, status: int, message: str, kind: str = "BadRequestError") -> Response:
        raise NotImplementedError

    def request(self, body: dict[str, Any]) -> dict[str, Any] | Response:
        """What of a request is read."""
        return body

    def shown(self, piece: dict[str, Any]) -> dict[str, Any]:
        """How an answer, or a piece of one, is written."""
        return piece

    together = 1
    """Events in one piece."""

    # --- what all have in common -----------------------------------------------------------------------------------

    def app(self) -> FastAPI:
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            await self.voices.start(lambda progress: None)
            await self.begin()
            yield

        app = FastAPI(lifespan=lifespan, openapi_url=None)

        @app.post("/v1/completions")
        async def completions(request: Request) -> Response:
            return await self.complete(await request.json())

        self.routes(app)
        app.add_middleware(_Door, server=self)
        return app

    async def begin(self) -> None:
        pass

    async def learn(self, name: str, config: bytes, weights: bytes, voice: str) -> None:
        place = Path(tempfile.mkdtemp(prefix="learnt-")) / voice
        place.mkdir()
        (place / CONFIG).write_bytes(config)
        (place / WEIGHTS).write_bytes(weights)
        await self.voices.load(name, place)
        shutil.rmtree(place.parent)
        self.known.append(name)

    async def complete(self, body: dict[str, Any]) -> Response:
        self.asked.append(body)
        if self.silent:
            await asyncio.Event().wait()
        if self.busy:
            return self.refusal(503, "the service is overloaded", "ServiceUnavailable")
        name = str(body["model"])
        if refused := await self.model(name):
            return refused
        read = self.request(body)
        if isinstance(read, Response):
            return read
        if self.mixed_up:
            read = read | {"model": self.known[0]}
        reply = await self.voices.complete(CompletionRequest.model_validate(read))
        if reply.status != 200:
            whole = json.loads(b"".join([chunk async for chunk in reply.chunks]))
            return self.refusal(reply.status, whole["error"]["message"])
        if body.get("stream"):
            return StreamingResponse(self.pieces(reply), media_type="text/event-stream")
        whole = json.loads(b"".join([chunk async for chunk in reply.chunks]))
        return JSONResponse(self.shown(whole | {"model": name}))

    async def pieces(self, reply: EngineReply) -> AsyncIterator[bytes]:
        held, sent = b"", 0
        async for event in reply.chunks:
            if event.startswith(b"data: {"):
                event = b"data: " + json.dumps(self.shown(json.loads(event[6:]))).encode() + b"\n\n"
            held, sent = held + event, sent + 1
            if sent % self.together == 0 or b"[DONE]" in event:
                yield held
                held = b""
            if self.broken_after is not None and sent >= self.broken_after:
                raise ConnectionResetError("the test has cut this stream")


class _Door:
    """Not of starlette's own kind, in which a stream that breaks off looks like one that ends."""

    def __init__(self, app: ASGIApp, server: Upstream) -> None:
        self._app, self._server = app, server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self._server.headers.append(headers)
            if self._server.away:
                answer = RedirectResponse(self._server.away + scope["path"], 307)
            elif self._server.key and headers.get("authorization") != f"Bearer {self._server.key}":
                answer = JSONResponse({"error": "Unauthorized"}, 401)
        await answer(scope, receive, send)


@dataclass
class Ray(Upstream):
    base: str = "house"
    bucket: Path = Path()
    """Where `dynamic_lora_loading_path` points."""

    together = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self.missing: dict[str, float] = {}

    def routes(self, app: FastAPI) -> None:
        @app.get("/v1/models/{model:path}")
        async def model_data(model: str) -> Response:
            if model.replace("--", "/") == self.base:
                return JSONResponse({"id": self.base, "object": "model", "owned_by": "organization-owner"})
            return self.refusal(404, f"Unable to find {model}.", "InvalidModel")

    def refusal(self, status: int, message: str, kind: str = "HTTPException") -> Response:
        """`get_response_for_error`: the message is said three times over."""
        long = f"Message: {message} (Request ID: 0), Internal exception: {message}, original exception: {message}"
        return JSONResponse({"error": {"message": long, "code": status, "type": kind, "param": None}}, status)

    async def model(self, name: str) -> Response | None:
        base, _, adapter = name.partition(":")
        if base != self.base:
            return self.refusal(
                404, f'Got request for model "{name}". Could not find base model with ID "{base}".'
            )
        if not adapter:
            raise AssertionError("the base model was requested on an engine with adapters")
        place = self.bucket / adapter
        remembered = time.monotonic() - self.missing.get(adapter, -MISSING_SECONDS) < MISSING_SECONDS
        if self.forgetful or remembered or not (place / CONFIG).is_file():
            self.missing[adapter] = time.monotonic()
            return self.refusal(
                404, f'Unable to find LoRA adapter config file "adapter_config.json" in folder {place}.'
            )
        if name not in self.known:
            await self.learn(name, (place / CONFIG).read_bytes(), (place / WEIGHTS).read_bytes(), adapter)
        return None


@dataclass
class Vllm(Upstream):
    """vLLM's server: it describes itself, and lists adapters with their parent."""

    base: str = "base-internal"
    root: Path = Path("/")
    """What it sees as its file system."""
    loads: bool = False
    """Started with VLLM_ALLOW_RUNTIME_LORA_UPDATING=1."""
    adapters: dict[str, Adapter] = field(default_factory=dict)
    """What it was started with: name → files."""

    async def begin(self) -> None:
        for name, adapter in self.adapters.items():
            await self.learn(name, adapter.config, adapter.weights, adapter.digest)

    def routes(self, app: FastAPI) -> None:
        @app.get("/v1/models")
        async def models() -> Any:
            cards = [{"id": self.base, "object": "model", "owned_by": "vllm", "parent": None}]
            return {"data": cards + [{"id": name, "parent": self.base} for name in self.known]}

        @app.get("/openapi.json")
        async def description() -> Any:
            shape = {"$ref": "#/components/schemas/CompletionRequest"}
            post = {"post": {"requestBody": {"content": {"application/json": {"schema": shape}}}}}
            paths = {"/v1/completions": post} | ({"/v1/load_lora_adapter": {}} if self.loads else {})
            fields: dict[str, Any] = {field: {} for field in CompletionRequest.model_fields}
            return {
                "paths": paths,
                "components": {"schemas": {"CompletionRequest": {"properties": fields}}},
            }

        if self.loads:

            @app.post("/v1/load_lora_adapter")
            async def load(body: dict[str, str]) -> Response:
                name, place = body["lora_name"], self.root / Path(body["lora_path"]).relative_to("/")
                if name in self.known and not self.forgetful:
                    return self.refusal(400, f"The lora adapter '{name}' has already been loaded.")
                if not (place / CONFIG).is_file():
                    return self.refusal(404, f"No adapter found for '{place}'", "NotFoundError")
                self.forgetful = False
                config, weights = (place / CONFIG).read_bytes(), (place / WEIGHTS).read_bytes()
                await self.learn(name, config, weights, place.name)
                return Response(f"Success: LoRA adapter '{name}' added successfully.")

    def refusal(self, status: int, message: str, kind: str = "BadRequestError") -> Response:
        return JSONResponse(
            {"error": {"message": message, "type": kind, "param": None, "code": status}}, status
        )

    async def model(self, name: str) -> Response | None:
        assert name != self.base, "the base model was requested on an engine with adapters"
        if self.forgetful or name not in self.known:
            return self.refusal(404, f"The model `{name}` does not exist.", "NotFoundError")
        return None


VLLM_FIELDS = {"min_tokens", "repetition_penalty", "ignore_eos", "return_token_ids", "cache_salt"}
OPENAI_FIELDS = CompletionRequest.model_fields.keys() - VLLM_FIELDS


@dataclass
class Bare(Vllm):
    """A server with nothing but OpenAI's own fields, which refuses others; it does not describe itself."""

    usage: bool = True
    seeds: bool = True

    def routes(self, app: FastAPI) -> None:
        @app.get("/v1/models")
        async def models() -> Any:
            return {"data": [{"id": name, "object": "model"} for name in self.known]}

    def request(self, body: dict[str, Any]) -> dict[str, Any] | Response:
        strange = sorted(body.keys() - OPENAI_FIELDS)
        if strange:
            return self.refusal(400, f"Unrecognized request argument supplied: {', '.join(strange)}")
        if body.get("stream") and not self.usage:
            return body | {"stream_options": None}
        return body if self.seeds else body | {"seed": 7}

    def shown(self, piece: dict[str, Any]) -> dict[str, Any]:
        told = ("index", "text", "logprobs", "finish_reason")
        choices = [{name: choice.get(name) for name in told} for choice in piece["choices"]]
        return {name: value for name, value in piece.items() if name != "system_fingerprint"} | {
            "choices": choices
        }


Kind = TypeVar("Kind", bound=Upstream)


@contextmanager
def running(server: Kind) -> Iterator[Kind]:
    port = free_port()
    config = uvicorn.Config(
        server.app(), host="127.0.0.1", port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(500):
            if uvicorn_server.started:
                break
            time.sleep(0.01)
        assert uvicorn_server.started, "the server did not come up"
        yield server
    finally:
        uvicorn_server.should_exit = True
        thread.join(10)


def named(*adapters: Adapter) -> dict[str, Adapter]:
    """As a server may call them: not by our names."""
    return {f"tuned-{number}": adapter for number, adapter in enumerate(adapters)}
