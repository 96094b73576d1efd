"""A page's side of the live socket, strict about the protocol: it accepts nothing that a page could not follow."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect

from arena.live.patches import apply
from tests.support.portal import Caller, Portal

Json = dict[str, Any]
PATIENCE = 20.0
"""Seconds after which a message that does not come is taken as never sent; only a failing test waits that long."""


@dataclass
class Seen:
    """One channel as the page has it."""

    epoch: str = ""
    seq: int = -1
    state: Json = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    """What has come: `snap`, `patch`."""


class Page:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.channels: dict[str, Seen] = {}
        self.errors: list[tuple[str, str]] = []
        self.beats = 0
        self.replies: dict[int, Json] = {}
        """To votes, by the id that they were sent under."""
        self.texts: list[str] = []
        """Every message as it came."""

    def __getitem__(self, channel: str) -> Seen:
        return self.channels.setdefault(channel, Seen())

    async def send(self, message: Json) -> None:
        await self.socket.send(orjson.dumps(message).decode())

    async def subscribe(self, channel: str, epoch: str | None = None, seq: int | None = None) -> None:
        if epoch is not None and seq is not None:
            self[channel].epoch, self[channel].seq = epoch, seq
        await self.send({"t": "sub", "ch": channel, "ep": epoch, "seq": seq})

    async def receive(self) -> None:
        """Take one message in. Fails when it breaks the protocol."""
        text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        assert isinstance(text, str)
        self.texts.append(text)
        for envelope in orjson.loads(text):
            self._take(envelope)

    def _take(self, envelope: Json) -> None:
        kind = envelope["t"]
        if kind == "hb":
            self.beats += 1
            return
        if "id" in envelope:
            assert envelope["id"] not in self.replies, "answered twice"
            self.replies[envelope["id"]] = envelope
            return
        if kind == "err":
            self.errors.append((envelope["ch"], envelope["code"]))
            return
        seen = self[envelope["ch"]]
        if kind == "snap":
            seen.epoch, seen.seq, seen.state = envelope["ep"], envelope["seq"], envelope["d"]
        else:
            assert kind == "patch"
            assert (envelope["ep"], envelope["seq"]) == (seen.epoch, seen.seq + 1), "a gap"
            seen.seq, seen.state = envelope["seq"], apply(seen.state, envelope["d"])
            assert apply(seen.state, envelope["d"]) == seen.state, "a patch taken twice must change nothing"
        seen.kinds.append(kind)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self.receive()

    async def open(self, channel: str) -> Seen:
        """Subscribe anew and wait for the snapshot."""
        await self.subscribe(channel)
        await self.until(lambda: bool(self[channel].state))
        return self[channel]

    async def vote(self, ballot: object, choice: str, n: int) -> Json:
        """Send one and wait for its answer."""
        number = len(self.replies) + 1
        await self.send({"t": "vote", "id": number, "b": str(ballot), "c": choice, "n": n})
        await self.until(lambda: number in self.replies)
        return self.replies[number]

    async def settle(self) -> None:
        """Return when the portal has taken in everything that was sent to it: it answers in order."""
        before = self.beats
        await self.send({"t": "ping"})
        await self.until(lambda: self.beats > before)

    async def refused(self, channel: str) -> str:
        """Subscribe where one may not; returns the code."""
        before = len(self.errors)
        await self.subscribe(channel)
        await self.until(lambda: len(self.errors) > before)
        name, code = self.errors[-1]
        assert name == channel
        return code


@asynccontextmanager
async def page(portal: Portal, visitor: Caller | None = None, **headers: str) -> AsyncIterator[Page]:
    """A socket as the visitor opens it: with the cookies or the token, and with the page's Origin."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies.jar) if visitor else ""
    sent = {"Origin": portal.url} | ({"Cookie": cookies} if cookies else {}) | headers
    if visitor and "Authorization" in visitor.headers:
        sent["Authorization"] = visitor.headers["Authorization"]
    url = portal.url.replace("http", "ws", 1) + "/api/live"
    async with connect(url, additional_headers=sent, proxy=None, max_size=1 << 24) as socket:
        yield Page(socket)
