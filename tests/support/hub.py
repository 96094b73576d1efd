"""A model hub on loopback: gives files, in parts when it is asked, and does what bad lines and bad servers do."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    """What a test changes while it runs are its faults."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By address."""
    url: str = ""
    cuts: list[int] = field(default_factory=list)
    """The next answers with more than so many bytes break off there, one after the other."""
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers."""
    deaf: bool = False
    """It gives everything, whatever part was asked for."""
    shift: int = 0
    """It gives parts from so many bytes later on than was asked for."""
    unsized: bool = False
    """It does not say how long anything is."""
    endless: bool = False
    """It goes on after the end."""
    away: bool = False
    """It sends everybody to another address of its own, as hubs do to where the bytes lie."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def ranges(self) -> list[str]:
        return [headers["range"] for _, headers in self.asked if "range" in headers]


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            hub.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            if hub.refusals:
                return self._say(*hub.refusals.pop(0))
            if hub.away and not self.path.startswith("/bytes"):
                return self._say(302, {"Location": f"{hub.url}/bytes{self.path}"})
            body = hub.files.get(self.path.removeprefix("/bytes"))
            if body is None:
                return self._say(404, {})
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if asked and not hub.deaf:
                begin = int(asked[1]) + hub.shift
                if begin >= len(body):
                    return self._say(416, {})
                place = f"bytes {begin}-{len(body) - 1}/{len(body)}"
                return self._give(206, body[begin:], {"Content-Range": place})
            self._give(200, body, {})

        def _say(self, status: int, headers: dict[str, str]) -> None:
            self._give(status, b"", headers)

        def _give(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            length = {"Connection": "close"} if hub.unsized else {"Content-Length": str(len(body))}
            for name, value in (headers | length).items():
                self.send_header(name, value)
            self.end_headers()
            if hub.cuts and len(body) > hub.cuts[0]:
                body, self.close_connection = body[: hub.cuts.pop(0)], True
            self.wfile.write(body * 2 if hub.endless else body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serve_hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
