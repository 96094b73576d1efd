"""The job `duels.attention`: an answer is read once more by the model that gave it, and a child writes down to what
the model paid attention.

On the processor and beside the engine: nothing is generated and no engine is asked. The child opens nothing but the
canonical adapter (our own bytes), the base weights, the prompt and the answer's token ids.
"""

import hashlib
import signal
import sys

import httpx
import structlog
from pydantic import ValidationError

from arena.duels.attention import AttentionContract, AttentionMap, AttentionResult
from arena.kit.launch import launcher
from workers.lab import base_weights
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import fetch_adapter, last_line, offline
from workers.lab.transfer import upload

STEPS = 3
CHILD_SECONDS = 900.0
TOO_LONG = 4
"""How the child ends when the prompt alone is longer than what is looked at."""

log = structlog.get_logger()


def run(contract: AttentionContract, job: JobContext) -> AttentionResult:
    job.progress(0, STEPS, "base_model")
    model = base_weights.fetch(
        contract.base_model, contract.base_digest, contract.engine_url, contract.engine_token, job
    )
    job.progress(1, STEPS, "loading")
    adapter = fetch_adapter(contract.adapter, job.folder / "adapter")
    asked, answered, errors = (
        job.folder / name for name in ("asked.json", "attention.json", "attention.log")
    )
    asked.write_text(contract.model_dump_json(include={"rendered", "token_ids"}))
    job.progress(2, STEPS, "reading")
    ended = job.run_child(
        [
            *launcher(signal.SIGKILL),
            sys.executable,
            "-I",
            "-m",
            "workers.lab.attention_child",
            *(str(path.absolute()) for path in (model, adapter, asked, answered)),
        ],
        timeout=CHILD_SECONDS,
        on_line=lambda line: None,
        environment=offline(job.folder),
        stderr=errors,
    )
    if ended.code == TOO_LONG:
        raise JobFailed("The prompt alone has more tokens than are looked at.", retry=False)
    if ended.timed_out or ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("attention_broke", code=ended.code, log=tail)
        why = "it took too long" if ended.timed_out else last_line(tail)
        raise JobFailed(f"The answer could not be read once more: {why}", retry=True)
    try:
        AttentionMap.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("The answer was read once more without a result.", retry=True) from error
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        upload(client, contract.put_url, answered)
    job.progress(STEPS, STEPS, "read")
    return AttentionResult(sha256=hashlib.sha256(answered.read_bytes()).hexdigest())
