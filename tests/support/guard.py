"""A guard model for tests: an OpenAI-compatible chat door that says what the test wants."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "guard-of-the-tests"


@dataclass
class FakeGuard:
    """Change the public fields to misbehave; read `asked` to see what it was sent."""

    says: str = "safe"
    status: int = 200
    body: bytes | None = None
    """Sent instead of an answer."""
    silent: bool = False
    """Takes the question and never answers."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self) -> bytes:
        message = {"role": "assistant", "content": self.says}
        return (
            self.body if self.body is not None else json.dumps({"choices": [{"message": message}]}).encode()
        )


@contextmanager
def running_guard() -> Iterator[FakeGuard]:
    guard = FakeGuard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            guard.asked.append({"path": self.path, **asked})
            guard.tokens.append(self.headers.get("Authorization"))
            if guard.silent:
                guard.released.wait()
                return
            body = guard.answer()
            self.send_response(guard.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    guard.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield guard
    finally:
        guard.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
