"""Health gates: one look at a part, answered with ready, not yet (and what it is doing), or failed for good.

Each gate asks the part what its users will ask (a query, a PING, an HTTP request), because a process that runs, or a
port that accepts, says little.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

TIMEOUT = 3.0
"""Seconds one look may take."""


@dataclass(frozen=True)
class Health:
    ready: bool
    note: str = ""
    failed: bool = False
    """True when waiting or restarting cannot help; `note` says why."""


Gate = Callable[[], Awaitable[Health]]


def postgres(url: str) -> Gate:
    async def look() -> Health:
        try:
            plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
            async with await psycopg.AsyncConnection.connect(
                plain, connect_timeout=int(TIMEOUT)
            ) as connection:
                await connection.execute("SELECT 1")
        except psycopg.Error as error:
            return Health(False, _first_line(error))
        return Health(True)

    return look


def redis(url: str) -> Gate:
    async def look() -> Health:
        client: Redis = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        try:
            await client.ping()
        except (RedisError, OSError) as error:
            return Health(False, _first_line(error))
        finally:
            await client.aclose()
        return Health(True)

    return look


def http(url: str) -> Gate:
    async def look() -> Health:
        response = await _get(url)
        if isinstance(response, str):
            return Health(False, response)
        return Health(
            response.status_code == 200, "" if response.status_code == 200 else f"HTTP {response.status_code}"
        )

    return look


def engine(url: str) -> Gate:
    """The node agent's own account of itself: state, detail and progress."""

    async def look() -> Health:
        response = await _get(f"{url}/health")
        if isinstance(response, str):
            return Health(False, response)
        try:
            body: dict[str, Any] = response.json()
            state = str(body["state"])
        except (ValueError, KeyError, TypeError):
            return Health(False, f"HTTP {response.status_code} without a state")
        return Health(state == "ready", engine_note(body), failed=state == "failed")

    return look


def engine_note(body: dict[str, Any]) -> str:
    """One line for people: `preparing: base model 3/12 (layer 3)`."""
    progress = body.get("progress") or {}
    words = [f"{body.get('state')}: {body.get('detail') or ''}".rstrip(": ")]
    if progress.get("total"):
        words.append(f"{progress.get('done', 0)}/{progress['total']}")
    if progress.get("note") and progress["note"] != body.get("detail"):
        words.append(f"({progress['note']})")
    return " ".join(words)


async def _get(url: str) -> httpx.Response | str:
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            return await client.get(url)
    except httpx.ConnectError:
        return "does not listen yet"
    except httpx.HTTPError as error:
        return _first_line(error)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
