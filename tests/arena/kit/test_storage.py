"""Files in the store: streamed, hashed on their way, and never half there."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from arena.kit.errors import NotFound, TooLarge
from arena.kit.files_routes import bounded
from arena.kit.storage import Storage

LARGE = os.urandom(19 << 20)
"""More than two parts, and no whole number of them."""


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path.as_uri())


async def chunks(body: bytes, step: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(body), step):
        yield body[start : start + step]


async def broken(body: bytes) -> AsyncIterator[bytes]:
    async for chunk in chunks(body):
        yield chunk
    raise ConnectionError("the sender is gone")


@pytest.mark.parametrize("body", [b"", b"x", LARGE[:1000], LARGE], ids=len)
async def test_what_is_streamed_in_is_there_whole_and_hashed(storage: Storage, body: bytes) -> None:
    written = await storage.put_stream("a/b", chunks(body))
    assert (written.sha256, written.size) == (hashlib.sha256(body).digest(), len(body))
    assert await storage.read("a/b") == body
    assert b"".join([chunk async for chunk in storage.stream("a/b")]) == body


@pytest.mark.parametrize("body", [LARGE[:1000], LARGE], ids=len)
async def test_a_stream_that_breaks_leaves_nothing(storage: Storage, tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ConnectionError):
        await storage.put_stream("a/b", broken(body))
    with pytest.raises(NotFound):
        await storage.size("a/b")
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []


async def test_a_stream_beyond_its_limit_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(TooLarge):
        await storage.put_stream("a/b", bounded(chunks(LARGE), len(LARGE) - 1))
    assert not await storage.exists("a/b")
    await storage.put_stream("a/b", bounded(chunks(LARGE), len(LARGE)))
    assert await storage.exists("a/b")


async def test_a_broken_stream_leaves_what_was_there_before(storage: Storage) -> None:
    await storage.put("a/b", b"before")
    with pytest.raises(ConnectionError):
        await storage.put_stream("a/b", broken(LARGE))
    assert await storage.read("a/b") == b"before"


async def test_a_copy_is_hashed_as_it_is_written(storage: Storage) -> None:
    await storage.put("a", LARGE)
    written = await storage.copy("a", "b")
    assert (written.sha256, written.size) == (hashlib.sha256(LARGE).digest(), len(LARGE))
    assert await storage.read("b") == LARGE
    with pytest.raises(NotFound):
        await storage.copy("nothing", "c")
    assert not await storage.exists("c")


async def test_a_name_is_taken_once(storage: Storage) -> None:
    await storage.put("one", b"content")
    await storage.put("two", b"content")
    assert await storage.move_once("one", "sealed/x")
    assert not await storage.move_once("two", "sealed/x")
    assert await storage.read("sealed/x") == b"content"
    assert not await storage.exists("one")
    assert not await storage.exists("two")
