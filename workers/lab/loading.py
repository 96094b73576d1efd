"""What a job on a leased engine begins with: its adapter loaded, and the engine's own tokenizer at hand."""

import asyncio
from pathlib import Path

import httpx

from arena.submissions.adapter_config import MAX_CONFIG_BYTES
from arena.submissions.contracts import AdapterRef
from workers.lab.job import JobContext, JobFailed
from workers.lab.transfer import download
from workers.pool.client import EngineClient, EngineError
from workers.pool.protocol import TOKENIZER_FILES, AdapterAnswer

MAX_TOKENIZER_BYTES = 64 << 20
MAX_ADAPTER_BYTES = 4 << 30
"""More than any sealed adapter has; the gate has looked at the track's limit."""
LOOK_SECONDS = 0.2
"""How often a load, which can take minutes, is looked at for whether the job is over."""


def load_adapter(url: str, token: str, adapter: AdapterRef, job: JobContext) -> AdapterAnswer:
    """Have the adapter on the engine; returns how it answers the probe prompts there. Raises as `JobContext.check`."""

    async def ensure() -> AdapterAnswer:
        async with EngineClient(url, token) as engine:
            loading = asyncio.create_task(
                engine.ensure_adapter(adapter.digest, adapter.weights_url, adapter.config_url)
            )
            try:
                while not (await asyncio.wait({loading}, timeout=LOOK_SECONDS))[0]:
                    job.check()
                return await loading
            finally:
                loading.cancel()

    try:
        loaded = asyncio.run(ensure())
    except EngineError as error:
        raise JobFailed(f"The engine could not load the adapter: {error}", retry=True) from error
    if loaded.name != adapter.name:
        raise JobFailed("The engine serves the adapter under another name than agreed.", retry=False)
    return loaded


def fetch_adapter(adapter: AdapterRef, folder: Path) -> Path:
    """A sealed adapter as PEFT reads it, in a folder that is made for it."""
    folder.mkdir()
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        download(client, adapter.config_url, folder / "adapter_config.json", MAX_CONFIG_BYTES)
        download(client, adapter.weights_url, folder / "adapter_model.safetensors", MAX_ADAPTER_BYTES)
    return folder


def fetch_tokenizer(url: str, token: str, folder: Path) -> None:
    """The engine's own tokenizer: measuring with another one would measure something else."""
    folder.mkdir()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30.0, trust_env=False) as client:
        for name in TOKENIZER_FILES:
            _, whole = download(client, f"/tokenizer/{name}", folder / name, MAX_TOKENIZER_BYTES)
            if not whole:
                raise JobFailed("The engine's tokenizer is larger than any tokenizer.", retry=False)


def offline(folder: Path) -> dict[str, str]:
    """The environment of a child that uses model libraries: nothing of ours, and nothing asked of a hub."""
    hubs = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE"), "1")
    folders = dict.fromkeys(("HOME", "HF_HOME", "TMPDIR"), str(folder))
    return {
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "TOKENIZERS_PARALLELISM": "false",
        **hubs,
        **folders,
    }


def last_line(text: str) -> str:
    """Of a child's standard error: mostly the one that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
