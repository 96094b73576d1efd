"""Files, in a folder or an S3-compatible store, through `obstore`.

Keys under `incoming/` are what people sent and are never served. Keys under `sealed/` are written once, under the hash
of their content, and never change. Whatever is large goes through in chunks: no file is ever held whole in memory.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import obstore
from obstore.exceptions import AlreadyExistsError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from arena.kit.errors import NotFound

CHUNK = 1 << 20
PART = 8 << 20
PARTS_AT_ONCE = 2
"""A store takes a large file in parts; two on their way keep it busy and cost 16 MiB."""


@dataclass(frozen=True)
class Written:
    """What was written, hashed as it went by."""

    sha256: bytes
    size: int


class Storage:
    def __init__(self, url: str) -> None:
        parsed = urlparse(url)
        self._store: ObjectStore
        if parsed.scheme == "file":
            folder = Path(unquote(parsed.path))
            folder.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(folder)
        else:
            self._store = from_url(url)

    async def put(self, key: str, body: bytes) -> None:
        await obstore.put_async(self._store, key, body)

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes]) -> Written:
        """Write chunk by chunk. An error of `chunks` passes through, and then nothing is under `key`."""
        digest, size = hashlib.sha256(), 0

        async def hashed() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        await obstore.put_async(
            self._store, key, hashed(), chunk_size=PART, max_concurrency=PARTS_AT_ONCE, use_multipart=True
        )
        return Written(digest.digest(), size)

    async def copy(self, source: str, target: str) -> Written:
        """Copy through this process, so that the hash is that of the bytes which are now under `target`."""
        return await self.put_stream(target, self.stream(source))

    async def move_once(self, source: str, target: str) -> bool:
        """Give a file its final name. False: that is taken (same name means same content), and the file is dropped."""
        if await self.exists(target):
            await self.delete(source)
            return False
        await obstore.rename_async(self._store, source, target)
        return True

    async def exists(self, key: str) -> bool:
        try:
            await self.size(key)
        except NotFound:
            return False
        return True

    async def put_once(self, key: str, body: bytes) -> bool:
        """Write unless the key exists; False when it was there already (same key means same content)."""
        try:
            await obstore.put_async(self._store, key, body, mode="create")
        except AlreadyExistsError:
            return False
        return True

    async def size(self, key: str) -> int:
        """Bytes under `key`; NotFound `file.missing` when there is nothing."""
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("file.missing", "The file is not in the store.", key=key) from error

    async def read(self, key: str) -> bytes:
        try:
            return bytes(await (await obstore.get_async(self._store, key)).bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("file.missing", "The file is not in the store.", key=key) from error

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        try:
            result = await obstore.get_async(self._store, key)
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("file.missing", "The file is not in the store.", key=key) from error
        async for chunk in result.stream(CHUNK):
            yield bytes(chunk)

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
