"""Files in and out through signed links. Nothing here looks inside a file."""

import hashlib
import time
from pathlib import Path

import httpx

from workers.lab.job import JobFailed

CHUNK_BYTES = 1 << 20
MAX_SECONDS = 300.0


def download(
    client: httpx.Client, url: str, to: Path, max_bytes: int, seconds: float = MAX_SECONDS
) -> tuple[str, bool]:
    """Fetch `url` into `to`, stopping one byte after `max_bytes`, and giving up after `seconds`.

    Returns the sha256 (hex) of what was kept, and whether it fitted. Raises JobFailed (to be retried) when the store
    does not answer properly: that is never the contestant's fault.
    """
    digest = hashlib.sha256()
    left = max_bytes + 1
    give_up = time.monotonic() + seconds
    try:
        with client.stream("GET", url) as response, to.open("wb") as file:
            response.raise_for_status()
            for chunk in response.iter_bytes(CHUNK_BYTES):
                kept = chunk[:left]
                left -= len(kept)
                digest.update(kept)
                file.write(kept)
                if left == 0:
                    break
                if time.monotonic() > give_up:
                    raise JobFailed("The file store is too slow.", retry=True)
    except httpx.HTTPError as error:
        raise JobFailed(f"A file could not be fetched: {_said(error)}.", retry=True) from error
    return digest.hexdigest(), left > 0


def upload(client: httpx.Client, url: str, source: Path) -> tuple[bytes, int]:
    """PUT `source`; returns (its raw sha256, its size in bytes). Raises JobFailed (to be retried)."""
    size = source.stat().st_size
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        file.seek(0)
        try:
            client.put(url, content=file, headers={"Content-Length": str(size)}).raise_for_status()
        except httpx.HTTPError as error:
            raise JobFailed(f"A file could not be stored: {_said(error)}.", retry=True) from error
    return digest, size


def _said(error: httpx.HTTPError) -> str:
    """The error without its address: a signed link is a permission and does not belong in a log."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__
