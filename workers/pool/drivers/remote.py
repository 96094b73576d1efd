"""An engine that somebody else has started, reached by its address in the OpenAI form. What Ray Serve and others share.

The address and the key come from whoever runs the node, never from a request. No proxy of the environment, and no
redirects: what is sent, prompts and key, goes where it was meant to or nowhere.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from arena.nodes.capabilities import Driver, EngineCaps
from workers.pool.protocol import CompletionRequest, EngineFault, EngineReply, NotReady, Progress

MOST_BYTES = 16 << 20
"""Of an answer that is read as a whole."""
REFUSED = frozenset({400, 413, 422})
"""The request is at fault: its answer goes back to whoever sent it."""


@dataclass(frozen=True)
class Upstream:
    url: str
    key: str = field(default="", repr=False)
    key_from: str = ""
    """Where the key was read, as its owner calls it."""

    @property
    def host(self) -> str:
        return httpx.URL(self.url).netloc.decode()


@dataclass(frozen=True)
class Patience:
    """Seconds."""

    connect: float = 10.0
    read: float = 120.0
    """Between two pieces of an answer, and before the first. Who waits for the answer has shorter limits of his own."""
    watch: float = 5.0
    misses: int = 6
    """Looks in a row that may fail before the server is called gone."""


PATIENCE = Patience()


class RemoteEngine:
    """The Engine protocol over a server by URL; a driver says how to look at it and how an adapter gets there."""

    driver: Driver
    fake = False

    def __init__(
        self,
        upstream: Upstream,
        *,
        tokenizer_dir: Path,
        max_rank: int,
        max_loras: int,
        patience: Patience = PATIENCE,
    ) -> None:
        self.upstream, self.tokenizer_dir = upstream, tokenizer_dir
        self.max_rank, self.max_loras = max_rank, max_loras
        self.served: tuple[str, ...] = ()
        self.caps = EngineCaps()
        self._patience = patience
        self._models: dict[str, str] = {}
        """Our name of an adapter -> the server's."""
        self._build = ""
        self._http: httpx.AsyncClient | None = None
        self._lost = asyncio.Event()
        """It has forgotten an adapter, as after a new start."""

    # --- for a driver to say ---------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Whether the server is there and knows us. Raises EngineFault, NotReady."""
        raise NotImplementedError

    async def load(self, name: str, directory: Path) -> None:
        raise NotImplementedError

    # --- the protocol ----------------------------------------------------------------------------------------------

    @property
    def build(self) -> str:
        """With what the server says of itself in its answers, so that a fingerprint taken there is not compared with
        one from another version."""
        return f"{self.driver} {self._build}".strip()

    @property
    def arguments(self) -> tuple[str, ...]:
        """It was not started by us."""
        return ()

    async def start(self, progress: Callable[[Progress], None]) -> None:
        await self.stop()
        progress(Progress(done=0, total=1, note=f"looking for the server at {self.upstream.host}"))
        key = self.upstream.key
        self._http = httpx.AsyncClient(
            base_url=self.upstream.url,
            headers={"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {key}"} if key else {}),
            timeout=httpx.Timeout(self._patience.read, connect=self._patience.connect),
            limits=httpx.Limits(max_connections=256),
            follow_redirects=False,
            trust_env=False,
        )
        try:
            await self._look()
        except NotReady as busy:
            raise EngineFault(busy.code, busy.message) from busy

    async def died(self) -> str:
        misses, why = 0, ""
        while misses < self._patience.misses:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.watch):
                    await self._lost.wait()
                return "it does not know an adapter any more that it had"
            try:
                await self._look()
                misses = 0
            except (EngineFault, NotReady) as fault:
                misses, why = misses + 1, fault.message
        return why

    async def stop(self) -> None:
        http, self._http = self._http, None
        self._models = {}
        self._lost.clear()
        if http:
            await http.aclose()

    async def complete(self, request: CompletionRequest) -> EngineReply:
        model = self._models.get(request.model)
        if model is None:  # the base model among them, whatever it is called there
            raise EngineFault("engine.not_running", f"no adapter {request.model} was made available there")
        answer = await self._send("POST", "/v1/completions", request.body() | {"model": model})
        if answer.status_code in REFUSED:
            said = {"error": {"code": "engine.refused", "message": await self._words(answer)}}
            return EngineReply(
                422 if answer.status_code == 422 else 400, "application/json", _once(said), answer.aclose
            )
        try:
            await self._require_success(answer)
        except EngineFault:
            if answer.status_code == 404:
                self._lost.set()
            raise
        kind = answer.headers.get("content-type", "application/json")
        return EngineReply(200, kind, self._chunks(answer), answer.aclose)

    # --- talking to the server -------------------------------------------------------------------------------------

    async def _json(self, method: str, path: str, body: Any = None) -> Any:
        """Raises EngineFault, NotReady."""
        answer = await self._send(method, path, body)
        await self._require_success(answer)
        try:
            return json.loads(await self._whole(answer) or b"null")
        except ValueError as error:
            raise EngineFault(
                "engine.not_openai",
                f"{self.upstream.host}{path} did not answer with JSON: is it an OpenAI-compatible server's address?",
            ) from error

    async def _send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        if self._http is None:
            raise EngineFault("engine.not_running", "the engine is not running")
        try:
            return await self._http.send(self._http.build_request(method, path, json=body), stream=True)
        except httpx.HTTPError as error:
            raise EngineFault(
                "engine.unreachable", f"{self.upstream.host} did not answer: {error!r}"
            ) from error

    async def _require_success(self, answer: httpx.Response) -> None:
        """Raises EngineFault, or NotReady when it will do later, with what to do about it."""
        status, host = answer.status_code, self.upstream.host
        if status == 200:
            return
        if answer.is_redirect:
            await answer.aclose()
            raise EngineFault(
                "engine.redirected",
                f"{host} sends us elsewhere ({status}); redirects are not followed: give its true address",
            )
        said = await self._words(answer)
        if status in (401, 403):
            key = self.upstream.key_from or "no key was given: see --upstream-key-env, --upstream-key-file"
            raise EngineFault("engine.key_refused", f"{host} refused our key ({status}); {key}")
        if status in (429, 503):
            raise NotReady("engine.upstream_busy", f"{host} cannot answer now ({status}): {said}")
        raise EngineFault("engine.upstream", f"{host} answered {status}: {said}", status=status)

    async def _words(self, answer: httpx.Response) -> str:
        """What the server says about its refusal, in the forms that are about."""
        whole = await self._whole(answer)
        try:
            said = json.loads(whole)
            error = said.get("error", said)
            text = error if isinstance(error, str) else str(error.get("message", error.get("detail", error)))
        except (ValueError, AttributeError):
            text = whole.decode(errors="replace")
        return text.strip()[:300]

    async def _whole(self, answer: httpx.Response) -> bytes:
        parts, size = [], 0
        try:
            async with aclosing(self._chunks(answer)) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise EngineFault("engine.upstream", f"{self.upstream.host} answers without end")
                    parts.append(chunk)
        finally:
            await answer.aclose()
        return b"".join(parts)

    async def _chunks(self, answer: httpx.Response) -> AsyncGenerator[bytes]:
        try:
            async for chunk in answer.aiter_bytes():
                yield chunk
        except httpx.TimeoutException as error:
            raise EngineFault(
                "engine.slow", f"{self.upstream.host} was silent for {self._patience.read:.0f} s in an answer"
            ) from error
        except httpx.HTTPError as error:
            raise EngineFault(
                "engine.died", f"{self.upstream.host} stopped in the middle of an answer: {error!r}"
            ) from error

    async def _ask(self, model: str, **fields: Any) -> dict[str, Any]:
        """One short answer. Raises EngineFault, NotReady."""
        body = {"model": model, "prompt": "One, two,", "max_tokens": 1, "temperature": 0, **fields}
        said = await self._json("POST", "/v1/completions", body)
        try:
            choice: dict[str, Any] = said["choices"][0]
            str(choice["text"])
        except (KeyError, IndexError, TypeError) as error:
            raise EngineFault(
                "engine.not_openai",
                f"{self.upstream.host} did not answer with a completion: it needs /v1/completions, not only chat",
            ) from error
        self._build = str(said.get("system_fingerprint") or "")
        return choice


async def _once(content: dict[str, Any]) -> AsyncGenerator[bytes]:
    yield json.dumps(content).encode()
