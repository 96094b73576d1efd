"""The bus: Valkey pub/sub between processes. Everything on it is a hint; the database is the truth.

A message that is lost costs latency, never correctness: the relay polls anyway and a live gateway re-reads.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

NUDGE = "gavel:nudge"
LIVE = "gavel:live"
PATIENCE = 2.0
"""Seconds. A hint is not worth more: whoever is waiting has been saved already."""

log = structlog.get_logger()


class Bus:
    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_connect_timeout=3, health_check_interval=15)

    async def nudge(self) -> None:
        """Tell the outbox relay that something was committed."""
        await self._publish(NUDGE, b"1")

    async def touch(self, channels: Iterable[str]) -> None:
        """Tell every live gateway that these channels changed."""
        names = sorted(set(channels))
        if names:
            await self._publish(LIVE, orjson.dumps(names))

    async def _publish(self, topic: str, body: bytes) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.redis.publish(topic, body)
        except (RedisError, OSError) as error:
            log.warning("bus_unreachable", topic=topic, error=str(error) or type(error).__name__)

    async def listen(self, topic: str) -> AsyncIterator[bytes]:
        """Messages on `topic`; ends with an exception when the connection breaks (the caller retries)."""
        async with self.redis.pubsub() as pubsub:
            await pubsub.subscribe(topic)
            async for message in pubsub.listen():
                if message["type"] == "message":
                    yield message["data"]

    async def close(self) -> None:
        await self.redis.aclose()
