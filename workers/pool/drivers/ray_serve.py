"""Ray Serve LLM by its address. An adapter is `base:name` there, and is loaded by the first request that names it.

It reads adapters from a bucket (`dynamic_lora_loading_path`): this driver puts the canonical files there and then asks
for one token. Nothing is ever unloaded or rewritten. Replicas come and go, each with its own adapters, and tokens
arrive in batches of some milliseconds: two sides cannot be kept on one replica alone, and what is measured here is no
speed.
"""

import asyncio
from pathlib import Path
from urllib.parse import quote, unquote, urlparse

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from arena.nodes.capabilities import Driver, EngineCaps
from workers.pool.adapter_store import CONFIG, WEIGHTS
from workers.pool.drivers.remote import PATIENCE, Patience, RemoteEngine, Upstream
from workers.pool.protocol import EngineFault, NotReady

SCHEMES = ("s3", "gs", "azure", "abfss", "file")
"""What Ray takes, and a folder that a bucket is mounted on."""

CAPS = EngineCaps(
    dynamic_lora=True,
    token_ids=True,
    logprobs=True,
    echo=True,
    prompt_ids=True,
    seed=True,
    cache_salt=True,
    fixed_length=True,
    repetition_penalty=True,
)
"""vLLM's, whose request and answer it hands through; never one replica, and not ours to start."""


def open_store(url: str) -> ObjectStore:
    """Credentials come from the environment (`AWS_…`, `GOOGLE_…`, `AZURE_…`). Raises ValueError."""
    parsed = urlparse(url)
    if parsed.scheme not in SCHEMES or not (parsed.netloc or parsed.scheme == "file"):
        raise ValueError(f"{url!r} is not the address of a bucket; it begins with {', '.join(SCHEMES)}")
    if parsed.scheme == "file":
        folder = Path(unquote(parsed.path))
        if not folder.is_absolute() or not folder.is_dir():
            raise ValueError(f"{url!r} is not an existing folder")
        return LocalStore(folder)
    try:
        return from_url(url)
    except BaseError as error:
        raise ValueError(f"{url!r} cannot be opened: {error}") from error


class RayServeEngine(RemoteEngine):
    driver: Driver = "ray-serve"

    def __init__(
        self,
        upstream: Upstream,
        *,
        base: str,
        lora_path: str,
        tokenizer_dir: Path,
        max_rank: int,
        max_loras: int,
        patience: Patience = PATIENCE,
    ) -> None:
        """`base` is Ray's `model_id`. Raises ValueError for what Ray could not take either."""
        super().__init__(
            upstream, tokenizer_dir=tokenizer_dir, max_rank=max_rank, max_loras=max_loras, patience=patience
        )
        if not base or ":" in base:
            raise ValueError(f"{base!r} cannot be a model_id: Ray reads what follows a colon as an adapter")
        self.caps = CAPS
        self._base, self._store = base, open_store(lora_path)

    async def _look(self) -> None:
        # Not the list of models: for that Ray reads the folder of each adapter.
        try:
            await self._json("GET", f"/v1/models/{quote(self._base)}")
        except EngineFault as fault:
            if fault.detail.get("status") == 404:
                raise EngineFault(
                    "engine.no_model",
                    f"{self.upstream.host} serves no model_id {self._base!r}: see its model_loading_config, and "
                    "--upstream-model",
                ) from fault
            raise

    async def load(self, name: str, directory: Path) -> None:
        await self._publish(name, directory)
        model = f"{self._base}:{name}"
        try:
            await self._ask(model)
        except (EngineFault, NotReady) as fault:
            raise EngineFault(
                "engine.load_refused",
                f"the files are under {name}/, but {model} does not answer: {fault.message}; "
                "does its dynamic_lora_loading_path name the same bucket as --lora-path?",
            ) from fault
        self._models[name] = model

    async def _publish(self, name: str, directory: Path) -> None:
        """The configuration last: Ray asks for it first, and remembers for half a minute that it is missing."""
        try:
            for part in (WEIGHTS, CONFIG):
                body = await asyncio.to_thread((directory / part).read_bytes)
                if not await self._is_there(f"{name}/{part}", body):
                    await obstore.put_async(self._store, f"{name}/{part}", body)
        except (BaseError, OSError) as error:
            raise EngineFault(
                "engine.publish", f"the adapter could not be written to --lora-path: {error}"
            ) from error

    async def _is_there(self, key: str, body: bytes) -> bool:
        """Under a name that is a hash, an object of this size is this one: a store shows no half object."""
        try:
            return int((await obstore.head_async(self._store, key))["size"]) == len(body)
        except (NotFoundError, FileNotFoundError):
            return False
