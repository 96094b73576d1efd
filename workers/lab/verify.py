"""The job `submissions.verify`: fetch, inspect in a sandbox, store the canonical form, report.

This process has links that can write; the process that looks inside the files has nothing but open descriptors.
"""

from hmac import compare_digest
from pathlib import Path

import httpx

from arena.shows.rules import Artifact
from arena.submissions import inspection, model, prompt
from arena.submissions.contracts import FileIn, VerifyContract, VerifyResult
from arena.submissions.safetensors import digest_of_hashes
from workers.lab import dataset
from workers.lab.job import JobContext, JobFailed
from workers.lab.sandbox import Inspection, inspect
from workers.lab.transfer import download, upload

INSPECTIONS: dict[Artifact, Inspection] = {
    "adapter": Inspection("workers.lab.inspect_adapter", inspection.CHECKS),
    "dataset": dataset.INSPECTION,
    "model": Inspection("workers.lab.inspect_model", model.CHECKS),
    "prompt": Inspection("workers.lab.inspect_prompt", prompt.CHECKS),
}

STEPS = 4


def run(contract: VerifyContract, job: JobContext) -> VerifyResult:
    how = INSPECTIONS.get(contract.artifact)
    if how is None:
        raise JobFailed(f"This worker does not know how to inspect a {contract.artifact}.", retry=True)
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        job.progress(0, STEPS, "fetching")
        sources = {file.name: _fetch(client, file, job) for file in contract.files}

        outs = list(contract.canonical)
        if contract.judged_by is not None:
            sources |= dataset.judges(client, contract.judged_by, job)
            outs.append(contract.judged_by.cleaned)

        job.progress(1, STEPS, "inspecting")
        targets = {file.name: _folder(job, "out") / file.name for file in outs}
        findings = inspect(how, contract, job, sources, targets)
        if contract.judged_by is not None:
            dataset.store_cleaned(client, contract.judged_by, findings.report, targets)
        if findings.refusal is not None:
            return VerifyResult(
                verdict="refused",
                checks=findings.checks,
                refusal=findings.refusal,
                report=findings.report,
            )

        job.check()
        job.progress(2, STEPS, "storing")
        stored = [upload(client, file.put_url, targets[file.name]) for file in contract.canonical]
    job.progress(STEPS, STEPS, "verified")
    return VerifyResult(
        verdict="verified",
        checks=findings.checks,
        digest=digest_of_hashes(*(digest for digest, _ in stored)),
        size_bytes=sum(size for _, size in stored),
        rank=findings.rank,
        modules=findings.modules,
        measures=findings.measures,
        report=findings.report,
    )


def _folder(job: JobContext, name: str) -> Path:
    folder = job.folder / name
    folder.mkdir(exist_ok=True)
    return folder


def _fetch(client: httpx.Client, file: FileIn, job: JobContext) -> Path:
    """One byte more than is allowed is kept of a file that is too large: the inspection says so in its checklist."""
    path = _folder(job, "in") / file.name
    digest, whole = download(client, file.url, path, file.max_bytes)
    if whole and not compare_digest(digest, file.sha256):
        raise JobFailed(f"The stored {file.name} is not the file that was received.", retry=True)
    return path
