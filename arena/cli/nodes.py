"""`gavel nodes token`: what another machine needs to join this site as an engine node."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from arena.cli.site import Refused, SiteClient, find_site

nodes = typer.Typer(no_args_is_help=True, help="Engine nodes of a site.")


@nodes.callback()
def _nodes() -> None:
    """Engine nodes of a site."""


@nodes.command()
def token(
    url: Annotated[
        str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="GAVEL_TOKEN", help="An operator's or producer's API token.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
) -> None:
    """Print the command with which one machine joins. It works once, for an hour."""
    address, found = find_site(url, token, data_dir)

    async def ask() -> str:
        site = SiteClient(address, found)
        made = await site.post("/nodes/tokens")
        await site.close()
        return str(made["command"])

    try:
        typer.echo(asyncio.run(ask()))
    except (Refused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
