"""What a bench measures on a site of its own: portal, database and store in a temporary folder, no engine."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx

from arena.cli.bench import Figure, figure
from arena.config import Settings
from arena.embedded.state import read_state
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.measuring import measure_similarity

NO_ENGINE = "http://127.0.0.1:9"
"""Given, so that none is started; never there, so that nothing else is at work while we measure."""
UP_SECONDS = 120
RUNS = 5
STORED = 1000
BLOCK = 1 << 20


@dataclass(frozen=True)
class BenchSite:
    url: str
    environment: dict[str, str]
    """`GAVEL_…` of its trusted processes."""
    folder: Path


@contextmanager
def running_site(engines: str = NO_ENGINE, engine_token: str = "") -> Iterator[BenchSite]:
    """`gavel up` in a temporary folder. Raises RuntimeError with its last words when it does not come up."""
    told = {"GAVEL_ENGINE_URLS": engines} | ({"GAVEL_ENGINE_TOKEN": engine_token} if engine_token else {})
    with TemporaryDirectory(prefix="gavel-bench-") as folder:
        data_dir, log = Path(folder) / "site", Path(folder) / "up.log"
        command = [sys.executable, "-m", "arena.cli.main", "up", "--data-dir", str(data_dir)]
        with log.open("w") as out:
            process = subprocess.Popen(
                command,
                env={**os.environ, **told},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _ready(process, data_dir, log)
        finally:
            process.terminate()
            process.wait(60)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def settings_of(running: BenchSite) -> Settings:
    """For opening the site from the bench itself, as its trusted processes do."""
    told = {name.removeprefix("GAVEL_").lower(): value for name, value in running.environment.items()}
    return Settings.model_validate(told)


def _ready(process: "subprocess.Popen[bytes]", data_dir: Path, log: Path) -> BenchSite:
    give_up = time.monotonic() + UP_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        state = read_state(data_dir)
        if state is not None and any(part.name == "portal" and part.state == "ready" for part in state.parts):
            return BenchSite(state.public_url, state.environment, data_dir)
        time.sleep(0.2)
    raise RuntimeError(f"the site to measure on did not come up:\n{log.read_text()[-2000:]}")


def figures() -> list[Figure]:
    with running_site() as site:
        return [_similarity(site), _upload(site)]


def _similarity(site: BenchSite) -> Figure:
    timing = measure_similarity(STORED, site.environment["GAVEL_DATABASE_URL"])
    name = f"one adapter against {STORED} stored ones (baseline: one product over the same bytes)"
    return figure(name, timing.seconds, "s", timing.baseline_seconds, 1, of="value")


def _upload(site: BenchSite) -> Figure:
    """Bytes per second of one PATCH against a plain write of the same bytes to the same disk, both down to the disk."""
    with httpx.Client(base_url=f"{site.url}/api", trust_env=False, timeout=60) as client:
        someone = {"email": "bench@example.org", "password": token_urlsafe(16), "display_name": "Bench"}
        client.post("/auth/register", json=someone).raise_for_status()
        entry = client.post("/entries", json={"name": "Bench"}).raise_for_status().json()["id"]
        size = client.get("/seasons/current").raise_for_status().json()["track"]["max_bytes"]
        sent, written = [], []
        for _ in range(RUNS):
            body = os.urandom(size)
            written.append(_write(site.folder / "baseline", body))
            sent.append(_send(client, entry, body))
    name = f"upload of {size / 1e6:.0f} MB ÷ plain write to the same disk"
    return figure(name, size / median(sent) / 1e6, "MB/s", size / median(written) / 1e6, 0.6, least=True)


def _write(path: Path, body: bytes) -> float:
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        view = memoryview(body)
        for begin in range(0, len(body), BLOCK):
            file.write(view[begin : begin + BLOCK])
        os.fsync(file.fileno())
    seconds = time.perf_counter() - began
    path.unlink()
    return seconds


def _send(client: httpx.Client, entry: str, body: bytes) -> float:
    """Announce, send in one PATCH, and cancel, so that nothing is verified meanwhile. Returns the PATCH's seconds."""
    # The config is announced and never sent: the version stays incomplete.
    files = [
        {"name": CONFIG, "size": 2, "sha256": sha256(b"{}").hexdigest()},
        {"name": WEIGHTS, "size": len(body), "sha256": sha256(body).hexdigest()},
    ]
    made = client.post(f"/entries/{entry}/submissions", json={"files": files}).raise_for_status().json()
    upload = next(one["id"] for one in made["uploads"] if one["name"] == WEIGHTS)
    address = urlsplit(str(client.base_url))
    headers = {
        "Tus-Resumable": "1.0.0",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar),
    }
    # The plainest client there is: its own cost is not the portal's.
    line = http.client.HTTPConnection(address.hostname or "", address.port, blocksize=BLOCK)
    began = time.perf_counter()
    line.request("PATCH", f"/api/uploads/{upload}", body=body, headers=headers)
    status = line.getresponse().status
    seconds = time.perf_counter() - began
    line.close()
    if status != 204:
        raise RuntimeError(f"the upload was answered with {status}")
    client.delete(f"/submissions/{made['id']}").raise_for_status()
    return seconds
