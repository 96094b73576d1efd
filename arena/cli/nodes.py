"""`gavel nodes`: what another machine needs to join this site as an engine node, and whether a class is one."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from arena.cli.site import Refused, SiteClient, find_site

Calibration = dict[str, Any]
LOOK_SECONDS = 2.0

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


@nodes.command()
def calibrate(
    hardware_class: Annotated[
        str, typer.Argument(metavar="CLASS", help="As `gavel nodes` and the track name it.")
    ],
    url: Annotated[
        str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="GAVEL_TOKEN", help="An operator's or producer's API token.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
) -> None:
    """Measure all engines of a class one after the other. Ends with 1 unless all of them are the same machine."""
    address, found = find_site(url, token, data_dir)
    try:
        ended = asyncio.run(_calibrated(SiteClient(address, found), hardware_class))
    except (Refused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for line in report(ended):
        typer.echo(line)
    if not all_the_same(ended):
        raise typer.Exit(1)


async def _calibrated(site: SiteClient, hardware_class: str) -> Calibration:
    """Asked for, and waited for to its end."""
    asked: Calibration = await site.post("/nodes/calibrations", {"hardware_class": hardware_class})
    try:
        while asked["state"] in ("queued", "running"):
            measured = sum(node["turn"] == "measured" for node in asked["nodes"])
            waits = f", {asked['reason']}" if asked["reason"] else ""
            typer.echo(f"{measured} of {len(asked['nodes'])} engines measured{waits}", err=True)
            await asyncio.sleep(LOOK_SECONDS)
            listed = await site.get("/nodes/calibrations")
            asked = next(one for one in listed if one["id"] == asked["id"])
    finally:
        await site.close()
    return asked


def report(calibration: Calibration) -> list[str]:
    """A line for each engine, and why."""
    rules = calibration["rules"]
    lines = [
        f"class {calibration['hardware_class']}: {calibration['state']} "
        f"(band ±{rules['band']:.0%}, tolerance {rules['tolerance']:g})"
    ]
    if calibration["reason"]:
        lines.append(calibration["reason"])
    for node in calibration["nodes"]:
        verdict = node["verdict"]
        if verdict is None:
            lines.append(f"{node['node_id']}  {node['turn']}  {node['reason'] or ''}".rstrip())
            continue
        same = "of the class" if verdict["same_class"] else "REFUSED as of this class"
        lines.append(
            f"{node['node_id']}  {verdict['speed']:.1f} tokens/s, {verdict['to_median']:.3f} of the median  {same}"
        )
        lines += [
            f"    beside {one['node_id']}: {one['speed_ratio']:.3f} of its speed, {one['agreeing']} of {one['of']} "
            f"tokens the same, log-probabilities {one['logprob_gap']:.3f} apart"
            for one in verdict["against"]
            if not one["same"]
        ]
    return lines


def all_the_same(calibration: Calibration) -> bool:
    """Also not, when one of them was left out: nobody knows."""
    verdicts = [node["verdict"] for node in calibration["nodes"]]
    return calibration["state"] == "done" and all(one is not None and one["same_class"] for one in verdicts)
