"""The portal as a lab worker sees it: one job behind a link, and files behind links. Stands in for it in tests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class LabPortal:
    """One job. Change the public fields to misbehave; read them to see what the worker did."""

    kind: str = ""
    contract: dict[str, Any] = field(default_factory=dict)
    lease_seconds: float = 60.0
    fence: int = 7
    files: dict[str, bytes] = field(default_factory=dict)
    """By path; GET reads them, PUT writes them."""
    claimable: bool = True
    lease_lost: bool = False
    statuses: dict[str, int] = field(default_factory=dict)
    """A status to answer a step with (`claim`, `heartbeat`, `answers`, `complete`, `fail`; `put` of a file) instead of
    doing it."""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    """Answers that were handed in before the end."""
    told: Callable[[], dict[str, Any] | None] = lambda: None
    """What it says beside "go on"."""
    on_answers: Callable[[], None] = lambda: None
    """Called after each batch of them was kept."""
    url: str = ""

    @property
    def job_url(self) -> str:
        return f"{self.url}/job"

    def bodies(self, step: str) -> list[dict[str, Any]]:
        return [body for called, body in self.calls if called == step]

    def answer(self, step: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append((step, body))
        if step in self.statuses:
            return self.statuses[step], {}
        if step == "claim":
            if not self.claimable:
                return 409, {}
            self.claimable = False
            claimed = {"job_id": "j", "kind": self.kind, "fence": self.fence, "contract": self.contract}
            return 200, claimed | {"lease_seconds": self.lease_seconds, "job_url": self.job_url}
        if self.lease_lost or body.get("fence") != self.fence:
            return 409, {}
        if step == "answers":
            self.kept += body["answers"]
            self.on_answers()
        return 200, {"ok": True, "told": self.told()}


@contextmanager
def serve_lab_portal() -> Iterator[LabPortal]:
    portal = LabPortal()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = portal.files.get(self.path)
            self.reply(404 if found is None else 200, found or b"")

        def do_PUT(self) -> None:
            sent = self.body()
            if "put" in portal.statuses:
                self.reply(portal.statuses["put"], b"{}")
                return
            portal.files[self.path] = sent
            self.reply(200, b"{}")

        def do_POST(self) -> None:
            body = json.loads(self.body() or b"{}")
            status, answer = portal.answer(self.path.rsplit("/", 1)[-1], body)
            self.reply(status, json.dumps(answer).encode())

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def reply(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
