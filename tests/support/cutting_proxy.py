"""A bad line: a TCP proxy on loopback that is slow, and cut when so many bytes have gone up."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 1 << 17


@dataclass
class CuttingProxy:
    """Forwards to a port of this machine. At each of `cuts`, in bytes sent upwards in all, every connection breaks."""

    target: int
    cuts: list[int]
    bytes_per_second: float
    port: int = 0
    sent_up: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        self._cut()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        # A deep buffer here would be bytes that were sent and yet lost with a cut.
        up_writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK)
        self.open |= {writer, up_writer}
        try:
            await asyncio.gather(self._up(reader, up_writer), _down(up_reader, writer))
        finally:
            for one in (writer, up_writer):
                self.open.discard(one)
                one.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                writer.write(chunk)
                await writer.drain()
                self.sent_up += len(chunk)
                if self.cuts and self.sent_up >= self.cuts[0]:
                    self.cuts.pop(0)
                    self._cut()
                await asyncio.sleep(len(chunk) / self.bytes_per_second)
        writer.close()

    def _cut(self) -> None:
        for writer in self.open:
            writer.transport.abort()


async def _down(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@contextmanager
def cutting_proxy(target: int, cuts: Sequence[int], bytes_per_second: float) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target, list(cuts), bytes_per_second)
    ready, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[proxy.serve(ready, stop)])
    thread.start()
    try:
        assert ready.wait(10), "the proxy did not come up"
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
