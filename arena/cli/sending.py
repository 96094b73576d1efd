"""Sending the files of a version to a site: announced with their hashes, then appended to until they are there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from arena.cli.finding import Files
from arena.cli.site import Refused, SiteClient
from arena.shows.rules import Artifact

CHUNK_BYTES = 1 << 18
PAUSES = (0.5, 1, 2, 4, 8, 15, 30)
"""Seconds between tries while nothing gets through; any progress begins anew."""

Tell = Callable[[int, int], None]
"""Called with (bytes that are there, bytes in all)."""


async def send_files(
    site: SiteClient,
    entry_id: str,
    artifact: Artifact,
    files: Files,
    tell: Tell,
    licence: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Send a version and return the submission. Called again after a crash, it goes on where the last one ended.

    Raises Refused with the site's reason, ConnectionError when the line stays dead.
    """
    announced = await asyncio.to_thread(lambda: [_described(name, path) for name, path in files.items()])
    submission: dict[str, Any] = await site.post(
        f"/entries/{entry_id}/submissions", {"artifact": artifact, "files": announced, "licence": licence}
    )
    there = {upload["name"]: upload["received"] for upload in submission["uploads"]}
    total = sum(file["size"] for file in announced)
    for upload in submission["uploads"]:

        def progress(received: int, name: str = upload["name"]) -> None:
            there[name] = received
            tell(sum(there.values()), total)

        await _send(site, upload, files[upload["name"]], progress)
    return submission


def _described(name: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"name": name, "size": path.stat().st_size, "sha256": digest}


async def _send(
    site: SiteClient, upload: dict[str, Any], path: Path, progress: Callable[[int], None]
) -> None:
    received, size = upload["received"], upload["size"]
    failures = 0
    while received < size:
        before = received
        try:
            received = await site.append(upload["id"], received, size, _chunks(path, received, progress))
        except httpx.TransportError as error:
            if failures == len(PAUSES):
                raise ConnectionError(f"{path.name}: the line is dead ({type(error).__name__})") from error
            await asyncio.sleep(PAUSES[failures])
            failures += 1
            try:
                received = await site.received(upload["id"])
            except httpx.TransportError:
                continue
        except Refused as refusal:
            # The answer to a request that got through was lost, or an older request of ours was still being read.
            if refusal.code not in ("upload.offset_mismatch", "upload.taken_over", "upload.closed"):
                raise
            received = await site.received(upload["id"])
        if received > before:
            failures = 0
        progress(received)


async def _chunks(path: Path, begin: int, progress: Callable[[int], None]) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.seek(begin)
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
            begin += len(chunk)
            progress(begin)
