"""The job `exports.make`: an adapter is merged, quantised and measured against itself, a process for each step."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import structlog

from arena.benchmarks.contracts import BenchmarkContract
from arena.exports.contracts import (
    NO_ENVIRONMENT,
    Calibrated,
    ExportContract,
    ExportJob,
    ExportRecord,
    ExportResult,
    Measured,
)
from arena.kit.celery import QUANTISE
from arena.kit.launch import launcher
from arena.shows.base_models import BASE_MODELS
from arena.submissions.contracts import Refusal
from workers.lab import banks, base_weights
from workers.lab.export import environment
from workers.lab.export.child import MERGED, MODEL
from workers.lab.job import JobContext, JobFailed
from workers.lab.lanes import lane_widths
from workers.lab.loading import fetch_adapter, last_line, offline
from workers.lab.scorer import scorer_digest
from workers.lab.secluded import secluded
from workers.lab.transfer import download, upload

CHILD = "workers.lab.export.child"
NICE = 10
STEP_SECONDS = 12 * 3600.0
"""A step that takes longer is stuck: GPTQ on a large model without a GPU is a matter of hours."""
STEPS = ("merge", "quantise", "original", "exported")

log = structlog.get_logger()


def run(contract: ExportContract, job: JobContext) -> ExportResult:
    python = Path(sys.executable)
    if contract.scheme != "bf16":
        found = environment.here()
        if found is None:
            return ExportResult(
                ended="refused",
                refusal=Refusal(
                    code=NO_ENVIRONMENT,
                    message="This site cannot quantise: the machine that exports has no environment for it. Its "
                    f"operator builds it there with `{environment.COMMAND}`; merging alone (bf16) needs none.",
                ),
            )
        python = found.python
    return _Making(contract, job, python).result()


class _Making:
    """One attempt at an export: its files, its steps, and what came of them."""

    def __init__(self, contract: ExportContract, job: JobContext, python: Path) -> None:
        self._contract, self._job, self._python = contract, job, python
        self._seconds: dict[str, float] = {}
        try:
            self._rows = environment.rows()
        except ValueError as error:
            raise JobFailed(str(error), retry=False) from error

    def result(self) -> ExportResult:
        self._fetch()
        merged = self._step("merge", Path(sys.executable))
        libraries, size = merged["libraries"], merged["bytes"]
        if self._contract.scheme != "bf16":
            quantised = self._step("quantise", self._python)
            libraries, size = libraries | quantised["libraries"], quantised["bytes"]
            shutil.rmtree(self._job.folder / MERGED)
        original, exported = (self._step(step, self._python) for step in ("original", "exported"))
        calibration = merged["calibration"]
        record = ExportRecord(
            original_bytes=merged["bytes"],
            bytes=size,
            calibration=Calibrated.model_validate(calibration) if calibration else None,
            libraries=libraries,
            machine=merged["machine"],
            scorer_digest=scorer_digest(),
            seconds=self._seconds,
        )
        measured = [
            Measured(
                suite=asked.suite.id, original=original[asked.suite.id], exported=exported[asked.suite.id]
            )
            for asked in self._contract.asked
        ]
        return ExportResult(ended="done", record=record, measured=measured, files=self._upload())

    def _fetch(self) -> None:
        """Everything that the steps open, on this machine's disk."""
        contract, job = self._contract, self._job
        job.progress(0, 0, "base_model")
        model = base_weights.fetch(
            contract.base_model, contract.base_digest, contract.engine_url, contract.engine_token, job
        )
        fetch_adapter(contract.adapter, job.folder / "adapter")
        data = None
        if contract.data is not None:
            data, file = job.folder / "data.jsonl", contract.data.file
            with httpx.Client(timeout=30.0, trust_env=False) as client:
                digest, whole = download(client, file.url, data, file.max_bytes)
            if not whole or digest != file.sha256:
                raise JobFailed("The data set did not arrive as it was sealed.", retry=True)
        for asked in contract.asked:
            banks.fetch(asked.files, job)
        asked_job = ExportJob(
            scheme=contract.scheme,
            base_model=contract.base_model,
            base_digest=contract.base_digest,
            model_dir=str(model.absolute()),
            adapter_digest=contract.adapter.digest,
            data=str(data) if data else None,
            form=contract.data.form if contract.data else None,
            rows=self._rows,
            asked=[
                BenchmarkContract(
                    run_id=contract.export_id,
                    suite=asked.suite,
                    items=asked.items,
                    engine_url="",
                    engine_token="",
                    model=contract.scheme,
                    base_model=contract.base_model,
                    template=BASE_MODELS[contract.base_model].template,
                    seed=asked.suite.sampling_seed,
                    concurrency=1,
                )
                for asked in contract.asked
            ],
        )
        (job.folder / "job.json").write_text(asked_job.model_dump_json())
        (job.folder / "code").mkdir()

    def _step(self, step: str, python: Path) -> dict[str, Any]:
        folder, began = self._job.folder, time.monotonic()
        self._job.progress(0, 0, step)

        def hear(line: bytes) -> None:
            told = json.loads(line)
            self._job.progress(int(told["done"]), int(told["total"]), step)

        errors = folder / f"{step}.log"
        ended = self._job.run_child(
            [
                *secluded(NICE),
                *launcher(signal.SIGKILL),
                *environment.command(python, CHILD, folder / "code"),
                step,
                str(folder),
            ],
            timeout=STEP_SECONDS,
            on_line=hear,
            environment=_environment(folder),
            stderr=errors,
        )
        if ended.timed_out:
            raise JobFailed(f"The step {step} took too long.", retry=False)
        if ended.code != 0:
            tail = errors.read_text(errors="replace")[-4000:]
            log.warning("export_broke", step=step, code=ended.code, log=tail)
            raise JobFailed(f"The step {step} broke (exit {ended.code}): {last_line(tail)}", retry=True)
        self._seconds[step] = round(time.monotonic() - began, 1)
        found: dict[str, Any] = json.loads((folder / f"{step}.json").read_bytes())
        return found

    def _upload(self) -> dict[str, tuple[str, int]]:
        self._job.progress(0, 0, "upload")
        files = {}
        with httpx.Client(timeout=60.0, trust_env=False) as client:
            for file in self._contract.files:
                path = self._job.folder / MODEL / file.name
                if not path.is_file():
                    continue  # not every base has every file
                if path.stat().st_size > file.max_bytes:
                    raise JobFailed(
                        f"{file.name} has {path.stat().st_size} bytes; this site takes {file.max_bytes}.",
                        retry=False,
                    )
                self._job.check()
                digest, size = upload(client, file.put_url, path)
                files[file.name] = (digest.hex(), size)
        return files


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the lab's but where the GPUs are."""
    devices = {
        name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH") if name in os.environ
    }
    threads = max(1, len(os.sched_getaffinity(0)) // max(1, lane_widths(os.environ)[QUANTISE]))
    return offline(folder) | devices | {"OMP_NUM_THREADS": str(threads)}
