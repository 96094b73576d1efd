"""Adapters on a node's disk: fetched by link, checked against their digest, kept read-only under that digest for ever.

The engine maps these files into memory and reads them again when it has evicted an adapter. A file that changed or went
away would kill it in the middle of a duel, so nothing here is ever rewritten.
"""

import asyncio
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import httpx

from arena.kit.errors import Invalid
from arena.shows.base_models import BaseModel
from arena.submissions.refusals import AdapterRefused
from arena.submissions.safetensors import adapter_digest, digest_of_hashes, read_header
from workers.pool.protocol import EngineFault

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
MAX_WEIGHTS_BYTES = 256 * 2**20
MAX_CONFIG_BYTES = 64 * 2**10


class AdapterStore:
    def __init__(self, root: Path, base: BaseModel) -> None:
        self.root = root / "sha256"
        self._base = base

    def path(self, digest: str) -> Path:
        return self.root / digest

    async def fetch(self, digest: str, weights_url: str, config_url: str, http: httpx.AsyncClient) -> Path:
        """The adapter's directory; downloads it unless it is there and whole.

        Raises Invalid when the files are not what the digest says or do not fit the base model, EngineFault when the
        links cannot be read.
        """
        if await asyncio.to_thread(self._is_whole, digest):
            return self.path(digest)
        self.root.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self.root))
        try:
            config = await _download(http, config_url, partial / CONFIG, MAX_CONFIG_BYTES)
            weights = await _download(http, weights_url, partial / WEIGHTS, MAX_WEIGHTS_BYTES)
            found = digest_of_hashes(config, weights)
            if found != digest:
                raise Invalid("engine.digest_mismatch", f"the files have digest {found}, not {digest}")
            await asyncio.to_thread(self._check_fits, partial)
            self._publish(partial, digest)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return self.path(digest)

    def put(self, config: bytes, weights: bytes) -> str:
        """Keep an adapter made here (the identity adapter); returns its digest."""
        digest = adapter_digest(config, weights)
        if not self._is_whole(digest):
            self.root.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix="partial-", dir=self.root))
            try:
                (partial / CONFIG).write_bytes(config)
                (partial / WEIGHTS).write_bytes(weights)
                self._publish(partial, digest)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return digest

    def _publish(self, partial: Path, digest: str) -> None:
        target = self.path(digest)
        for name in (WEIGHTS, CONFIG):
            (partial / name).chmod(0o444)
        if (
            target.exists()
        ):  # damaged, or `_is_whole` would have found it; move it out of the way, never write into it
            target.chmod(0o755)
            target.rename(Path(tempfile.mkdtemp(prefix="damaged-", dir=self.root)) / digest)
        partial.chmod(0o755)
        partial.rename(target)
        target.chmod(0o555)

    def _is_whole(self, digest: str) -> bool:
        try:
            hashes = [_sha256(self.path(digest) / name) for name in (CONFIG, WEIGHTS)]
        except FileNotFoundError:
            return False
        return digest_of_hashes(*hashes) == digest

    def _check_fits(self, directory: Path) -> None:
        """vLLM copies a tensor that is too small without a word, and evicts a good adapter before refusing one that is
        too large: neither may reach it."""
        try:
            rank = int(json.loads((directory / CONFIG).read_bytes())["r"])
            with (directory / WEIGHTS).open("rb") as file:
                entries = read_header(file, (directory / WEIGHTS).stat().st_size)
        except (AdapterRefused, ValueError, KeyError, TypeError) as error:
            raise Invalid(
                "engine.not_an_adapter", f"the files are not a canonical adapter: {error}"
            ) from error
        if not 1 <= rank <= self._base.max_rank:
            raise Invalid("engine.rank", f"rank {rank} is not in 1..{self._base.max_rank}")
        modules = self._base.tensor_names()
        for entry in entries:
            module, _, part = entry.name.removesuffix(".weight").rpartition(".")
            width_in, width_out = modules.get(module, (0, 0))
            wanted = (rank, width_in) if part == "lora_A" else (width_out, rank)
            if module not in modules or entry.shape != wanted:
                raise Invalid(
                    "engine.misfit", f"{entry.name} {list(entry.shape)} does not fit {self._base.id}"
                )


def _sha256(path: Path) -> bytes:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").digest()


async def _download(http: httpx.AsyncClient, url: str, target: Path, limit: int) -> bytes:
    """sha256 of what was written to `target`."""
    digest, size = hashlib.sha256(), 0
    try:
        async with http.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise EngineFault(
                    "engine.download", f"the link to {target.name} answered {answer.status_code}"
                )
            with target.open("wb") as file:
                async for chunk in answer.aiter_bytes():
                    size += len(chunk)
                    if size > limit:
                        raise Invalid("engine.too_large", f"{target.name} is larger than {limit} bytes")
                    digest.update(chunk)
                    file.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EngineFault("engine.download", f"{target.name} could not be downloaded: {error!r}") from error
    except OSError as error:
        raise EngineFault("engine.disk", f"{target.name} could not be written: {error}") from error
    return digest.digest()
