"""`gavel quantise`: the environment in which a machine of the lab writes models with fewer bits."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from workers.lab.export import environment
from workers.pool.environment import EnvironmentFault

quantise = typer.Typer(
    no_args_is_help=True, help="Quantise: what a lab needs to export models with fewer bits."
)

Place = Annotated[
    Path | None,
    typer.Option(
        "--env", help=f"Folder of the environment; default: {environment.PLACE}, or .venv-quantise."
    ),
]


@quantise.command()
def setup(env: Place = None) -> None:
    """Build the environment on this machine from its lock, about 2 GB. Run again, it goes on with what is missing."""
    console = Console(stderr=True)
    folder = env or environment.place()
    try:
        built = environment.build(
            folder,
            lambda done, total, note: console.print(f"[{done:3d}/{total}] {escape(note)}", markup=False),
        )
    except EnvironmentFault as fault:
        console.print(f"[red]Not built:[/] {escape(str(fault))}")
        raise typer.Exit(1) from fault
    console.print(f"{built.build} is in {escape(str(folder))}.")
    if folder.resolve() == environment.place().resolve():
        console.print("Labs on this machine use it from their next export on.")
    else:
        console.print(
            f"Labs find it there when they are started with {environment.PLACE}={escape(str(folder.resolve()))}."
        )


@quantise.command()
def status() -> None:
    """Whether this machine can quantise, and with what. Exit code 1: it cannot."""
    found = environment.here()
    console = Console()
    if found is None:
        console.print(f"This machine cannot quantise. `{environment.COMMAND}` builds what it needs.")
        raise typer.Exit(1)
    console.print(f"{found.build} in {escape(str(environment.place()))}")
