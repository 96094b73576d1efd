"""`gavel engine`: join this machine to a site as a pool node."""

import logging
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from workers.pool.environment import EnvironmentFault, ensure
from workers.pool.node import create_node_app
from workers.pool.serve import fake_agent, vllm_agent


def run_engine(
    host: str,
    port: int,
    data_dir: Path,
    fake: bool,
    token: str,
    *,
    environment_dir: Path = Path(".venv-engine"),
    model_dir: Path | None = None,
    cores: str | None = None,
    hardware_class: str | None = None,
    quarantine: bool = False,
) -> None:
    """Serve the node agent until it is told to stop. Raises EnvironmentFault when there is no vLLM to start."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if fake:
        agent = fake_agent(data_dir)
    else:
        environment = ensure(
            environment_dir, lambda done, total, note: print(f"[{done:3d}/{total}] {note}", flush=True)
        )
        agent = vllm_agent(
            data_dir,
            environment,
            model_dir=model_dir,
            cores=cores,
            hardware_class=hardware_class,
            quarantine=quarantine,
        )
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
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8700,
    data_dir: Annotated[
        Path, typer.Option(envvar="GAVEL_DATA_DIR", help="Models, adapters and logs are kept here.")
    ] = Path(".gavel"),
    fake: Annotated[
        bool, typer.Option("--fake", help="Pretend: fixed sentences, no model. For tests.")
    ] = False,
    environment: Annotated[
        Path, typer.Option(envvar="GAVEL_ENGINE_ENV", help="The virtual environment that holds vLLM.")
    ] = Path(".venv-engine"),
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
) -> None:
    """Join this machine to a site as an engine node."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        run_engine(
            host, port, data_dir, fake, token,
            environment_dir=environment, model_dir=model_dir, cores=cores, hardware_class=hardware_class,
            quarantine=quarantine,
        )  # fmt: skip
    except EnvironmentFault as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(1) from fault


if __name__ == "__main__":
    typer.run(engine)
