"""A hall full of phones, in a process of its own: plain sockets that vote as fast as they are answered, or all at once.

No client library: what it costs to be many phones must not be what is measured.
"""

import asyncio
import base64
import os
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast
from uuid import UUID

import orjson
import uvloop

from arena.accounts.policy import DEVICE
from arena.cli.bench_votes_site import OPTIONS, allow_files
from arena.kit.signing import Signer

AT_ONCE = 200
"""Handshakes under way."""
PATIENCE = 60.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


@dataclass(frozen=True)
class Crowd:
    port: int
    secret: str
    ballot: UUID
    phones: int
    seconds: float | None
    """How long they vote, each again as soon as it was answered; None: each once, all at the same moment."""


@dataclass(frozen=True)
class Measured:
    seconds: float
    answered: list[float]
    """Seconds from each vote to its receipt."""
    refused: int
    silent: int
    """Phones that were not answered, or lost their connection."""

    @property
    def per_second(self) -> float:
        return len(self.answered) / self.seconds

    def quantile(self, share: float) -> float:
        return sorted(self.answered)[int(share * (len(self.answered) - 1))]


class Phone(asyncio.Protocol):
    def __init__(self, hall: "Hall", token: str, number: int) -> None:
        self._hall, self._number = hall, number
        self._token = token
        self._buffer = b""
        self._open = False
        self._n = 0
        self._sent = 0.0
        self.opened = asyncio.get_running_loop().create_future()
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{self._hall.crowd.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: gavel_device={self._token}\r\n\r\n".encode()
        )

    def vote(self) -> None:
        self._n += 1
        choice = OPTIONS[(self._number + self._n) % len(OPTIONS)]
        self._sent = time.perf_counter()
        self.waiting = True
        said = {"t": "vote", "id": self._n, "b": str(self._hall.crowd.ballot), "c": choice, "n": self._n}
        self._send(TEXT, orjson.dumps(said))

    def _send(self, kind: int, body: bytes) -> None:
        # Masked with zeros, which is a mask like any other and costs nothing here.
        size = struct.pack("!BB", 0x80 | kind, 0x80 | len(body)) if len(body) < 126 else b""
        if not size:
            size = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, len(body))
        self._transport.write(size + b"\0\0\0\0" + body)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise RuntimeError(head.decode())
            self._open, self._buffer = True, rest
            self.opened.set_result(None)
        while len(self._buffer) >= 2:
            size, begin = self._buffer[1] & 0x7F, 2
            if size == 126:
                size, begin = int.from_bytes(self._buffer[2:4]), 4
            if len(self._buffer) < begin + size:
                return
            kind, body = self._buffer[0] & 0x0F, self._buffer[begin : begin + size]
            self._buffer = self._buffer[begin + size :]
            if kind == TEXT:
                self._hear(body)
            elif kind == PING:
                self._send(PONG, body)

    def _hear(self, body: bytes) -> None:
        for said in orjson.loads(body):
            if said.get("id") == self._n:
                self.waiting = False
                self._hall.heard(self, said["t"] == "ok", time.perf_counter() - self._sent)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionResetError("closed before it was open"))

    def leave(self) -> None:
        self._transport.abort()


class Hall:
    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self._answered: list[float] = []
        self._refused = 0
        self._until = 0.0
        self._left = 0
        self._over = asyncio.Event()

    def heard(self, phone: Phone, counted: bool, seconds: float) -> None:
        if counted:
            self._answered.append(seconds)
        else:
            self._refused += 1
        if counted and time.perf_counter() < self._until:
            phone.vote()
            return
        self._left -= 1
        if self._left == 0:
            self._over.set()

    async def vote(self) -> Measured:
        phones = await self._enter()
        self._left = len(phones)
        began = time.perf_counter()
        self._until = began + (self.crowd.seconds or 0)
        for phone in phones:
            phone.vote()
        try:
            async with asyncio.timeout((self.crowd.seconds or 0) + PATIENCE):
                await self._over.wait()
        except TimeoutError:
            pass
        took = time.perf_counter() - began
        silent = sum(phone.waiting for phone in phones)
        for phone in phones:
            phone.leave()
        return Measured(took, self._answered, self._refused, silent)

    async def _enter(self) -> list[Phone]:
        loop, signer = asyncio.get_running_loop(), Signer(self.crowd.secret)
        door = asyncio.Semaphore(AT_ONCE)

        async def enter(number: int) -> Phone:
            token = signer.sign(DEVICE, {"device": f"d-{self.crowd.ballot.hex}-{number}"}, 3600)
            async with door:
                _, phone = await loop.create_connection(
                    lambda: Phone(self, token, number), "127.0.0.1", self.crowd.port
                )
                await phone.opened
            return phone

        return list(await asyncio.gather(*(enter(number) for number in range(self.crowd.phones))))


def run(crowd: Crowd, pipe: "Connection[object, object]") -> None:
    allow_files()
    pipe.send(uvloop.run(Hall(crowd).vote()))
