"""Signed file links: one key, one direction. Only workers hold them; nothing here is ever linked from a page."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request
from starlette.responses import StreamingResponse

from arena.kit.access import signed_link
from arena.kit.errors import TooLarge
from arena.kit.links import READ, WRITE
from arena.kit.schemas import Done
from arena.kit.site import Site

router = APIRouter(
    prefix="/files/{link}", tags=["files"], include_in_schema=False, dependencies=[Depends(signed_link)]
)


@router.get("")
async def read(request: Request, link: str) -> StreamingResponse:
    site: Site = request.app.state.site
    key = site.signer.read(READ, link)["key"]
    size = await site.storage.size(key)
    headers = {"Content-Length": str(size), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(site.storage.stream(key), media_type="application/octet-stream", headers=headers)


@router.put("")
async def write(request: Request, link: str) -> Done:
    site: Site = request.app.state.site
    claims = site.signer.read(WRITE, link)
    await site.storage.put_stream(claims["key"], bounded(request.stream(), claims["max"]))
    return Done()


async def bounded(stream: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """The body as it comes, refusing it the moment it grows beyond `max_bytes` (a length header is only a claim)."""
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(
                "upload.too_large", f"The file is larger than {max_bytes} bytes.", max_bytes=max_bytes
            )
        yield chunk
