"""`gavel invite ROLE`: a one-time link for a producer, judge, moderator or auditor."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from arena.accounts.rules import Role
from arena.cli.site import Refused, SiteClient, find_site


def invite(
    role: Annotated[Role, typer.Argument(help="What the invited person will be.")],
    hours: Annotated[int, typer.Option(help="How long the link works.", min=1, max=720)] = 72,
    url: Annotated[
        str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="GAVEL_TOKEN", help="An operator's or producer's API token.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
) -> None:
    """Print a link that gives one person a role. It works once."""
    address, found = find_site(url, token, data_dir)

    async def ask() -> str:
        site = SiteClient(address, found)
        made = await site.post("/invitations", {"role": role, "hours": hours})
        await site.close()
        return str(made["url"])

    try:
        typer.echo(asyncio.run(ask()))
    except (Refused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
