"""The job `benchmarks.run`: have the adapter loaded, then let a child measure it with lm-evaluation-harness.

A child, because the harness owns an event loop, seeds every generator in the process and takes its key from the
environment; and because a lost lease must be able to end it at once.
"""

import json
import signal
import sys

import structlog
from pydantic import ValidationError

from arena.benchmarks.contracts import BenchmarkContract, BenchmarkResult
from arena.kit.launch import launcher
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import fetch_tokenizer, last_line, load_adapter, offline

SECONDS_PER_ITEM = 30.0
SECONDS_AT_LEAST = 180.0

log = structlog.get_logger()


def run(contract: BenchmarkContract, job: JobContext) -> BenchmarkResult:
    items = sum(family.items for family in contract.suite.families)
    job.progress(0, items, "loading")
    if contract.adapter is not None:
        load_adapter(contract.engine_url, contract.engine_token, contract.adapter, job)
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
        return BenchmarkResult.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("The benchmark ended without a result.", retry=True) from error


def _tell(line: bytes, job: JobContext) -> None:
    told = json.loads(line)
    job.progress(int(told["done"]), int(told["total"]), str(told["note"]))
