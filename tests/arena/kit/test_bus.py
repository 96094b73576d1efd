"""The bus carries hints. When it hangs or is away, nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from arena.accounts import limits
from arena.kit import bus
from arena.kit.bus import NUDGE, Bus
from tests.support.portal import PASSWORD, running_portal, settings
from tests.support.services import Services


@pytest.fixture
async def tarpit() -> AsyncIterator[str]:
    """A broker that takes every connection and never says a word."""
    connections: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for writer in connections:
        writer.close()
    server.close()


async def test_a_hint_arrives(services: Services) -> None:
    sender, hearer = Bus(services.redis_url), Bus(services.redis_url)
    heard = aiter(hearer.listen(NUDGE))
    waiting = asyncio.ensure_future(anext(heard))
    while not await sender.redis.publish(NUDGE, b"1"):  # until the other one listens
        continue
    assert await waiting == b"1"
    await heard.aclose()  # type: ignore[attr-defined]
    await sender.close()
    await hearer.close()


async def test_a_broker_that_is_away_stops_nobody() -> None:
    lonely = Bus("redis://127.0.0.1:9")
    await lonely.nudge()
    await lonely.touch(["stage:x"])
    with pytest.raises(RedisError):
        await anext(aiter(lonely.listen(NUDGE)))
    await lonely.close()


async def test_a_broker_that_hangs_stops_nobody(
    database_url: str, tarpit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People register, sign in and make things; what they did is saved and passed on later."""
    monkeypatch.setattr(bus, "PATIENCE", 0.05)
    monkeypatch.setattr(limits, "PATIENCE", 0.05)
    async with running_portal(settings(database_url, tarpit, tmp_path)) as portal:
        ada = portal.anybody()
        body = {"email": "ada@example.org", "password": PASSWORD, "display_name": "Ada"}
        await ada.post_ok("/auth/register", body)
        assert (await ada.post_ok("/entries", {"name": "Lantern"}))["name"] == "Lantern"
