"""The jobs `speed.draw` and `speed.score`: the questions of a speed quiz, and whether they were answered rightly.

The generator and the verifiers run in a child, as in a benchmark: they read what contestants' models have written, and
a lost lease must be able to end them at once. Both make the questions anew from the suite, so nothing has to be kept
between the two.
"""

import signal
import sys
from typing import TypeVar

import structlog
from pydantic import ValidationError

from arena.kit.launch import launcher
from arena.speed.contracts import DrawContract, DrawResult, ScoreContract, ScoreResult
from workers.lab import banks
from workers.lab.job import JobContext, JobFailed
from workers.lab.loading import last_line, offline

SECONDS = 120.0

Result = TypeVar("Result", DrawResult, ScoreResult)

log = structlog.get_logger()


def draw(contract: DrawContract, job: JobContext) -> DrawResult:
    return _run("draw", contract, DrawResult, job)


def score(contract: ScoreContract, job: JobContext) -> ScoreResult:
    return _run("score", contract, ScoreResult, job)


def _run(what: str, contract: DrawContract | ScoreContract, kind: type[Result], job: JobContext) -> Result:
    banks.fetch(contract.files, job)
    asked, answered, errors = (job.folder / name for name in ("contract.json", "result.json", "quiz.log"))
    asked.write_text(contract.model_dump_json())
    child: list[str] = [sys.executable, "-I", "-m", "workers.lab.quiz_child", what, str(job.folder)]
    ended = job.run_child(
        [*launcher(signal.SIGKILL), *child],
        timeout=SECONDS,
        on_line=lambda _: None,
        environment=offline(job.folder),
        stderr=errors,
    )
    if ended.timed_out:
        raise JobFailed("The quiz took too long.", retry=True)
    if ended.code != 0:
        tail = errors.read_text(errors="replace")[-2000:]
        log.warning("quiz_broke", code=ended.code, log=tail)
        raise JobFailed(f"The quiz broke: {last_line(tail)}", retry=True)
    try:
        return kind.model_validate_json(answered.read_bytes())
    except (OSError, ValidationError) as error:
        raise JobFailed("The quiz ended without a result.", retry=True) from error
