"""The job `submissions.probe`: have the adapter loaded, ask PEFT and the engine the same, compare.

PEFT computes in a child, which opens nothing but the canonical adapter (our own bytes) and the base weights.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence

import structlog
from pydantic import TypeAdapter, ValidationError
from tokenizers import Tokenizer

from arena.kit.launch import launcher
from arena.shows.base_models import BASE_MODELS, BaseModel
from arena.submissions.contracts import ProbeContract, ProbeResult
from arena.submissions.probe import (
    LENGTHS,
    LONG_TOKENS,
    PROMPTS,
    Ending,
    EngineAnswers,
    FirstToken,
    LongAnswer,
    ReferenceAnswer,
    is_finite,
    judge,
)
from workers.lab import base_weights
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import fetch_adapter, fetch_tokenizer, last_line, load_adapter, offline
from workers.pool.client import EngineClient, EngineError, FinishEvent
from workers.pool.fingerprint import PROBES
from workers.pool.protocol import CompletionRequest

STEPS = 4
CHILD_SECONDS = 600.0
RECYCLE_SECONDS = 600.0
LOOK_SECONDS = 1.0

log = structlog.get_logger()
_references = TypeAdapter(list[ReferenceAnswer])


def run(contract: ProbeContract, job: JobContext) -> ProbeResult:
    base = BASE_MODELS[contract.base_model]
    fetch_tokenizer(contract.engine_url, contract.engine_token, job.folder / "tokenizer")
    tokenizer = Tokenizer.from_file(str(job.folder / "tokenizer" / "tokenizer.json"))
    prompts = [tokenizer.encode(base.render(prompt)).ids for prompt in PROMPTS]
    reference = None if contract.rehearsal else _reference(contract, prompts, job)
    if reference is not None and not is_finite(reference):
        # NaN stays in an engine's cache and spoils what others are answered: it is not even loaded.
        checks, refusal = judge(reference, None)
        return ProbeResult(checks=checks, refusal=refusal, fingerprint=None)
    job.progress(2, STEPS, "loading")
    loaded = load_adapter(contract.engine_url, contract.engine_token, contract.adapter, job)
    job.progress(3, STEPS, "probing")
    job.check()
    answers = asyncio.run(_ask(contract, base, prompts, _long(prompts, base), loaded.effect))
    if not answers.finite:
        asyncio.run(_recycle(contract, job))
    job.progress(STEPS, STEPS, "probed")
    checks, refusal = judge(reference, answers)
    return ProbeResult(checks=checks, refusal=refusal, fingerprint=loaded.fingerprint)


def _long(prompts: Sequence[list[int]], base: BaseModel) -> list[list[int]]:
    """Prompts of the lengths to be tried: the others, without their beginning-of-text, one after the other."""
    text = prompts[0][:1]
    while len(text) < base.context:
        text += [token for prompt in prompts for token in prompt[1:]]
    return [text[:length] for length in (*LENGTHS, base.context - LONG_TOKENS)]


# --- PEFT ---------------------------------------------------------------------------------------------------------


def _reference(contract: ProbeContract, prompts: list[list[int]], job: JobContext) -> list[ReferenceAnswer]:
    """What PEFT answers in float32, computed with the base weights that the node serves."""
    model = base_weights.fetch(
        contract.base_model, contract.base_digest, contract.engine_url, contract.engine_token, job
    )
    job.progress(1, STEPS, "comparing")
    adapter = fetch_adapter(contract.adapter, job.folder / "adapter")
    asked, answered, errors = (
        job.folder / name for name in ("prompts.json", "reference.json", "reference.log")
    )
    asked.write_bytes(TypeAdapter(list[list[int]]).dump_json(prompts))
    ended = job.run_child(
        [
            *launcher(signal.SIGKILL),
            sys.executable,
            "-I",
            "-m",
            "workers.lab.reference_child",
            *(str(path.absolute()) for path in (model, adapter, asked, answered)),
        ],
        timeout=CHILD_SECONDS,
        on_line=lambda line: None,
        environment=offline(job.folder),
        stderr=errors,
    )
    if ended.timed_out or ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("reference_broke", code=ended.code, log=tail)
        why = "it took too long" if ended.timed_out else last_line(tail)
        raise JobFailed(f"PEFT could not compute what the answers should be: {why}", retry=True)
    try:
        return _references.validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("PEFT ended without an answer.", retry=True) from error


# --- the engine ---------------------------------------------------------------------------------------------------


async def _ask(
    contract: ProbeContract,
    base: BaseModel,
    prompts: Sequence[list[int]],
    long: Sequence[list[int]],
    effect: bool,
) -> EngineAnswers:
    """Raises JobFailed when the engine cannot be asked."""
    name = contract.adapter.name
    try:
        async with EngineClient(contract.engine_url, contract.engine_token) as engine:
            first = [await _first(engine, name, prompt) for prompt in prompts]
            finite = [await _finite(engine, name, prompt) for prompt in long]
            endings = await _endings(engine, name, base, contract.max_tokens)
    except EngineError as error:
        raise JobFailed(f"The engine could not be asked: {error}", retry=True) from error
    return EngineAnswers(effect=effect, first=first, long=finite, endings=endings)


async def _recycle(contract: ProbeContract, job: JobContext) -> None:
    """Have the engine started anew, and hold the lease until it is up: nobody is to be answered by a spoiled one."""
    try:
        async with EngineClient(contract.engine_url, contract.engine_token) as engine:
            await engine.recycle(contract.adapter.name)
            async with asyncio.timeout(RECYCLE_SECONDS):
                while (await engine.health()).state != "ready":
                    job.check()
                    await asyncio.sleep(LOOK_SECONDS)
    except (EngineError, TimeoutError) as error:
        raise JobFailed(f"The engine could not be started anew: {error}", retry=True) from error


async def _first(engine: EngineClient, name: str, prompt: list[int]) -> FirstToken:
    token, values = await engine.next_token(name, prompt)
    return FirstToken(token_id=token, logprob=values[0])


async def _finite(engine: EngineClient, name: str, prompt: list[int]) -> LongAnswer:
    _, values = await engine.next_token(name, prompt, LONG_TOKENS)
    return LongAnswer(length=len(prompt), finite=None not in values)


async def _endings(engine: EngineClient, name: str, base: BaseModel, most: int) -> list[Ending]:
    """Until one answer has come to an end by itself: that it can is all there is to know."""
    asking = [asyncio.create_task(_ending(engine, name, base, prompt, most)) for prompt in PROBES]
    endings: list[Ending] = []
    try:
        for answered in asyncio.as_completed(asking):
            endings.append(await answered)
            if endings[-1].stopped:
                break
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return endings


async def _ending(engine: EngineClient, name: str, base: BaseModel, prompt: str, most: int) -> Ending:
    request = CompletionRequest(
        model=name, prompt=base.render(prompt), max_tokens=most, temperature=0, stop=[base.frame]
    )
    async for event in engine.stream(request):
        if isinstance(event, FinishEvent):
            return Ending(tokens=event.completion_tokens, stopped=event.finish_reason == "stop")
    raise AssertionError("a stream ends with its finish or raises")
