"""One wake-up, start to end: claim the job, work, keep the lease alive, hand in the result.

The portal's answers decide: 409 anywhere means that the job is not ours (any more), and we stop without a trace. A
message that comes twice, late or for nothing is therefore harmless.
"""

import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from arena.benchmarks import contracts as benchmarks
from arena.duels.attention import ATTEND, AttentionContract
from arena.exports import contracts as exports
from arena.speed import contracts as speed
from arena.submissions import contracts as submissions
from arena.training import contracts as training
from workers.lab import attention, benchmark, probe, quiz, rescore, training_job, verify
from workers.lab.export import job as export_job
from workers.lab.job import Heard, JobContext, JobFailed, JobStopped
from workers.lab.lanes import lane_widths

HEARTBEAT_SECONDS = 10.0
PROGRESS_SECONDS = 1.0
"""Progress is told at once, but no more often than this."""
HAND_IN_SECONDS = 45.0
"""How long a finished result is offered to a portal that does not answer; less than a lease."""

log = structlog.get_logger()

_running: set[JobContext] = set()
_leaving = threading.Event()


def interrupt() -> None:
    """This worker shuts down: hand what is running back to the queue, begin nothing more. Safe in a signal handler."""
    _leaving.set()
    for job in tuple(_running):
        job.interrupt()


def _verify(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return verify.run(submissions.VerifyContract.model_validate(contract), job)


def _probe(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return probe.run(submissions.ProbeContract.model_validate(contract), job)


def _benchmark(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return benchmark.run(benchmarks.BenchmarkContract.model_validate(contract), job)


def _rescore(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return rescore.run(benchmarks.RescoreContract.model_validate(contract), job)


def _attend(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return attention.run(AttentionContract.model_validate(contract), job)


def _draw_quiz(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return quiz.draw(speed.DrawContract.model_validate(contract), job)


def _score_quiz(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return quiz.score(speed.ScoreContract.model_validate(contract), job)


def _train(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return training_job.run(training.TrainContract.model_validate(contract), job)


def _export(contract: dict[str, Any], job: JobContext) -> BaseModel:
    return export_job.run(exports.ExportContract.model_validate(contract), job)


HANDLERS: dict[str, Callable[[dict[str, Any], JobContext], BaseModel]] = {
    submissions.JOB_KIND: _verify,
    submissions.PROBE: _probe,
    benchmarks.JOB_KIND: _benchmark,
    benchmarks.ORDERED_KIND: _benchmark,
    benchmarks.RESCORE_KIND: _rescore,
    ATTEND: _attend,
    speed.DRAW: _draw_quiz,
    speed.SCORE: _score_quiz,
    training.JOB_KIND: _train,
    exports.JOB_KIND: _export,
}


class Claimed(BaseModel):
    job_id: str
    kind: str
    fence: int
    lease_seconds: float
    contract: dict[str, Any]
    job_url: str
    """Where everything about it goes: it may be another job than the one of the wake-up, whose turn it is not."""


def run_job(job_url: str) -> str:
    """Answer one wake-up; returns how it ended: `nothing`, `done`, `failed` or `stopped`. Raises nothing expected."""
    if _leaving.is_set():
        return "nothing"
    about = {
        "X-Gavel-Worker": f"{socket.gethostname()}-{os.getpid()}",
        "X-Gavel-Lanes": json.dumps(lane_widths(os.environ)),
    }
    with httpx.Client(timeout=15.0, headers=about, trust_env=False) as client:
        try:
            answer = client.post(f"{job_url}/claim")
            if answer.status_code in (404, 409):
                return "nothing"
            answer.raise_for_status()
            claimed = Claimed.model_validate(answer.json())
        except (httpx.HTTPError, ValidationError) as error:
            # Whatever was claimed comes back by itself when the lease runs out.
            log.warning("claim_failed", error=type(error).__name__)
            return "nothing"
        with structlog.contextvars.bound_contextvars(
            job=claimed.job_id, kind=claimed.kind, fence=claimed.fence
        ):
            return _work(client, claimed)


def _scratch() -> Path | None:
    """Where large files may lie for a while: beside the lab's data, because /tmp is memory on many machines."""
    data_dir = os.environ.get("GAVEL_DATA_DIR")
    if not data_dir:
        return None
    scratch = Path(data_dir) / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch


def _work(client: httpx.Client, claimed: Claimed) -> str:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gavel-job-", dir=_scratch()) as folder:
        job = JobContext(Path(folder), keep=lambda answers: _keep(client, claimed, job, answers))
        _running.add(job)
        if _leaving.is_set():  # since the claim
            job.interrupt()
        over = threading.Event()
        heart = threading.Thread(target=_beat, args=(claimed, job, over), daemon=True)
        heart.start()
        try:
            path, body = _outcome(claimed, job)
            outcome = _hand_in(client, f"{claimed.job_url}/{path}", {"fence": claimed.fence} | body, job)
        except JobStopped:
            outcome = "stopped"
        finally:
            _running.discard(job)
            over.set()
            job.wake()
            heart.join()
    log.info("job_ended", outcome=outcome, seconds=round(time.monotonic() - started, 2))
    return outcome


def _outcome(claimed: Claimed, job: JobContext) -> tuple[str, dict[str, Any]]:
    """(`complete` or `fail`, its body without the fence)."""
    try:
        handler = HANDLERS.get(claimed.kind)
        if handler is None:
            raise JobFailed(f"This worker does not know jobs of kind {claimed.kind}.", retry=True)
        result = handler(claimed.contract, job)
        return "complete", {"result": result.model_dump(mode="json")}
    except JobFailed as failure:
        log.warning("job_failed", reason=failure.reason, retry=failure.retry)
        return "fail", {"reason": failure.reason, "retry": failure.retry, "counted": failure.counted}
    except JobStopped:
        raise
    except Exception as error:
        log.exception("job_broke")
        reason = f"The lab worker broke ({type(error).__name__})."
        return "fail", {"reason": reason, "retry": True, "counted": True}


def _beat(claimed: Claimed, job: JobContext, over: threading.Event) -> None:
    """Keep the lease until `over`; stop the job when the portal says so, or was silent for as long as a lease."""
    lost_at = time.monotonic() + claimed.lease_seconds
    told = job.latest_progress
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while not over.is_set():
            progress = job.latest_progress
            body = {"fence": claimed.fence, "progress": asdict(progress) if progress else None}
            try:
                answer = client.post(f"{claimed.job_url}/heartbeat", json=body)
                if answer.status_code in (404, 409):
                    job.stop()
                    return
                answer.raise_for_status()
                _hear(job, answer)
                lost_at, told = time.monotonic() + claimed.lease_seconds, progress
            except httpx.HTTPError as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
            if time.monotonic() > lost_at:
                job.stop()
                return
            over.wait(PROGRESS_SECONDS)
            if job.latest_progress is told:
                job.wait_for_change(HEARTBEAT_SECONDS - PROGRESS_SECONDS)


def _hear(job: JobContext, answer: httpx.Response) -> None:
    with suppress(ValueError, AttributeError):
        told = answer.json().get("told")
        job.heard = Heard(told, time.monotonic()) if isinstance(told, dict) else None


def _keep(client: httpx.Client, claimed: Claimed, job: JobContext, answers: list[dict[str, Any]]) -> bool:
    """Called where the job runs. Stops it when it is not ours any more."""
    try:
        answer = client.post(f"{claimed.job_url}/answers", json={"fence": claimed.fence, "answers": answers})
    except httpx.HTTPError as error:
        log.warning("answers_not_sent", error=type(error).__name__)
        return False
    if answer.is_success:
        return True
    if answer.status_code in (404, 409):
        job.stop()
    elif answer.status_code == 422:
        raise JobFailed(f"The portal does not take the answers: {answer.text[:200]}", retry=True)
    else:
        log.warning("answers_not_taken", status=answer.status_code)
    return False


def _hand_in(client: httpx.Client, url: str, body: dict[str, Any], job: JobContext) -> str:
    """Offer the outcome until the portal takes or declines it. Raises JobStopped when it is not ours to give."""
    give_up = time.monotonic() + HAND_IN_SECONDS
    ended = "done" if "result" in body else "failed"
    while True:
        if job.stopped:
            raise JobStopped
        try:
            answer = client.post(url, json=body)
            if answer.status_code in (404, 409):
                raise JobStopped
            if answer.status_code == 422:
                # The portal has counted it as a failed attempt and given the job back.
                log.error("result_refused", answer=answer.text[:500])
                return "failed"
            if answer.status_code == 413 and ended == "done":
                # It would be too large the next time, too.
                reason = "The result is larger than the portal takes: the suite has too many questions for one run."
                url = f"{url.removesuffix('complete')}fail"
                body, ended = {"fence": body["fence"], "reason": reason, "retry": False}, "failed"
                continue
            answer.raise_for_status()
            return ended
        except httpx.HTTPError as error:
            log.warning("hand_in_failed", error=type(error).__name__)
            if time.monotonic() > give_up:
                raise JobStopped from error
            time.sleep(1.0)
