"""The job `submissions.verify`: fetch, inspect in a sandbox, store the canonical adapter, report.

This process has links that can write; the process that looks inside the files has nothing but four open descriptors.
"""

import os
import signal
import sys
from hmac import compare_digest
from pathlib import Path

import httpx
from pydantic import ValidationError

from arena.submissions.adapter_config import MAX_CONFIG_BYTES
from arena.submissions.contracts import Check, Refusal, VerifyContract, VerifyResult
from arena.submissions.inspection import CHECKS
from arena.submissions.safetensors import digest_of_hashes
from workers.lab.inspect_child import OVER_LIMIT, Findings, Parameters
from workers.lab.job import Ended, JobContext, JobFailed
from workers.lab.transfer import download, upload

MEMORY_BYTES = 512 << 20
CPU_SECONDS = 10
CPU_BYTES_PER_SECOND = 32 << 20
"""Ten seconds for the parsing, plus one for every 32 MiB of values, which any core reads several times faster."""

STEPS = 4


def run(contract: VerifyContract, job: JobContext) -> VerifyResult:
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        job.progress(0, STEPS, "fetching")
        config, weights = job.folder / "config.in", job.folder / "weights.in"
        download(client, contract.config_url, config, MAX_CONFIG_BYTES)
        digest, whole = download(client, contract.weights_url, weights, contract.max_bytes)
        if whole and not compare_digest(digest, contract.weights_sha256):
            raise JobFailed("The stored weights are not the file that was received.", retry=True)

        job.progress(1, STEPS, "inspecting")
        config_out, weights_out = job.folder / "config.out", job.folder / "weights.out"
        findings = inspect(contract, job, (config, weights, config_out, weights_out))
        if findings.refusal is not None:
            return VerifyResult(verdict="refused", checks=findings.checks, refusal=findings.refusal)

        job.check()
        job.progress(2, STEPS, "storing")
        config_hash, config_size = upload(client, contract.sealed_config_put_url, config_out)
        weights_hash, weights_size = upload(client, contract.sealed_weights_put_url, weights_out)
    job.progress(STEPS, STEPS, "verified")
    return VerifyResult(
        verdict="verified",
        checks=findings.checks,
        digest=digest_of_hashes(config_hash, weights_hash),
        config_sha256=config_hash.hex(),
        weights_sha256=weights_hash.hex(),
        size_bytes=config_size + weights_size,
        rank=findings.rank,
        modules=findings.modules,
        measures=findings.measures,
    )


def inspect(contract: VerifyContract, job: JobContext, files: tuple[Path, Path, Path, Path]) -> Findings:
    """Run the inspection in its sandbox over `(config in, weights in, config out, weights out)`.

    A file that exhausts the limits is refused: nothing honest does. A child that breaks otherwise is our fault, and the
    job is retried.
    """
    cpu_seconds = CPU_SECONDS + contract.max_bytes // CPU_BYTES_PER_SECOND
    lines: list[bytes] = []
    config_in, weights_in, config_out, weights_out = files
    with (
        config_in.open("rb") as a,
        weights_in.open("rb") as b,
        config_out.open("wb") as c,
        weights_out.open("wb") as d,
    ):
        asked = Parameters(
            base_model=contract.base_model,
            max_rank=contract.max_rank,
            max_bytes=contract.max_bytes,
            config_in=a.fileno(),
            weights_in=b.fileno(),
            config_out=c.fileno(),
            weights_out=d.fileno(),
            memory_bytes=MEMORY_BYTES,
            cpu_seconds=cpu_seconds,
            parent=os.getpid(),
        )
        ended = job.run_child(
            [sys.executable, "-I", "-m", "workers.lab.inspect_child", asked.model_dump_json()],
            timeout=4.0 * cpu_seconds,
            on_line=lines.append,
            # One thread: a pool of them would not fit into the memory limit, nor be allowed. No plugins: looking for
            # them takes a third of the start.
            environment={
                "LC_ALL": "C.UTF-8",
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
                "PYDANTIC_DISABLE_PLUGINS": "1",
            },
            pass_fds=(a.fileno(), b.fileno(), c.fileno(), d.fileno()),
            stderr=job.folder / "inspect.log",
        )
    if _over_limit(ended):
        return _refused_for_limits()
    try:
        (line,) = lines
        return Findings.model_validate_json(line)
    except (ValueError, ValidationError) as error:
        raise JobFailed(f"The inspection broke (exit {ended.code}).", retry=True) from error


def _over_limit(ended: Ended) -> bool:
    return ended.timed_out or ended.code in (OVER_LIMIT, -signal.SIGXCPU, -signal.SIGXFSZ)


def _refused_for_limits() -> Findings:
    refusal = Refusal(
        code="artifact.inspection_limit",
        message="The files could not be inspected within the limits of memory and time.",
    )
    first = Check(
        code=CHECKS[0], status="refused", detail={"problems": [refusal.model_dump() | {"detail": {}}]}
    )
    return Findings(
        checks=[first, *(Check(code=code, status="pending") for code in CHECKS[1:])], refusal=refusal
    )
