"""The jobs `benchmarks.run` and `benchmarks.suite`: have the adapter loaded, then let a child measure it with
lm-evaluation-harness.

A child, because the harness owns an event loop, seeds every generator in the process and takes its key from the
environment; and because a lost lease must be able to end it at once. Each answer that it gets goes to the portal in
small batches, so whatever dies here, or there, the next attempt asks only for the rest.
"""

import asyncio
import json
import secrets
import signal
import sys
import time
from importlib.metadata import version
from typing import Any

import structlog
from pydantic import ValidationError

from arena.benchmarks.contracts import BenchmarkContract, BenchmarkResult, Fault, SystemPrompt
from arena.kit.launch import launcher
from arena.nodes.attestation import Attestation, Wanted
from workers.lab import banks, preflight
from workers.lab.job import Ended, JobContext, JobFailed
from workers.lab.loading import last_line, load_adapter, offline
from workers.lab.scorer import scorer_digest
from workers.pool.client import EngineClient, EngineError, TokenEvent
from workers.pool.fingerprint import FINGERPRINT_TOKENS, PROBES
from workers.pool.protocol import AdapterAnswer, CompletionRequest

SECONDS_PER_ITEM = 30.0
SECONDS_AT_LEAST = 180.0
BATCH = 8
"""Answers that are sent together. What a lab that is killed had not handed in yet is asked again: less than these,
what came while some were on their way, and what was with the engine."""
MOST = 500
"""Answers that the portal takes at once."""
AGAIN_SECONDS = 1.0
"""Before a portal that did not take them is tried again."""

log = structlog.get_logger()


class Outgoing:
    """Answers on their way to the portal. They are kept here for as long as it is away."""

    def __init__(self, job: JobContext) -> None:
        self._job = job
        self._waiting: list[dict[str, Any]] = []
        self._not_before = 0.0

    def add(self, answer: dict[str, Any]) -> None:
        self._waiting.append(answer)
        if len(self._waiting) >= BATCH and time.monotonic() >= self._not_before:
            self.send()

    def send(self) -> None:
        while self._waiting:
            if not self._job.keep(self._waiting[:MOST]):
                self._not_before = time.monotonic() + AGAIN_SECONDS
                return
            del self._waiting[:MOST]


def run(contract: BenchmarkContract, job: JobContext) -> BenchmarkResult:
    total = sum(map(len, contract.items.values()))
    job.progress(0, total, "loading")
    fault, loaded = _preflight(contract, job)
    if fault is not None:
        result = _unmeasurable(contract, fault)
    else:
        attestation = _attestation(contract, contract.attest) if contract.attest is not None else None
        result = _measured(contract, job, total).model_copy(update={"attestation": attestation})
    return result if loaded is None else _recognised(contract, job, result, loaded)


def _preflight(contract: BenchmarkContract, job: JobContext) -> tuple[Fault | None, AdapterAnswer | None]:
    """What makes the run impossible, if anything does, and the adapter as it was loaded."""
    fault = preflight.generator(contract)
    if fault is not None:
        return fault, None
    loaded = None
    if contract.adapter is not None:
        loaded = load_adapter(contract.engine_url, contract.engine_token, contract.adapter, job)
        fault = preflight.effect(contract, loaded)
    job.check()
    return fault or preflight.tokenizer(contract, job) or preflight.echo(contract, job), loaded


def _unmeasurable(contract: BenchmarkContract, fault: Fault) -> BenchmarkResult:
    return BenchmarkResult(
        fault=fault,
        tasks=[],
        samples=[],
        lm_eval_version=version("lm_eval"),
        scorer_digest=scorer_digest(),
        suite_digest=contract.suite.digest,
    )


def _measured(contract: BenchmarkContract, job: JobContext, total: int) -> BenchmarkResult:
    banks.fetch(contract.files, job)
    asked, answered = job.folder / "contract.json", job.folder / "result.json"
    asked.write_text(contract.model_dump_json())
    errors = job.folder / "benchmark.log"
    ended = _child(contract, job, SECONDS_AT_LEAST + SECONDS_PER_ITEM * total)
    if ended.timed_out:
        raise JobFailed("The benchmark took too long; the engine may be stuck.", retry=True)
    if ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("benchmark_broke", code=ended.code, log=tail)
        raise JobFailed(f"The benchmark broke: {last_line(tail)}", retry=True)
    try:
        return BenchmarkResult.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("The benchmark ended without a result.", retry=True) from error


def _child(contract: BenchmarkContract, job: JobContext, timeout: float) -> Ended:
    outgoing = Outgoing(job)

    def hear(line: bytes) -> None:
        told = json.loads(line)
        job.progress(int(told["done"]), int(told["total"]), str(told["note"]))
        if "answer" in told:
            outgoing.add(told["answer"])

    child: list[str] = [sys.executable, "-I", "-m", "workers.lab.benchmark_child", str(job.folder)]
    try:
        return job.run_child(
            [*launcher(signal.SIGKILL), *child],
            timeout=timeout,
            on_line=hear,
            environment=offline(job.folder) | {"OPENAI_API_KEY": contract.engine_token},
            stderr=job.folder / "benchmark.log",
        )
    finally:
        outgoing.send()


def _recognised(
    contract: BenchmarkContract, job: JobContext, result: BenchmarkResult, loaded: AdapterAnswer
) -> BenchmarkResult:
    effect = loaded.effect
    if contract.system is not None and result.refusal is None and result.fault is None:
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
