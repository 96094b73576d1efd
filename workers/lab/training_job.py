"""The job `training.run`: a child trains, and this supervises it.

What the child says goes to the portal in a thread of its own, so a step never waits for a network: points in batches,
and each checkpoint to the store, in turn to one slot and the next, before the portal is told of it. Whatever dies, the
next attempt goes on from the checkpoint that was told last.

A race whose clock has run out enters the last good checkpoint: if the child did not get that far itself, another one is
started on that checkpoint with no step left to make.
"""

import errno
import os
import re
from pathlib import Path

import httpx
import structlog

from arena.kit.celery import TRAIN
from arena.submissions.contracts import Refusal
from arena.training.contracts import (
    CHECKPOINT_FILE,
    CheckpointWritten,
    Refused,
    Resume,
    TrainContract,
    Trained,
    TrainJob,
    TrainResult,
)
from arena.training.faults import CODES, DISK_FULL
from workers.lab import base_weights
from workers.lab.job import Ended, JobContext, JobFailed
from workers.lab.lanes import lane_widths
from workers.lab.loading import fetch_adapter, last_line
from workers.lab.train import launch
from workers.lab.train.outgoing import Outgoing
from workers.lab.train.supervision import Child
from workers.lab.transfer import download, upload

_RANKS_ERROR = re.compile(r"^\[rank\d+\]: [A-Za-z_.]+(Error|Exception).*", re.MULTILINE)
NO_SPACE = "The lab's disk is full. The run goes on from its last checkpoint."

log = structlog.get_logger()


def run(contract: TrainContract, job: JobContext) -> TrainResult:
    lacking = launch.missing(contract.spec)
    if lacking is not None:
        return _refused("training.profile_unavailable", lacking, profile=contract.spec.profile)
    try:
        return _Run(contract, job).result()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise JobFailed(NO_SPACE, retry=True) from error


class _Run:
    """One attempt at a run: its files, its children, and what came of them."""

    def __init__(self, contract: TrainContract, job: JobContext) -> None:
        self._contract, self._job = contract, job
        self._log = job.folder / "training.log"
        self._asked = _fetched(contract, job)
        self._outgoing = Outgoing(job, contract.checkpoint_puts)

    def result(self) -> TrainResult:
        self._outgoing.start()
        try:
            child = Child(self._asked, self._contract.race, self._job, self._outgoing)
            ended = child.run(self._log)
            if child.ran_over and not self._job.interrupted:
                child, ended = self._on_the_last_checkpoint(child)
        finally:
            self._outgoing.close()
        return self._judged(child, ended)

    def _on_the_last_checkpoint(self, late: Child) -> tuple[Child, Ended]:
        """Whoever ran over the end of a race comes in with the last step that is safe."""
        self._job.check()
        resume = self._contract.resume
        last: CheckpointWritten | Resume
        if late.written is not None:
            folder, last = late.written.folder, late.written
        elif self._asked.resume_dir is not None and resume is not None:
            folder, last = self._asked.resume_dir, resume
        else:
            raise JobFailed("The race was over before the run had a checkpoint.", retry=False)
        log.warning("race_overrun", step=last.step)
        asked = self._asked.model_copy(
            update={
                "budget": self._asked.budget.model_copy(update={"steps": last.step}),
                "resume_dir": folder,
                "tokens": last.tokens,
                "seconds": last.seconds,
                "go_file": None,
                "out": str(_made(self._job.folder / "out-of-the-last")),
            }
        )
        child = Child(asked, False, self._job, self._outgoing, finishes=True)
        return child, child.run(self._log)

    def _judged(self, child: Child, ended: Ended) -> TrainResult:
        if isinstance(child.last, Refused):
            return TrainResult(ended="refused", refusal=child.last.refusal, detail=child.last.detail)
        if child.out_of_memory:
            limit = self._contract.budget.memory_bytes
            return _refused(
                "training.out_of_memory",
                f"The run held {child.peak / 2**30:.2f} GiB; its budget is {limit / 2**30:.2f} GiB. "
                "Smaller batches or shorter rows need less.",
                peak_bytes=child.peak,
                limit_bytes=limit,
                hint="batch_size",
            )
        if child.came_to_an_end:
            return self._done(child)
        if ended.code == DISK_FULL:
            raise JobFailed(NO_SPACE, retry=True)
        if self._job.interrupted:
            self._job.check()
        if "pause" in child.asked_to_end:
            if self._outgoing.lost:
                raise JobFailed("The checkpoint for the pause could not be stored.", retry=True)
            return TrainResult(ended="paused")
        tail = self._log.read_text(errors="replace")[-8000:]
        log.warning("training_broke", code=ended.code, log=tail)
        if child.stuck:
            raise JobFailed("The training process said nothing for too long.", retry=True)
        raise JobFailed(f"The training process broke (exit {ended.code}): {_last_words(tail)}", retry=True)

    def _done(self, child: Child) -> TrainResult:
        assert isinstance(child.last, Trained)
        files = {}
        with httpx.Client(timeout=30.0, trust_env=False) as client:
            for file in self._contract.adapter:
                path = child.out / "adapter" / file.name
                if not path.is_file() or not 0 < path.stat().st_size <= file.max_bytes:
                    raise JobFailed(f"The run ended without a proper {file.name}.", retry=True)
                digest, size = upload(client, file.put_url, path)
                files[file.name] = (digest.hex(), size)
        stopped = "clock" if child.finishes else child.last.stopped
        return TrainResult(ended="done", stopped=stopped, record=child.last.record, files=files)


def _fetched(contract: TrainContract, job: JobContext) -> TrainJob:
    """Everything that the child opens, on this machine's disk."""
    job.progress(0, contract.budget.steps, "base_model")
    model = base_weights.fetch(
        contract.base_model, contract.base_digest, contract.engine_url, contract.engine_token, job
    )
    job.progress(0, contract.budget.steps, "data")
    data = job.folder / "data.jsonl"
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        digest, whole = download(client, contract.data.url, data, contract.data.max_bytes)
        if not whole or digest != contract.data.sha256:
            raise JobFailed("The data set did not arrive as it was sealed.", retry=True)
        resume = None
        if contract.resume is not None:
            resume = _made(job.folder / "resume")
            checkpoint = resume / CHECKPOINT_FILE
            digest, whole = download(client, contract.resume.url, checkpoint, contract.resume.max_bytes)
            if not whole or digest != contract.resume.sha256:
                raise JobFailed("The checkpoint did not arrive as it was written.", retry=True)
    parent = fetch_adapter(contract.parent, job.folder / "parent") if contract.parent else None
    return TrainJob(
        spec=contract.spec,
        budget=contract.budget,
        dtype=contract.dtype,
        max_rank=contract.max_rank,
        base_model=contract.base_model,
        model_dir=str(model.absolute()),
        data=str(data),
        parent_dir=str(parent) if parent else None,
        resume_dir=str(resume) if resume else None,
        out=str(_made(job.folder / "out")),
        go_file=str(job.folder / "go.json") if contract.race else None,
        tokens=contract.resume.tokens if contract.resume else 0,
        seconds=contract.resume.seconds if contract.resume else 0.0,
        threads=_threads(contract.spec.processes),
    )


def _threads(processes: int) -> int:
    """An even share of the processors for each lane, and in it for each process."""
    lanes = lane_widths(os.environ)[TRAIN]
    return max(1, len(os.sched_getaffinity(0)) // lanes // processes)


def _last_words(log: str) -> str:
    """Of several processes those of the one that broke first: the others miss it, and torchrun only counts them."""
    first = _RANKS_ERROR.search(log)
    return first[0][:300] if first else last_line(log)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _refused(code: str, message: str, **detail: str | int) -> TrainResult:
    assert code in CODES, code
    return TrainResult(ended="refused", refusal=Refusal(code=code, message=message), detail=detail)
