"""The job `benchmarks.run`: have the adapter loaded, then let a child measure it with lm-evaluation-harness.

A child, because the harness owns an event loop, seeds every generator in the process and takes its key from the
environment; and because a lost lease must be able to end it at once.
"""

import asyncio
import json
import secrets
import signal
import sys
from pathlib import Path

import httpx
import structlog
from pydantic import ValidationError

from arena.benchmarks.contracts import BenchmarkContract, BenchmarkResult, SystemPrompt
from arena.kit.launch import launcher
from arena.submissions.contracts import AdapterRef
from workers.lab.job import JobContext, JobFailed
from workers.lab.transfer import download
from workers.pool.client import EngineClient, EngineError, TokenEvent
from workers.pool.fingerprint import FINGERPRINT_TOKENS, PROBES
from workers.pool.protocol import TOKENIZER_FILES, AdapterAnswer, CompletionRequest

MAX_TOKENIZER_BYTES = 64 << 20
SECONDS_PER_ITEM = 30.0
SECONDS_AT_LEAST = 180.0
LOOK_SECONDS = 0.2
"""How often a load, which can take minutes, is looked at for whether the job is over."""

log = structlog.get_logger()


def run(contract: BenchmarkContract, job: JobContext) -> BenchmarkResult:
    items = sum(family.items for family in contract.suite.families)
    job.progress(0, items, "loading")
    loaded = _load(contract, contract.adapter, job) if contract.adapter is not None else None
    job.check()
    _fetch_tokenizer(contract, job.folder / "tokenizer")
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
        environment=_environment(contract, job.folder),
        stderr=errors,
    )
    if ended.timed_out:
        raise JobFailed("The benchmark took too long; the engine may be stuck.", retry=True)
    if ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("benchmark_broke", code=ended.code, log=tail)
        raise JobFailed(f"The benchmark broke: {_last_line(tail)}", retry=True)
    try:
        result = BenchmarkResult.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("The benchmark ended without a result.", retry=True) from error
    if loaded is None:
        return result
    effect = loaded.effect
    if contract.system is not None and result.refusal is None:
        effect = _prompt_has_effect(contract, contract.system, job)
    return result.model_copy(update={"fingerprint": loaded.fingerprint, "effect": effect})


def _load(contract: BenchmarkContract, adapter: AdapterRef, job: JobContext) -> AdapterAnswer:
    """Have the adapter on the engine; returns how it answers the probe prompts there. Raises as `JobContext.check`."""

    async def ensure() -> AdapterAnswer:
        async with EngineClient(contract.engine_url, contract.engine_token) as engine:
            loading = asyncio.create_task(
                engine.ensure_adapter(adapter.digest, adapter.weights_url, adapter.config_url)
            )
            try:
                while not (await asyncio.wait({loading}, timeout=LOOK_SECONDS))[0]:
                    job.check()
                return await loading
            finally:
                loading.cancel()

    try:
        loaded = asyncio.run(ensure())
    except EngineError as error:
        raise JobFailed(f"The engine could not load the adapter: {error}", retry=True) from error
    if loaded.name != contract.model:
        raise JobFailed("The engine serves the adapter under another name than agreed.", retry=False)
    return loaded


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


def _fetch_tokenizer(contract: BenchmarkContract, folder: Path) -> None:
    """The engine's own tokenizer: measuring with another one would measure something else."""
    folder.mkdir()
    headers = {"Authorization": f"Bearer {contract.engine_token}"}
    with httpx.Client(base_url=contract.engine_url, headers=headers, timeout=30.0, trust_env=False) as client:
        for name in TOKENIZER_FILES:
            _, whole = download(client, f"/tokenizer/{name}", folder / name, MAX_TOKENIZER_BYTES)
            if not whole:
                raise JobFailed("The engine's tokenizer is larger than any tokenizer.", retry=False)


def _environment(contract: BenchmarkContract, folder: Path) -> dict[str, str]:
    """What the child needs and nothing of ours. It must not ask a hub for anything: all it reads is in its folder."""
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"), "1")
    folders = dict.fromkeys(("HOME", "HF_HOME", "TMPDIR"), str(folder))
    return {
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "TOKENIZERS_PARALLELISM": "false",
        "OPENAI_API_KEY": contract.engine_token,
        **offline,
        **folders,
    }


def _tell(line: bytes, job: JobContext) -> None:
    told = json.loads(line)
    job.progress(int(told["done"]), int(told["total"]), str(told["note"]))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
