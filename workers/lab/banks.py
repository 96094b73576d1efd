"""The files of a suite, fetched through their signed links to where `questions.make_items` looks for them."""

from collections.abc import Mapping
from pathlib import Path

import httpx

from workers.lab.job import JobContext, JobFailed
from workers.lab.transfer import download

MAX_BYTES = 20 << 20


def fetch(files: Mapping[str, str], job: JobContext) -> Path:
    """`files` is sha256 → link. Returns the folder. Raises JobFailed (to be retried)."""
    folder = job.folder / "suite"
    folder.mkdir(exist_ok=True)
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        for sha256, url in files.items():
            job.check()
            found, whole = download(client, url, folder / f"{sha256}.jsonl", MAX_BYTES)
            if not whole or found != sha256:
                raise JobFailed("The questions did not arrive as the suite names them.", retry=True)
    return folder
