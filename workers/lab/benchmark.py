"""The job `benchmarks.run`: have the adapter loaded, then let a child measure it with lm-evaluation-harness.

A child, because the harness owns an event loop, seeds every generator in the process and takes its key from the
environment; and because a lost lease must be able to end it at once.
"""

import asyncio
import json
import secrets
import signal
import sys

import structlog
from pydantic import ValidationError

from arena.benchmarks.contracts import BenchmarkContract, BenchmarkResult, SystemPrompt
from arena.kit.launch import launcher
from arena.nodes.attestation import Attestation, Wanted
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import fetch_tokenizer, last_line, load_adapter, offline
from workers.pool.client import EngineClient, EngineError, TokenEvent
from workers.pool.fingerprint import FINGERPRINT_TOKENS, PROBES
from workers.pool.protocol import CompletionRequest

SECONDS_PER_ITEM = 30.0
SECONDS_AT_LEAST = 180.0

log = structlog.get_logger()


def run(contract: BenchmarkContract, job: JobContext) -> BenchmarkResult:
    items = sum(family.items for family in contract.suite.families)
    job.progress(0, items, "loading")
    loaded = None
    if contract.adapter is not None:
        loaded = load_adapter(contract.engine_url, contract.engine_token, contract.adapter, job)
    attestation = _attestation(contract, contract.attest) if contract.attest is not None else None
    job.check()
    fetch_tokenizer(contract.engine_url, contract.engine_token, job.folder / "tokenizer")
    asked, answered = job.folder / "contract.json", job.folder / "result.json"
    asked.write_text(contract.model_dump_json())
    errors = job.folder / "benchmark.log"
    ended = job.run_child(
        [
            *launcher(signal.SIGKILL),
            sys.executable,
            "-I",
            "-m",
            "workers.lab.benchmark_child",
            str(job.folder),
        ],
        timeout=SECONDS_AT_LEAST + SECONDS_PER_ITEM * items,
        on_line=lambda line: _tell(line, job),
        environment=offline(job.folder) | {"OPENAI_API_KEY": contract.engine_token},
        stderr=errors,
    )
    if ended.timed_out:
        raise JobFailed("The benchmark took too long; the engine may be stuck.", retry=True)
    if ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("benchmark_broke", code=ended.code, log=tail)
        raise JobFailed(f"The benchmark broke: {last_line(tail)}", retry=True)
    try:
        result = BenchmarkResult.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("The benchmark ended without a result.", retry=True) from error
    result = result.model_copy(update={"attestation": attestation})
    if loaded is None:
        return result
    effect = loaded.effect
    if contract.system is not None and result.refusal is None:
        effect = _prompt_has_effect(contract, contract.system, job)
    return result.model_copy(update={"fingerprint": loaded.fingerprint, "effect": effect})


def _attestation(contract: BenchmarkContract, wanted: Wanted) -> Attestation:
    async def ask() -> Attestation:
        async with EngineClient(contract.engine_url, contract.engine_token) as engine:
            return await engine.attestation(wanted)

    try:
        return asyncio.run(ask())
    except EngineError as error:
        raise JobFailed(f"The engine did not attest what it is: {error}", retry=True) from error


def _prompt_has_effect(contract: BenchmarkContract, system: SystemPrompt, job: JobContext) -> bool:
    """Whether the same adapter answers any probe prompt differently with the system prompt than without."""

    async def answer(engine: EngineClient, template: str, probe: str) -> list[int]:
        request = CompletionRequest(
            model=contract.model,
            prompt=template.replace("{prompt}", probe),
            max_tokens=FINGERPRINT_TOKENS,
            min_tokens=FINGERPRINT_TOKENS,
            ignore_eos=True,
            temperature=0,
            cache_salt=secrets.token_hex(8),
        )
        return [event.token_id async for event in engine.stream(request) if isinstance(event, TokenEvent)]

    async def ask() -> bool:
        async with EngineClient(contract.engine_url, contract.engine_token) as engine:
            for probe in PROBES:
                job.check()
                plain = await answer(engine, contract.template, probe)
                if await answer(engine, system.template, probe) != plain:
                    return True
            return False

    try:
        return asyncio.run(ask())
    except EngineError as error:
        raise JobFailed(f"The engine did not answer the probe prompts: {error}", retry=True) from error


def _tell(line: bytes, job: JobContext) -> None:
    told = json.loads(line)
    job.progress(int(told["done"]), int(told["total"]), str(told["note"]))
