"""`gavel engine`: join this machine to a site as a pool node."""

import asyncio
import json
import logging
import os
import socket
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn

from arena.cli.engine_driver import DriverName, Elsewhere, remote
from arena.cli.site import Refused, SiteClient
from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, BaseModel
from workers.pool.environment import EnvironmentFault, ensure
from workers.pool.node import create_node_app
from workers.pool.protocol import Health
from workers.pool.serve import Remote, fake_agent, remote_agent, vllm_agent

KEPT = "node.json"
"""In the data directory, for this user alone: the token that this node was given when it joined."""


@dataclass(frozen=True)
class Join:
    """How to become a node of a site: a token from its operator, the site, and where the site reaches this machine."""

    token: str
    site: str
    url: str


def joined(join: Join, health: Health, data_dir: Path) -> str:
    """Join, and keep the token that callers will present. Raises Refused, OSError."""
    body = {"token": join.token, "url": join.url, "health": health.model_dump(mode="json", by_alias=True)}

    async def ask() -> str:
        site = SiteClient(join.site)
        try:
            return str((await site.post("/nodes/join", body))["bearer"])
        finally:
            await site.close()

    try:
        bearer = asyncio.run(ask())
    except httpx.HTTPError as error:
        raise OSError(f"{join.site} did not answer: {error!r}") from error
    kept = data_dir / KEPT
    kept.unlink(missing_ok=True)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        kept_now = {"site": join.site, "url": join.url, "bearer": bearer, "joined_with": _digest(join.token)}
        json.dump(kept_now, file)
    return bearer


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def kept_token(data_dir: Path, joined_with: str | None = None) -> str:
    """The token of an earlier join; empty when there was none. `joined_with`: of a join with this token alone."""
    try:
        kept = json.loads((data_dir / KEPT).read_text())
        if joined_with is not None and kept.get("joined_with") != _digest(joined_with):
            return ""
        return str(kept["bearer"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if joined_with is not None:
            return ""  # it joins anew
        raise typer.BadParameter(f"{data_dir / KEPT} is damaged; join this node anew") from error


def run_engine(
    host: str,
    port: int,
    data_dir: Path,
    fake: bool,
    token: str,
    *,
    environment_dir: Path = Path(".venv-engine"),
    base: BaseModel = HOUSE_MODEL,
    model_dir: Path | None = None,
    cores: str | None = None,
    hardware_class: str | None = None,
    quarantine: bool = False,
    join: Join | None = None,
    server: Remote | None = None,
) -> None:
    """Serve the node agent until it is told to stop. `server`: an engine elsewhere, instead of one here. Raises
    EnvironmentFault when there is no vLLM to start, Refused when the site does not take this node."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if fake:
        agent = fake_agent(data_dir, base=base, model_dir=model_dir)
    elif server is not None:
        agent = remote_agent(data_dir, server, base=base, model_dir=model_dir, hardware_class=hardware_class)
    else:
        environment = ensure(
            environment_dir, lambda done, total, note: print(f"[{done:3d}/{total}] {note}", flush=True)
        )
        agent = vllm_agent(
            data_dir,
            environment,
            base=base,
            model_dir=model_dir,
            cores=cores,
            hardware_class=hardware_class,
            quarantine=quarantine,
        )
    if join is not None:
        token = joined(join, agent.health(), data_dir)
    app = create_node_app(agent, token)
    # A stream that is still running must not keep the engine alive for minutes after Ctrl-C.
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=3,
    )


def engine(
    token: Annotated[
        str,
        typer.Option(envvar="GAVEL_ENGINE_TOKEN", help="What callers must present; the portal has the same."),
    ] = "",
    join: Annotated[
        str | None,
        typer.Option(
            "--join", envvar="GAVEL_JOIN_TOKEN", help="One-time token of a site; see gavel nodes token."
        ),
    ] = None,
    site: Annotated[str | None, typer.Option("--site", envvar="GAVEL_URL", help="The site to join.")] = None,
    advertise: Annotated[
        str | None,
        typer.Option("--advertise", help="Where the site reaches this node, http://10.0.0.7:8700."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8700,
    data_dir: Annotated[
        Path, typer.Option(envvar="GAVEL_DATA_DIR", help="Models, adapters and logs are kept here.")
    ] = Path(".gavel"),
    fake: Annotated[bool, typer.Option("--fake", help="Pretend: fixed sentences. For tests.")] = False,
    environment: Annotated[
        Path, typer.Option(envvar="GAVEL_ENGINE_ENV", help="The virtual environment that holds vLLM.")
    ] = Path(".venv-engine"),
    base_model: Annotated[
        str, typer.Option(envvar="GAVEL_BASE_MODEL", help="What is served; see gavel models list.")
    ] = HOUSE_MODEL.id,
    model_dir: Annotated[
        Path | None, typer.Option(envvar="GAVEL_MODEL_DIR", help="A prepared model elsewhere.")
    ] = None,
    cores: Annotated[
        str | None,
        typer.Option(envvar="GAVEL_ENGINE_CORES", help='Cores for the engine, "0-3"; all by default.'),
    ] = None,
    hardware_class: Annotated[
        str | None, typer.Option(envvar="GAVEL_HARDWARE_CLASS", help="Name this machine's class yourself.")
    ] = None,
    quarantine: Annotated[
        bool,
        typer.Option(
            "--quarantine",
            envvar="GAVEL_ENGINE_QUARANTINE",
            help="Only probe adapters that nobody has met yet; no duel runs here.",
        ),
    ] = False,
    driver: Annotated[
        DriverName,
        typer.Option(
            help="What answers: vLLM, started here; or a server by its address. See infra/deploy/README.md."
        ),
    ] = DriverName.VLLM,
    upstream: Annotated[
        str | None, typer.Option(envvar="GAVEL_UPSTREAM", help="The server's address, http://10.0.0.9:8000.")
    ] = None,
    upstream_key_env: Annotated[
        str | None, typer.Option(help="The environment variable that holds the server's key.")
    ] = None,
    upstream_key_file: Annotated[
        Path | None, typer.Option(help="The file that holds the server's key.")
    ] = None,
    upstream_model: Annotated[
        str | None, typer.Option(help="ray-serve: the model_id of the base model there.")
    ] = None,
    lora_path: Annotated[
        str | None,
        typer.Option(
            help="ray-serve: the bucket of its dynamic_lora_loading_path. openai: a folder shared with the server."
        ),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="openai: a JSON file, adapter digest → name of the model there.")
    ] = None,
    slots: Annotated[
        int | None,
        typer.Option(min=1, help="Adapters that the server holds at once (its max_loras); 8 by default."),
    ] = None,
) -> None:
    """Join this machine to a site as an engine node."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    said = Elsewhere(upstream, upstream_key_env, upstream_key_file, upstream_model, models, lora_path, slots)
    here = {"--fake": fake, "--cores": cores is not None, "--quarantine": quarantine}
    server = remote(driver, said, here)
    token, joining = _entrance(token, join, site, advertise, host, port, data_dir)
    try:
        run_engine(
            host, port, data_dir, fake, token,
            environment_dir=environment, base=_known(base_model), model_dir=model_dir, cores=cores,
            hardware_class=hardware_class, quarantine=quarantine, join=joining, server=server,
        )  # fmt: skip
    except (EnvironmentFault, Refused, OSError) as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from fault


def _known(base_model: str) -> BaseModel:
    if base_model not in BASE_MODELS:
        known = ", ".join(BASE_MODELS)
        raise typer.BadParameter(
            f"there is no base model {base_model!r}, only {known}; GAVEL_BASE_MODELS adds more"
        )
    return BASE_MODELS[base_model]


def _entrance(
    token: str,
    join: str | None,
    site: str | None,
    advertise: str | None,
    host: str,
    port: int,
    data_dir: Path,
) -> tuple[str, Join | None]:
    """By what callers are known: a join, a given token, or the one that an earlier join left. A token that has been
    used for this node is not used again: whoever starts it anew, as systemd does, need not take it away first."""
    join = join or None
    if join is not None and (kept := kept_token(data_dir, joined_with=join)):
        return kept, None
    if join is not None:
        if not site:
            raise typer.BadParameter("--join needs --site, the address of the site")
        return "", Join(join, site, advertise or f"http://{_reached_as(host, site)}:{port}")
    token = token or kept_token(data_dir)
    if not token:
        raise typer.BadParameter("give GAVEL_ENGINE_TOKEN, or join a site with --join TOKEN --site URL")
    return token, None


def _reached_as(host: str, site: str) -> str:
    """The address of this machine on the way to the site, when it listens on all of them."""
    if host not in ("0.0.0.0", "::"):
        return host
    url = httpx.URL(site)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # sends nothing
        probe.connect((url.host, url.port or 80))
        return str(probe.getsockname()[0])


if __name__ == "__main__":
    typer.run(engine)
