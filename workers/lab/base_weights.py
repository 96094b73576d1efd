"""The prepared base model on the lab's own disk: the very files that the leased node serves, by digest.

On one machine the engine has put them there already; elsewhere they are fetched from the node, once.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import httpx

from workers.lab.job import JobContext, JobFailed
from workers.lab.transfer import download
from workers.pool.model_store import HOMES, MANIFEST, Manifest, ModelDamaged, check_model, hold, read_manifest

MAX_MANIFEST_BYTES = 1 << 20
BYTES_PER_SECOND = 8 << 20
"""A node that gives less is too slow to be waited for."""


def fetch(base_model: str, digest: str, engine_url: str, engine_token: str, job: JobContext) -> Path:
    """The folder of the base model with these weights (`digest`, hex). Raises JobFailed, and as `JobContext.check`."""
    data_dir = Path(os.environ.get("GAVEL_DATA_DIR", ".gavel"))
    fetched = data_dir / "models" / f"{base_model}-{digest[:16]}"
    for folder in (*(data_dir / home / base_model for home in HOMES), fetched):
        with suppress(ModelDamaged):
            if check_model(folder).base_digest == digest:
                hold(folder).close()  # says when it was used
                return folder
    shutil.rmtree(fetched, ignore_errors=True)  # what is left of an earlier one
    return _download(fetched, digest, engine_url, engine_token, job)


def _download(folder: Path, digest: str, engine_url: str, engine_token: str, job: JobContext) -> Path:
    headers = {"Authorization": f"Bearer {engine_token}"}
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with httpx.Client(base_url=engine_url, headers=headers, timeout=30.0, trust_env=False) as client:
            download(client, f"/model/{MANIFEST}", unfinished / MANIFEST, MAX_MANIFEST_BYTES)
            listed = _manifest(unfinished, digest)
            total = sum(size for size, _ in listed.files.values()) >> 20
            done = 0
            for name, (size, _) in listed.files.items():
                job.check()
                job.progress(done, total, "base_model")
                seconds = 60.0 + size / BYTES_PER_SECOND
                download(client, f"/model/{name}", unfinished / name, size, seconds)
                done += size >> 20
        check_model(unfinished, full=True)
        unfinished.rename(folder)
    except ModelDamaged as damage:
        raise JobFailed(f"The base model did not arrive whole: {damage}", retry=True) from damage
    except OSError as error:
        raise JobFailed(f"The base model could not be kept: {error}", retry=True) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _manifest(folder: Path, digest: str) -> Manifest:
    """Names come from another machine: they are file names, not paths. Raises ModelDamaged."""
    listed = read_manifest(folder)
    if any(Path(name).name != name or name == MANIFEST for name in listed.files):
        raise ModelDamaged("the manifest names something that is no file of a model")
    if listed.base_digest != digest:
        raise ModelDamaged("the node gives other weights than it serves")
    return listed
