"""The client of a node agent: health, adapters, and a completion as a stream of tokens with their arrival times."""

import asyncio
import json
import math
import secrets
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import httpx
from pydantic import ValidationError

from arena.nodes.attestation import Attestation, Wanted
from arena.nodes.capabilities import OUR_OWN, EngineCaps
from workers.pool.protocol import (
    LEASE_MODE_HEADER,
    AdapterAnswer,
    AdapterRequest,
    CheckAnswer,
    CompletionRequest,
    Health,
    StreamOptions,
)

LOAD_SECONDS = 300.0
"""A load waits for running generations, downloads, loads and probes."""
END_SECONDS = 1.0
"""How long a server may take to end a stream whose last words it has sent."""
KEPT_SECONDS = 2.0
"""How long an idle connection is used again; less than servers keep it (uvicorn: 5 s), so that none ends as we ask."""

IMPOSSIBLE = -9999.0
"""What vLLM writes for the logarithm of nothing, which JSON has no word for."""

Likely = tuple[str, float]
"""A token by its text, and the natural logarithm of its probability before temperature and top-p."""


class EngineError(Exception):
    """Anything that went wrong between us and an engine node."""


class EngineUnreachable(EngineError):
    """No connection, or it broke."""


class EngineRefused(EngineError):
    """The node answered no. `status` and `code` say why; the message is the node's own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{message} ({status} {code})")
        self.status, self.code = status, code


def is_too_long(error: EngineError) -> bool:
    """Whether a text and its answer are longer than the engine reads. The word is vLLM's: the code is 400 for all that
    it refuses."""
    return isinstance(error, EngineRefused) and error.status == 400 and "context" in str(error)


class EngineNotReady(EngineRefused):
    """503: it is preparing, starting or restarting; ask again later."""


class AdapterUnknown(EngineRefused):
    """404: the adapter is not loaded on this node."""


class DuelLive(EngineRefused):
    """409 engine.duel_live: loads and checks wait until the duel is over."""


class NotNumbers(EngineRefused):
    """The engine has computed NaN, which it cannot write as JSON."""


class StreamBroken(EngineError):
    """The stream ended before the answer did: the engine died, or the connection broke."""


class StreamStalled(StreamBroken):
    """No token for longer than allowed."""


UNTOLD = -1
"""In place of a token's id, from an engine that does not say which tokens it chose: then an event is a piece of text,
of one token or several."""


@dataclass(frozen=True)
class TokenEvent:
    """One token as it arrived. `text` is whole characters: it is empty while a character is still incomplete."""

    index: int
    token_id: int
    text: str
    at_ns: int
    """time.perf_counter_ns() when its bytes were read."""
    likely: tuple[Likely, ...] = ()
    """What the model held likely here: the token itself, as it reads by itself, then the others, the likeliest first.
    Empty unless it was asked for with `logprobs`."""


@dataclass(frozen=True)
class FinishEvent:
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    system_fingerprint: str | None
    at_ns: int
    sent_ns: int
    """When the request was handed to the socket. A connection that had to be made first is not in it."""
    head_ns: int
    """When the head of the answer was there: the first byte of any kind."""
    chunk_ns: int
    """When the first chunk was there, with or without a token."""
    metrics: dict[str, Any] | None
    """What the engine itself measured, in its own words. None: it does not say."""


class _Stamps:
    """When the transport did what, as httpcore tells it; for a transport that does not tell, when it was asked to."""

    def __init__(self) -> None:
        self.sent_ns = self.head_ns = time.perf_counter_ns()

    async def trace(self, event: str, _: Any) -> None:
        if event == "http11.send_request_headers.started":
            self.sent_ns = time.perf_counter_ns()
        elif event == "http11.receive_response_headers.complete":
            self.head_ns = time.perf_counter_ns()


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of this machine, read once: a client of its own for each look at a node would read them again
    each time, which costs a processor that computes answers, too, some 40 ms."""
    return httpx.create_ssl_context(trust_env=False)


class EngineClient:
    """One node. Never retries a generation: a measured request that was sent twice is not a measurement."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        first_token_seconds: float = 60.0,
        stall_seconds: float = 30.0,
        caps: EngineCaps = OUR_OWN,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`caps`: of the node, for who talks to one that may be of any kind."""
        self.caps = caps
        self._first, self._stall = first_token_seconds, stall_seconds
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(30.0, connect=5.0),
            trust_env=False,
            verify=_trusted(),
            limits=httpx.Limits(keepalive_expiry=KEPT_SECONDS),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def health(self) -> Health:
        """Raises EngineUnreachable."""
        return Health.model_validate(await self._json("GET", "/health", timeout=5.0))

    async def ensure_adapter(self, digest: str, weights_url: str, config_url: str) -> AdapterAnswer:
        """Have the adapter loaded. Raises DuelLive, EngineNotReady, EngineRefused, EngineUnreachable."""
        wanted = AdapterRequest(digest=digest, weights_url=weights_url, config_url=config_url)
        answer = await self._json("POST", "/adapters", json=wanted.model_dump(), timeout=LOAD_SECONDS)
        return AdapterAnswer.model_validate(answer)

    async def check_adapter(self, name: str) -> CheckAnswer:
        """Is it still the adapter that was loaded under this name? Raises as `ensure_adapter`, and AdapterUnknown."""
        return CheckAnswer.model_validate(
            await self._json("POST", f"/adapters/{name}/check", timeout=LOAD_SECONDS)
        )

    async def attestation(self, wanted: Wanted) -> Attestation:
        """The node's signed statement; whether it is true to its key is the caller's to check. Raises AdapterUnknown,
        EngineNotReady, EngineRefused, EngineUnreachable."""
        asked = wanted.model_dump(exclude_none=True)
        said = await self._json("GET", "/attestation", params=asked)
        try:
            return Attestation.model_validate(said)
        except ValidationError as error:
            wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
            raise EngineUnreachable(f"{self._http.base_url} gave no attestation: {wrong} wrong") from error

    async def recycle(self, name: str | None = None) -> None:
        """Start the engine anew, and forget the adapter if one is named. Raises AdapterUnknown, DuelLive,
        EngineNotReady, EngineUnreachable."""
        path = f"/adapters/{name}/recycle" if name else "/recycle"
        await self._json("POST", path, timeout=LOAD_SECONDS)

    async def next_token(
        self, name: str, prompt: Sequence[int], tokens: int = 1
    ) -> tuple[int | None, list[float | None]]:
        """The greedy first token after `prompt` (token ids) and the log-probabilities of `tokens` greedy tokens.

        None stands for what is not a number. Raises as `stream`.
        """
        request = CompletionRequest(
            model=name,
            prompt=list(prompt),
            max_tokens=tokens,
            min_tokens=tokens,
            ignore_eos=True,
            temperature=0,
            logprobs=1,
            return_token_ids=True,
            cache_salt=secrets.token_hex(8),
        )
        try:
            answer = await self._json("POST", "/v1/completions", json=request.body(), timeout=self._first)
        except NotNumbers:
            return None, [None] * tokens
        choice = answer["choices"][0]
        return choice["token_ids"][0], choice["logprobs"]["token_logprobs"]

    async def likelihoods(self, name: str, text: Sequence[int]) -> list[float | None]:
        """The log-probability of each token of `text` (token ids) and of one more, as benchmarks ask for them; nothing
        from an engine that leaves them out. Raises as `stream`."""
        request = CompletionRequest(
            model=name, prompt=list(text), max_tokens=1, temperature=0, logprobs=1, echo=True
        )
        answer = await self._json("POST", "/v1/completions", json=request.body(), timeout=self._first)
        said = answer["choices"][0].get("logprobs") or {}
        values: list[float | None] = said.get("token_logprobs") or []
        return values

    async def stream(
        self, request: CompletionRequest, *, duel: bool = False
    ) -> AsyncGenerator[TokenEvent | FinishEvent]:
        """The answer token by token, then one FinishEvent. `duel` keeps the node from loading adapters meanwhile.
        Token ids are asked for where the node's engine tells them.

        Raises AdapterUnknown, EngineNotReady, EngineRefused before the first token; StreamStalled, StreamBroken after.
        """
        body = request.model_copy(
            update={
                "stream": True,
                "stream_options": StreamOptions(include_usage=True),
                **({"return_token_ids": True} if self.caps.token_ids else {}),
            }
        ).body()
        headers = {LEASE_MODE_HEADER: "duel"} if duel else {}
        sent = self._http.build_request(
            "POST", "/v1/completions", json=body, headers=headers, timeout=httpx.Timeout(None, connect=5.0)
        )
        stamps = _Stamps()
        sent.extensions["trace"] = stamps.trace
        try:
            async with asyncio.timeout(self._first):
                answer = await self._http.send(sent, stream=True)
        except TimeoutError:
            raise StreamStalled(f"no answer within {self._first:.0f} s") from None
        except httpx.HTTPError as error:
            raise EngineUnreachable(f"{self._http.base_url} did not answer: {error!r}") from error
        try:
            if answer.status_code != 200:
                await answer.aread()
                raise _refused(answer)
            async for event in self._events(answer, stamps):
                yield event
        finally:
            await answer.aclose()

    async def _events(
        self, answer: httpx.Response, stamps: _Stamps
    ) -> AsyncIterator[TokenEvent | FinishEvent]:
        index, reason, allowed, chunk_ns = 0, "", self._first, 0
        lines = answer.aiter_lines()
        while True:
            try:
                async with asyncio.timeout(allowed):
                    line = await anext(lines)
            except StopAsyncIteration:
                raise StreamBroken(f"the stream ended after {index} tokens without a finish") from None
            except TimeoutError:
                raise StreamStalled(f"no token for {allowed:.0f} s after {index} tokens") from None
            except httpx.HTTPError as error:
                raise StreamBroken(f"the connection broke after {index} tokens: {error!r}") from error
            at_ns = time.perf_counter_ns()
            if not line.startswith("data: "):
                continue
            chunk = _parse(line[6:])
            chunk_ns = chunk_ns or at_ns
            for choice in chunk["choices"]:
                _require_numbers(choice)
                # Several tokens in one chunk share its text. It goes to the last: no text runs ahead of its token.
                ids = choice.get("token_ids") or (
                    [UNTOLD] if choice["text"] and not self.caps.token_ids else []
                )
                likely = _likely(choice, len(ids))
                for place, token_id in enumerate(ids):
                    text = choice["text"] if place == len(ids) - 1 else ""
                    yield TokenEvent(index, token_id, text, at_ns, likely[place])
                    index += 1
                reason = choice["finish_reason"] or reason
                allowed = self._stall
            if chunk.get("usage"):
                usage = chunk["usage"]
                yield FinishEvent(
                    reason,
                    usage["prompt_tokens"],
                    usage["completion_tokens"],
                    chunk.get("system_fingerprint"),
                    at_ns,
                    stamps.sent_ns,
                    stamps.head_ns,
                    chunk_ns,
                    chunk.get("metrics"),
                )
                # Read to its end, the connection is kept for the next request; a fault after the end is none.
                with suppress(httpx.HTTPError, TimeoutError):
                    async with asyncio.timeout(END_SECONDS):
                        async for _ in lines:
                            pass
                return

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise EngineUnreachable(f"{self._http.base_url} did not answer: {error!r}") from error
        if answer.status_code != 200:
            raise _refused(answer)
        try:
            return answer.json()
        except ValueError as error:
            raise EngineUnreachable(f"{self._http.base_url}{path} did not answer with JSON") from error


def _parse(data: str) -> dict[str, Any]:
    """One SSE message. Raises StreamBroken when it is an error or the early end."""
    if data == "[DONE]":
        raise StreamBroken("the stream ended without its usage")
    chunk: dict[str, Any] = json.loads(data)
    if "error" in chunk:
        raise StreamBroken(str(chunk["error"].get("message", chunk["error"])))
    return chunk


def _require_numbers(choice: dict[str, Any]) -> None:
    """What the engine could not compute has no log-probability: as JSON that is null, or the word NaN.

    Only an answer that was asked for with `logprobs` can tell.
    """
    said = (choice.get("logprobs") or {}).get("token_logprobs") or []
    if any(value is None or math.isnan(value) for value in said):
        raise NotNumbers(200, "engine.not_numbers", "the engine computed NaN for this adapter")


def _likely(choice: dict[str, Any], tokens: int) -> list[tuple[Likely, ...]]:
    """For each token of the chunk what was likely in its place. Nothing where the engine did not say it as agreed: a
    trace is looked at afterwards, and an answer does not fail for it."""
    said = choice.get("logprobs") or {}
    try:
        steps = list(zip(said["tokens"], said["token_logprobs"], said["top_logprobs"], strict=True))
    except (KeyError, TypeError, ValueError):
        return [()] * tokens
    return [_step(*step) for step in steps] if len(steps) == tokens else [()] * tokens


def _step(token: str, logprob: float, top: dict[str, float] | None) -> tuple[Likely, ...]:
    # Two tokens may read alike, and the engine tells them apart by their text: such a one is left out.
    others = [(text, value) for text, value in (top or {}).items() if text != token and _possible(value)]
    others.sort(key=lambda one: -one[1])
    return ((token, min(logprob, 0.0)), *others) if _possible(logprob) else ()


def _possible(logprob: float | None) -> bool:
    return logprob is not None and math.isfinite(logprob) and logprob > IMPOSSIBLE


def _refused(answer: httpx.Response) -> EngineRefused:
    """The node's own error form, or the engine's behind it."""
    try:
        error = answer.json()["error"]
        code, message = str(error.get("code", "engine.refused")), str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message = "engine.refused", answer.text[:300]
    kind: type[EngineRefused] = EngineRefused
    if answer.status_code == 503:
        kind = EngineNotReady
    elif answer.status_code == 404:
        kind = AdapterUnknown
    elif code == "engine.duel_live":
        kind = DuelLive
    elif "not JSON compliant" in message:  # vLLM's words, and the only mark there is
        kind = NotNumbers
    return kind(answer.status_code, code, message)


__all__ = [
    "AdapterUnknown",
    "CompletionRequest",
    "DuelLive",
    "EngineClient",
    "EngineError",
    "EngineNotReady",
    "EngineRefused",
    "EngineUnreachable",
    "FinishEvent",
    "Likely",
    "NotNumbers",
    "StreamBroken",
    "StreamStalled",
    "TokenEvent",
    "is_too_long",
]
