"""What a control worker does by itself: it looks at nodes, whatever they say, and keeps the time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from arena.kit.site import Site, open_site
from arena.nodes.public import NodeOut, nodes
from tests.support.portal import settings
from tests.support.services import Services
from workers.control.watch import forever, look_at_nodes


@pytest.fixture
async def site(services: Services, database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(settings(database_url, services.redis_url, tmp_path)) as opened:
        yield opened


@asynccontextmanager
async def saying(body: bytes) -> AsyncIterator[str]:
    """Something that answers every request with this; gives its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def seen(site: Site) -> list[NodeOut]:
    async with site.sessions() as session:
        return [NodeOut.of(node, None) for node in await nodes(session)]


@pytest.mark.parametrize(
    "body", [b"not json", b"{}", b'{"state": "ready"}', b'{"state": "dancing"}', b"[1]", b"null"]
)
async def test_whatever_answers_there_the_watch_goes_on(site: Site, body: bytes) -> None:
    async with saying(body) as url:
        site.settings.engine_urls[:] = [url, "http://127.0.0.1:9"]
        await look_at_nodes(site)
    found = await seen(site)
    assert [node.state for node in found] == ["unreachable", "unreachable"]
    assert all(node.detail for node in found)


async def test_a_fault_is_tried_again_and_a_defect_is_not_hidden(site: Site) -> None:
    happened: list[str] = []

    def then(*errors: Exception) -> Callable[[Site], Any]:
        rest = list(errors)

        async def what(_: Site) -> None:
            happened.append(repr(rest[0]))
            raise rest.pop(0)

        return what

    with pytest.raises(ZeroDivisionError):
        await forever(then(OSError("away"), OSError("still away"), ZeroDivisionError()), site, 0)
    assert len(happened) == 3
