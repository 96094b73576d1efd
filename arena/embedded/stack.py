"""The embedded stack: which parts there are, in one table, and what each of them is told.

An address given from outside (`GAVEL_DATABASE_URL`, `GAVEL_REDIS_URL`, `GAVEL_ENGINE_URLS`) replaces the part: it is
used and not started.
"""

import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arena.embedded import gates, ports, postgres, valkey
from arena.embedded.processes import Part, machine_environment
from arena.embedded.screen import Screen
from arena.embedded.secret_file import Secrets, load_or_create
from arena.shows.base_models import registry_environment

REPOSITORY = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
PORTAL_PORT, ENGINE_PORT, VALKEY_PORT = 8000, 8100, 16379
MIGRATE = "import os; from arena.kit.db import migrate; migrate(os.environ['GAVEL_DATABASE_URL'])"
FOR_THE_LAB = (
    "GAVEL_PUBLIC_URL",
    "GAVEL_INTERNAL_URL",
    "GAVEL_DATA_DIR",
)


@dataclass(frozen=True)
class Options:
    data_dir: Path
    host: str = LOOPBACK
    port: int = PORTAL_PORT
    lan: bool = False
    """Plain HTTP for the local network, asked for by name."""
    fake_engine: bool = False


@dataclass(frozen=True)
class Stack:
    parts: tuple[Part, ...]
    environment: dict[str, str]
    """`GAVEL_…` of the trusted processes: what a command needs to act on this stack."""
    secrets: Path

    @property
    def public_url(self) -> str:
        return self.environment["GAVEL_PUBLIC_URL"]


@dataclass(frozen=True)
class Ports:
    portal: int
    engine: int
    valkey: int


def build(options: Options, screen: Screen, given: Mapping[str, str]) -> Stack:
    """Choose ports, make the secrets and the stores' folders, and fill the table.

    `given` is the environment of whoever starts the stack. Raises RuntimeError or ValueError in words for people: no
    free port, a wheel that is missing, a folder that belongs to somebody else.
    """
    secret_file = options.data_dir / "secrets.json"
    secrets = load_or_create(secret_file)
    chosen = _choose_ports(options, given, screen)
    stores = _stores(options, chosen, secrets, given, screen)
    site = _site(options, chosen, secrets, stores, given)
    engines = [] if "GAVEL_ENGINE_URLS" in given else [_engine(options, chosen, site)]
    lab_redis = given.get("GAVEL_REDIS_URL") or valkey.url(
        valkey.LAB, secrets.redis_lab_password, chosen.valkey
    )
    parts = (*stores, *engines, *_ours(options, chosen, tuple(part.name for part in stores), site, lab_redis))
    return Stack(parts, site, secret_file)


def _stores(
    options: Options, chosen: Ports, secrets: Secrets, given: Mapping[str, str], screen: Screen
) -> list[Part]:
    stores: list[Part] = []
    if "GAVEL_DATABASE_URL" not in given:
        stores.append(postgres.prepare(options.data_dir, secrets.database_password, screen.say))
    if "GAVEL_REDIS_URL" not in given:
        stores.append(
            valkey.prepare(
                options.data_dir, chosen.valkey, secrets.redis_password, secrets.redis_lab_password
            )
        )
    return stores


def _engine(options: Options, chosen: Ports, site: Mapping[str, str]) -> Part:
    fake = ("--fake",) if options.fake_engine else ()
    place = ("--port", str(chosen.engine), "--data-dir", str(options.data_dir / "engine"))
    address = f"http://{LOOPBACK}:{chosen.engine}"
    passed = machine_environment(
        *("VLLM_", "CUDA_", "HF_", "MODELSCOPE_", "OMP_"),
        *("GAVEL_BASE_", "GAVEL_ENGINE_", "GAVEL_MODEL_", "GAVEL_HARDWARE_"),
    )
    own = {"GAVEL_ENGINE_ENV": str(REPOSITORY / ".venv-engine")}
    return Part(
        name="engine",
        argv=(sys.executable, "-m", "arena.cli.main", "engine", *place, *fake),
        environment={**own, **passed, "GAVEL_ENGINE_TOKEN": site["GAVEL_ENGINE_TOKEN"]},
        gate=gates.engine(address),
        patience=1800,  # the first start converts the base model; its progress is shown meanwhile
        grace=20,
        last_signal=signal.SIGTERM,  # it takes vLLM down with it
        address=address,
        port=chosen.engine,
    )


def _ours(
    options: Options, chosen: Ports, stores: tuple[str, ...], site: Mapping[str, str], lab_redis: str
) -> list[Part]:
    """Our own processes, in the order of starting; `needs` also decides the order of stopping."""
    python = (sys.executable, "-m")
    trusted = {**os.environ, **machine_environment(), **site}
    address = f"http://{_reached_host(options)}:{chosen.portal}"
    uvicorn = (
        *python,
        "uvicorn",
        "--factory",
        "arena.app:create_app",
        "--host",
        options.host,
        "--port",
        str(chosen.portal),
        # What a page says on its socket is a line; anybody may open one.
        "--ws-max-size",
        "4096",
        # Compressing the same patch again for each of a thousand sockets makes the fan-out four times as dear.
        "--ws-per-message-deflate",
        "false",
    )
    quiet = ("--log-level", "warning", "--no-access-log", "--no-server-header")
    # No proxy stands in front: a forwarded address would be a viewer's invention.
    safe = ("--no-proxy-headers", "--timeout-graceful-shutdown", "3")
    # The lab opens strangers' files: it gets the queue. Not the database, not the site's key, and no engine: its
    # contracts name the one that is leased for the job.
    lab = {
        **machine_environment(
            "OMP_", "CUDA_", "HF_", "GAVEL_LAB_", "GAVEL_BENCH_", "GAVEL_TRAIN_", "GAVEL_QUANTISE_"
        ),
        **{name: site[name] for name in FOR_THE_LAB},
        "GAVEL_REDIS_URL": lab_redis,
        **registry_environment(),
    }
    return [
        Part("migrate", (sys.executable, "-c", MIGRATE), trusted, once=True, needs=stores),
        Part(
            name="portal",
            argv=(*uvicorn, *quiet, *safe),
            environment=trusted,
            gate=gates.http(f"{address}/healthz"),
            needs=(*stores, "migrate"),
            address=address,
            port=chosen.portal,
        ),
        Part(
            name="control",
            argv=(*python, "workers.control"),
            environment=trusted,
            ready_file=options.data_dir / "ready" / "control",
            needs=(*stores, "migrate", "portal"),
            grace=15,
        ),
        Part(
            name="lab",
            argv=(*python, "workers.lab"),
            environment=lab,
            ready_file=options.data_dir / "ready" / "lab",
            needs=(*stores, "portal"),
            grace=40,  # a training run puts its checkpoint away first
        ),
    ]


def _site(
    options: Options, chosen: Ports, secrets: Secrets, stores: list[Part], given: Mapping[str, str]
) -> dict[str, str]:
    """The settings of trusted processes: what was given wins, the rest is this stack's own."""
    addresses = {part.name: part.address or "" for part in stores}
    own = {
        "GAVEL_DATABASE_URL": addresses.get("postgres", ""),
        "GAVEL_REDIS_URL": addresses.get("valkey", ""),
        "GAVEL_STORAGE_URL": (options.data_dir / "files").as_uri(),
        "GAVEL_ENGINE_URLS": f"http://{LOOPBACK}:{chosen.engine}",
        "GAVEL_ENGINE_TOKEN": secrets.engine_token,
        "GAVEL_SECRET_KEY": secrets.secret_key,
        "GAVEL_OPERATOR_TOKEN": secrets.operator_token,
        "GAVEL_PUBLIC_URL": f"http://{_shown_host(options)}:{chosen.portal}",
        "GAVEL_INTERNAL_URL": f"http://{_reached_host(options)}:{chosen.portal}",
        "GAVEL_WEB_DIR": str(REPOSITORY / "web" / "dist"),
    }
    wanted = {name: value for name, value in given.items() if name.startswith("GAVEL_")}
    lan = {"GAVEL_ALLOW_LAN_HTTP": "1"} if options.lan else {}
    return {**own, **wanted, **lan, "GAVEL_DATA_DIR": str(options.data_dir)}


def _choose_ports(options: Options, given: Mapping[str, str], screen: Screen) -> Ports:
    """A port for each part that is started; one that stands elsewhere keeps its usual number, unused."""
    taken: set[int] = set()

    def choose(host: str, wanted: int, purpose: str, elsewhere: str = "") -> int:
        if elsewhere in given:
            return wanted
        port = ports.choose(host, wanted, purpose, frozenset(taken))
        taken.add(port.number)
        if port.note:
            screen.say(port.note)
        return port.number

    return Ports(
        portal=choose(options.host, options.port, "the portal"),
        engine=choose(LOOPBACK, ENGINE_PORT, "the engine", "GAVEL_ENGINE_URLS"),
        valkey=choose(LOOPBACK, VALKEY_PORT, "Valkey", "GAVEL_REDIS_URL"),
    )


def _shown_host(options: Options) -> str:
    """The host in the addresses that people are given."""
    if options.host not in ("0.0.0.0", "::"):
        return options.host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # sends nothing; only asks which of our addresses faces the network
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def _reached_host(options: Options) -> str:
    """The host under which our own processes reach the portal."""
    return LOOPBACK if options.host in ("0.0.0.0", "::") else options.host
