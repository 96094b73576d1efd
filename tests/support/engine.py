"""Engine nodes for tests: a fake one in this process, and one real vLLM per test run.

The prepared house model is kept between runs: in GAVEL_TEST_MODEL_CACHE, or `.gavel/models`.
"""

import atexit
import io
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.adapter_config import AdapterConfig
from arena.submissions.safetensors import adapter_digest, write_tensors
from workers.pool.agent import NodeAgent
from workers.pool.node import create_node_app

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 600.0


@dataclass(frozen=True)
class Adapter:
    digest: str
    config: bytes
    weights: bytes


def make_adapter(seed: int = 1, scale: float = 0.5, rank: int = 8) -> Adapter:
    """A canonical adapter for the house model with random B of the given scale; 0 makes one that changes nothing."""
    draw = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, int]] = {}
    for path, (width_in, width_out) in HOUSE_MODEL.tensor_names().items():
        shapes[f"{path}.lora_A.weight"] = (rank, width_in)
        shapes[f"{path}.lora_B.weight"] = (width_out, rank)

    def payload(name: str) -> list[bytes]:
        size = 0.05 if name.endswith(".lora_A.weight") else scale
        values = (draw.standard_normal(shapes[name]) * size).astype("<f4")
        return [(values.view("<u4") >> 16).astype("<u2").tobytes()]

    weights = io.BytesIO()
    write_tensors(weights, [(name, "BF16", shape) for name, shape in shapes.items()], payload)
    targets = tuple(sorted(module.rsplit(".", 1)[-1] for module in HOUSE_MODEL.modules))
    config = AdapterConfig(rank=rank, alpha=rank, use_rslora=False, targets=targets).canonical(HOUSE_MODEL)
    return Adapter(adapter_digest(config, weights.getvalue()), config, weights.getvalue())


class Files:
    """A folder behind HTTP, in place of the portal's signed links."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        handler = partial(_Quiet, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def publish(self, adapter: Adapter) -> dict[str, str]:
        """What to post to /adapters."""
        place = self.folder / adapter.digest
        place.mkdir(exist_ok=True)
        (place / "adapter_config.json").write_bytes(adapter.config)
        (place / "adapter_model.safetensors").write_bytes(adapter.weights)
        url = f"http://127.0.0.1:{self._server.server_port}/{adapter.digest}"
        return {
            "digest": adapter.digest,
            "weights_url": f"{url}/adapter_model.safetensors",
            "config_url": f"{url}/adapter_config.json",
        }

    def put(self, name: str, body: bytes) -> str:
        """The link to a file."""
        (self.folder / name).write_bytes(body)
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass(frozen=True)
class Node:
    url: str
    token: str
    data_dir: Path
    pid: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_ready(url: str, seconds: float) -> dict[str, object]:
    """The health document, once the node is ready. Raises AssertionError with its last words."""
    deadline = time.monotonic() + seconds
    health: dict[str, object] = {"state": "no answer"}
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            health = httpx.get(f"{url}/health", timeout=5.0, trust_env=False).json()
        if health["state"] == "ready":
            return health
        if health["state"] == "failed":
            break
        time.sleep(0.05)
    raise AssertionError(f"the node at {url} did not become ready: {health}")


@contextmanager
def served(
    agent: NodeAgent, data_dir: Path, token: str | None = None, port: int | None = None
) -> Iterator[Node]:
    """The agent behind a real socket, so that streams are streams."""
    port, token = port or free_port(), token or secrets.token_hex(8)
    config = uvicorn.Config(
        create_node_app(agent, token),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    node = Node(f"http://127.0.0.1:{port}", token, data_dir, os.getpid())
    try:
        wait_ready(node.url, 20)
        yield node
    finally:
        server.should_exit = True
        thread.join(10)


def model_cache() -> Path:
    return Path(os.environ.get("GAVEL_TEST_MODEL_CACHE", ROOT / ".gavel" / "models")).resolve()


def prepared_house_model() -> Path:
    """Skips the test where nobody has prepared it."""
    model = model_cache() / HOUSE_MODEL.id
    if not (model / "model.safetensors").exists():
        pytest.skip(f"there is no prepared house model in {model_cache()}")
    return model


@cache
def real_node() -> Node:
    """`gavel engine` with vLLM, started once per process however many suites ask, and stopped when it ends."""
    if not (ROOT / ".venv-engine" / "bin" / "python").exists():
        pytest.skip("there is no .venv-engine; make setup builds it")
    data_dir = Path(tempfile.mkdtemp(prefix="gavel-test-engine-"))
    port, token = free_port(), secrets.token_hex(8)
    command = [sys.executable, "-m", "arena.cli.engine", "--port", str(port), "--data-dir", str(data_dir)]
    env = os.environ | {"GAVEL_ENGINE_TOKEN": token, "GAVEL_MODEL_DIR": str(model_cache() / HOUSE_MODEL.id)}
    with (data_dir / "node.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)

    def stop() -> None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()

    atexit.register(stop)
    node = Node(f"http://127.0.0.1:{port}", token, data_dir, process.pid)
    try:
        wait_ready(node.url, READY_SECONDS)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{(data_dir / 'node.log').read_text()[-2000:]}") from error
    return node


@pytest.fixture(scope="session")
def engine_node() -> Node:
    return real_node()


def call(node: Node, method: str, path: str, body: object = None) -> httpx.Response:
    """One request with the node's token."""
    headers = {"Authorization": f"Bearer {node.token}"}
    return httpx.request(
        method, f"{node.url}{path}", json=body, headers=headers, timeout=120.0, trust_env=False
    )


def completion(node: Node, **body: object) -> httpx.Response:
    return call(node, "POST", "/v1/completions", body)
