"""Files, in a folder or an S3-compatible store, through `obstore`.

Keys under `incoming/` are what people sent and are never served. Keys under `sealed/` are written once, under the hash
of their content, and never change.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import obstore
from obstore.exceptions import AlreadyExistsError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from arena.kit.errors import NotFound

CHUNK = 1 << 20


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
        result = await obstore.get_async(self._store, key)
        async for chunk in result.stream(CHUNK):
            yield bytes(chunk)

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
