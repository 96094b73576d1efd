"""The fake engine: a deterministic generator in this process behind the same agent and the same routes as vLLM.

An answer depends on the adapter, the prompt, and (unless greedy) the seed and the temperature; nothing else. An adapter
whose B matrices are all zero answers as every other such adapter does, as it would on a real engine.
"""

import asyncio
import codecs
import hashlib
import json
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

from arena.nodes.capabilities import OUR_OWN, Driver
from arena.submissions.safetensors import read_header, read_tensor
from workers.pool import fake_text
from workers.pool.adapter_store import WEIGHTS
from workers.pool.protocol import CompletionRequest, EngineFault, EngineReply, Progress

BASE_DIGEST = hashlib.sha256(b"gavel fake base model").hexdigest()
CONTEXT = 4096
"""Tokens; the fake counts every byte of a prompt as one, about four to a real token."""


Fault = Literal["error", "silent", "stalled", "endless", "empty", "not_numbers"]
"""What tests can make an adapter's streamed answers do. The short questions that adapters are recognised by are never
streamed, so a fault shows only on stage. An engine that dies is `FakeEngine.die`."""
BEFORE_STALL = 3
"""Tokens."""


@dataclass(frozen=True)
class Pace:
    """Seconds of pretending."""

    start: float = 0.0
    load: float = 0.0
    first_token: float = 0.03
    token: float = 0.02


class FakeEngine:
    driver: Driver = "fake"
    caps = OUR_OWN
    served: tuple[str, ...] = ()
    build = "fake 1"
    arguments: tuple[str, ...] = ()
    fake = True
    max_loras = 8

    def __init__(self, tokenizer_dir: Path, max_rank: int, pace: Pace = Pace()) -> None:
        self.max_rank, self.tokenizer_dir = max_rank, tokenizer_dir
        self._pace = pace
        self.faults: dict[str, Fault] = {}
        """Adapter name -> what goes wrong with it; empty unless a test says so."""
        self._voices: dict[str, str] = {}
        self._death: asyncio.Future[str] | None = None

    async def start(self, progress: Callable[[Progress], None]) -> None:
        progress(Progress(done=0, total=1, note="pretending to start"))
        await asyncio.sleep(self._pace.start)
        fake_text.write_tokenizer(self.tokenizer_dir)
        self._voices = {}
        self._death = asyncio.get_running_loop().create_future()

    async def died(self) -> str:
        assert self._death
        return await asyncio.shield(self._death)

    def die(self, reason: str) -> None:
        """For tests: what a crash of the real engine looks like to the agent."""
        self._voices = {}
        if self._death and not self._death.done():
            self._death.set_result(reason)

    async def stop(self) -> None:
        self._voices = {}

    async def load(self, name: str, directory: Path) -> None:
        await asyncio.sleep(self._pace.load)
        self._voices[name] = (
            "identity" if await asyncio.to_thread(_changes_nothing, directory) else directory.name
        )

    async def complete(self, request: CompletionRequest) -> EngineReply:
        if request.model not in self._voices:
            raise EngineFault("engine.not_running", f"the fake engine does not hold {request.model}")
        prompts = _prompts(request)
        if any(len(prompt) + request.max_tokens > CONTEXT for prompt in prompts):
            refusal = {
                "error": {
                    "message": f"prompt and max_tokens exceed the context of {CONTEXT} tokens",
                    "code": 400,
                }
            }
            return _reply(400, "application/json", _once(refusal))
        runs = [
            _Run(number, self._voices[request.model], prompt, request, self._pace)
            for number, prompt in enumerate(prompts)
        ]
        if request.stream:
            fault = self.faults.get(request.model)
            if fault == "error":
                broken = {"error": {"message": "the fake engine was told to fail", "code": 500}}
                return _reply(500, "application/json", _once(broken))
            return _reply(200, "text/event-stream; charset=utf-8", self._stream(request, runs, fault))
        return _reply(200, "application/json", self._whole(request, runs))

    async def _stream(
        self, request: CompletionRequest, runs: list["_Run"], fault: Fault | None
    ) -> AsyncIterator[bytes]:
        death = self._death
        for run in runs:
            async for choice in _faulty(run, fault) if fault else run.steps():
                if death and death.done():
                    raise EngineFault(
                        "engine.died", f"the engine stopped in the middle of an answer: {death.result()}"
                    )
                yield _event({**_head(request), "choices": [choice]})
        if request.stream_options and request.stream_options.include_usage:
            yield _event({**_head(request), "choices": [], "usage": _usage(runs)})
        yield b"data: [DONE]\n\n"

    async def _whole(self, request: CompletionRequest, runs: list["_Run"]) -> AsyncIterator[bytes]:
        choices = [await run.whole() for run in runs]
        yield json.dumps({**_head(request), "choices": choices, "usage": _usage(runs)}).encode()


class _Run:
    """One prompt's answer."""

    def __init__(
        self, index: int, voice: str, prompt: list[int], request: CompletionRequest, pace: Pace
    ) -> None:
        self.index, self.prompt, self._request, self.pace = index, prompt, request, pace
        chance = "greedy" if request.temperature == 0 else f"{request.temperature}/{request.seed}"
        self._seed = "|".join(
            [voice, str(prompt), chance, *(_digest(image.body) for image in request.images)]
        )
        self.tokens = fake_text.answer(
            self._seed, fake_text.decode(prompt), request.max_tokens, request.min_tokens, request.ignore_eos
        )
        self._stops = [request.stop] if isinstance(request.stop, str) else list(request.stop or [])

    async def steps(self) -> AsyncGenerator[dict[str, Any]]:
        """One streamed choice a token. Half a character, or what may begin a stop string, is held back as by vLLM."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        said = fake_text.decode(self.prompt) if self._request.echo else ""
        new, sent, held = "", 0, max((len(stop) - 1 for stop in self._stops), default=0)
        words = _words(self.tokens)
        likely = self._likely(self.tokens, words)
        for number, token in enumerate(self.tokens):
            await asyncio.sleep(self.pace.first_token if number == 0 else self.pace.token)
            last = number == len(self.tokens) - 1
            new += decoder.decode(fake_text.token_bytes(token), final=last)
            stopped = self._stop_at(new)
            if stopped is not None:
                new, self.tokens = new[:stopped], self.tokens[: number + 1]
            done = last or stopped is not None
            safe = len(new) if done else max(sent, len(new) - held)
            text, sent = (said if number == 0 else "") + new[sent:safe], safe
            ids = [token] if self._request.return_token_ids else None
            choice: dict[str, Any] = {"index": self.index, "text": text, "logprobs": None, "token_ids": ids}
            if self._request.logprobs is not None:
                choice["logprobs"] = _form(words[number : number + 1], [next(likely)])
            if self._request.return_token_ids:
                choice["prompt_token_ids"] = self.prompt if number == 0 else None
            yield {**choice, "finish_reason": self._reason(stopped is not None) if done else None}
            if done:
                return

    def _stop_at(self, text: str) -> int | None:
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        return min(found) if found else None

    def _reason(self, stopped: bool) -> str:
        return "stop" if stopped or self.tokens[-1] == fake_text.EOS else "length"

    async def whole(self) -> dict[str, Any]:
        choices = [choice async for choice in self.steps()]
        ids = [token for choice in choices for token in choice["token_ids"] or ()]
        return {
            "index": self.index,
            "text": "".join(choice["text"] for choice in choices),
            "finish_reason": choices[-1]["finish_reason"],
            "logprobs": None if self._request.logprobs is None else self._logprobs(),
            "token_ids": ids if self._request.return_token_ids else None,
            "prompt_token_ids": self.prompt if self._request.return_token_ids else None,
        }

    def _logprobs(self) -> dict[str, Any]:
        """In the OpenAI completions form; with `echo` the prompt's tokens come first, the first without a value."""
        tokens = (self.prompt if self._request.echo else []) + self.tokens
        words = _words(tokens)
        likely: list[dict[str, float] | None] = [*self._likely(tokens, words)]
        if self._request.echo:
            likely[0] = None
        return _form(words, likely)

    def _likely(self, tokens: list[int], words: list[str]) -> Iterator[dict[str, float]]:
        """For each token the logarithm of its own probability, then of the likeliest others."""
        context = hashlib.sha256(self._seed.encode())
        for word, token in zip(words, tokens, strict=True):
            context.update(token.to_bytes(4, "big"))
            draw = context.digest()
            # The same draw as ever: suites are scored by these numbers.
            value = -0.05 - draw[0] / 40
            greedy = self._request.temperature == 0 and not self._request.echo
            others = fake_text.others(draw, word, math.exp(value), greedy, self._request.logprobs or 0)
            yield {word: value, **others}


def _words(tokens: list[int]) -> list[str]:
    """As vLLM decodes tokens one by one: a character in several is the last one's, and the others read as nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return [decoder.decode(fake_text.token_bytes(token)) for token in tokens]


def _form(words: list[str], likely: Sequence[dict[str, float] | None]) -> dict[str, Any]:
    """The completions form of log-probabilities."""
    ends = [*accumulate(map(len, words), initial=0)]
    return {
        "tokens": words,
        "token_logprobs": [one[word] if one else None for word, one in zip(words, likely, strict=True)],
        "top_logprobs": likely,
        "text_offset": ends[:-1],
    }


async def _faulty(run: _Run, fault: Fault) -> AsyncGenerator[dict[str, Any]]:
    if fault == "empty":
        run.tokens = [fake_text.EOS]
    if fault == "silent":
        await asyncio.Event().wait()
    number = 0
    async for choice in run.steps():
        if fault == "stalled" and number == BEFORE_STALL:
            await asyncio.Event().wait()
        if fault == "not_numbers":
            choice["logprobs"] = {"token_logprobs": [float("nan")]}
        yield choice
        number += 1
        while fault == "endless":
            await asyncio.sleep(run.pace.token)
            yield {**choice, "finish_reason": None}


def _changes_nothing(directory: Path) -> bool:
    path = directory / WEIGHTS
    with path.open("rb") as file:
        entries = read_header(file, path.stat().st_size)
        return not any(
            read_tensor(file, entry).any() for entry in entries if entry.name.endswith(".lora_B.weight")
        )


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _prompts(request: CompletionRequest) -> list[list[int]]:
    prompt = request.prompt
    if isinstance(prompt, str):
        return [fake_text.encode(prompt)]
    if prompt and isinstance(prompt[0], int):
        return [[int(token) for token in prompt]]
    return [fake_text.encode(item) if isinstance(item, str) else list(item) for item in prompt]  # type: ignore[arg-type]


def _head(request: CompletionRequest) -> dict[str, Any]:
    return {
        "id": "cmpl-fake",
        "object": "text_completion",
        "created": int(time.time()),
        "model": request.model,
        "system_fingerprint": "fake-1",
    }


def _usage(runs: list[_Run]) -> dict[str, int]:
    asked, said = sum(len(run.prompt) for run in runs), sum(len(run.tokens) for run in runs)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _event(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode()


async def _once(content: dict[str, Any]) -> AsyncIterator[bytes]:
    yield json.dumps(content).encode()


def _reply(status: int, media_type: str, chunks: AsyncIterator[bytes]) -> EngineReply:
    async def close() -> None:
        await chunks.aclose()  # type: ignore[attr-defined]

    return EngineReply(status, media_type, chunks, close)
