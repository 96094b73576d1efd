"""The read-only store of canonical files: what passed is put under its own hash, once, and stays."""

from collections.abc import Sequence
from uuid import UUID

from arena.kit.errors import Conflict
from arena.kit.site import Site
from arena.submissions.artifacts import (
    CONFIG,
    DATA_CLEANED,
    DATA_JSONL,
    MODEL_CONFIG,
    MODEL_WEIGHTS,
    PROMPT,
    WEIGHTS,
)
from arena.submissions.safetensors import digest_of_hashes


def canonical(submission_id: UUID, name: str) -> str:
    """Where the lab puts its re-serialised files until the portal has checked and sealed them."""
    return f"incoming/{submission_id}/canonical/{name}"


def staged(submission_id: UUID, name: str) -> str:
    """A copy of `canonical` that no link can write to: what is hashed here is what gets sealed."""
    return f"incoming/{submission_id}/staged/{name}"


def sealed(digest: str, name: str) -> str:
    return f"sealed/{digest}/{name}"


async def seal_canonical(site: Site, submission_id: UUID, names: Sequence[str], digest: str) -> None:
    """Put the lab's files, `names` in the order in which they are hashed, under their hash.

    The lab opens hostile files: what it says about them is checked, not believed, and its links to `canonical` still
    write, so the files are copied out of its reach while they are hashed. Raises Conflict `store.hash_mismatch`.
    """
    copies = [
        await site.storage.copy(canonical(submission_id, name), staged(submission_id, name)) for name in names
    ]
    if digest_of_hashes(*(copy.sha256 for copy in copies)) != digest:
        raise _other_hash()
    for name in reversed(names):
        await site.storage.move_once(staged(submission_id, name), sealed(digest, name))


async def seal_cleaned(site: Site, submission_id: UUID, digest: str) -> None:
    """Put the cleaned version of a data set under its hash, where it is a data set like any other."""
    staging = staged(submission_id, DATA_CLEANED)
    copy = await site.storage.copy(canonical(submission_id, DATA_CLEANED), staging)
    if copy.sha256.hex() != digest:
        raise _other_hash()
    await site.storage.move_once(staging, sealed(digest, DATA_JSONL))


async def forget_canonical(site: Site, submission_id: UUID) -> None:
    """Remove what the lab wrote for a version that has its verdict; what was admitted lies sealed elsewhere."""
    for name in (CONFIG, WEIGHTS, DATA_JSONL, DATA_CLEANED, PROMPT, MODEL_CONFIG, MODEL_WEIGHTS):
        await site.storage.delete(canonical(submission_id, name))
        await site.storage.delete(staged(submission_id, name))


def _other_hash() -> Conflict:
    return Conflict("store.hash_mismatch", "The canonical files do not have the hash that the lab reported.")


async def seal_adapter(site: Site, digest: str, config: bytes, weights: bytes) -> None:
    """Put a small adapter of our own under its hash. Written once: a second writer finds the same content there."""
    await site.storage.put_once(sealed(digest, WEIGHTS), weights)
    await site.storage.put_once(sealed(digest, CONFIG), config)


async def read_adapter(site: Site, digest: str) -> tuple[bytes, bytes]:
    """The config and the weights of a sealed adapter."""
    return await site.storage.read(sealed(digest, CONFIG)), await site.storage.read(sealed(digest, WEIGHTS))


async def read_system_prompt(site: Site, digest: str) -> str:
    """The text of a sealed system prompt."""
    return (await site.storage.read(sealed(digest, PROMPT))).decode()
