"""The job `benchmarks.rescore`: stored answers are judged again, in a child, as in a benchmark."""

import signal
import sys

import structlog
from pydantic import ValidationError

from arena.benchmarks.contracts import RescoreContract, RescoreResult
from arena.kit.launch import launcher
from workers.lab import banks
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import last_line, offline

SECONDS = 600.0

log = structlog.get_logger()


def run(contract: RescoreContract, job: JobContext) -> RescoreResult:
    banks.fetch(contract.files, job)
    asked, answered, errors = (job.folder / name for name in ("contract.json", "result.json", "rescore.log"))
    asked.write_text(contract.model_dump_json())
    child: list[str] = [sys.executable, "-I", "-m", "workers.lab.rescore_child", str(job.folder)]
    ended = job.run_child(
        [*launcher(signal.SIGKILL), *child],
        timeout=SECONDS,
        on_line=lambda _: None,
        environment=offline(job.folder),
        stderr=errors,
    )
    if ended.timed_out:
        raise JobFailed("Judging the answers took too long.", retry=True)
    if ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("rescore_broke", code=ended.code, log=tail)
        raise JobFailed(f"Judging the answers broke: {last_line(tail)}", retry=True)
    try:
        return RescoreResult.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("Judging the answers ended without a result.", retry=True) from error
