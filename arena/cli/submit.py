"""`gavel submit PATH`: upload what lies there and wait for the verdict."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from arena.cli.finding import Files, NothingFound, find
from arena.cli.sending import send_files
from arena.cli.site import Refused, SiteClient, find_site
from arena.shows.rules import Artifact
from arena.submissions.artifacts import JUDGED_ONLY

MARKS = {"passed": "[green]✓[/]", "warning": "[yellow]![/]", "refused": "[red]✗[/]", "pending": "·"}
SETTLED = {"refused", "failed", "ready", "cancelled", "withdrawn"}


def submit(
    path: Annotated[
        Path, typer.Argument(help="An adapter's or a model's folder, a .jsonl or .parquet file, a text file.")
    ],
    entry: Annotated[str, typer.Option(help="Name of the entry; made when it does not exist.")],
    token: Annotated[
        str, typer.Option(envvar="GAVEL_TOKEN", help="Your API token (from the contestant's page).")
    ],
    kind: Annotated[
        Artifact | None, typer.Option(help="What it is; default: found by what is there.")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Of a data set: an SPDX id such as CC-BY-4.0, “own”, or “other” with a note."),
    ] = None,
    licence_note: Annotated[str, typer.Option(help="Where the data comes from.")] = "",
    url: Annotated[
        str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
) -> None:
    """Upload an adapter, a data set, a system prompt or a full model, follow the checks, and say how they ended.

    Exit code 1: refused.
    """
    console = Console(stderr=True)
    try:
        artifact, files = find(path, kind)
    except NothingFound as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(2) from error
    declared = {"id": licence, "note": licence_note} if licence is not None else None
    address, _ = find_site(url, token, data_dir)
    try:
        final = asyncio.run(_submit(SiteClient(address, token), entry, artifact, files, declared, console))
    except (Refused, TimeoutError, OSError) as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from error
    if not _admitted(final):
        refusal = final["refusal"] or {"code": final["state"], "message": ""}
        console.print(f"[red]Not admitted:[/] {refusal['message']} ({refusal['code']})")
        raise typer.Exit(1)
    console.print(f"[green]Admitted.[/] digest {final['digest']}")
    if artifact in JUDGED_ONLY:
        console.print(f"It is kept, but does not go on stage: this site cannot put a {artifact} there yet.")


def _admitted(state: dict[str, Any]) -> bool:
    """As far as versions of its kind get."""
    return bool(state["state"] == ("verified" if state["artifact"] in JUDGED_ONLY else "ready"))


async def _submit(
    site: SiteClient,
    entry: str,
    artifact: Artifact,
    files: Files,
    licence: dict[str, str] | None,
    console: Console,
) -> dict[str, Any]:
    entries = {row["name"]: row["id"] for row in await site.get("/entries")}
    entry_id = entries.get(entry) or (await site.post("/entries", {"name": entry}))["id"]
    columns = ("uploading", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("uploading", total=None)
        sent = await send_files(
            site,
            entry_id,
            artifact,
            files,
            lambda there, total: bar.update(task, completed=there, total=total),
            licence,
        )
    console.print(f"Uploaded as version {sent['version']} of “{entry}”.")
    channel = f"submission:{sent['id']}"
    async with site.watch(channel) as watch:
        with console.status("waiting for the verdict") as status:
            told: set[str] = set()

            def settled(state: dict[str, Any]) -> bool:
                for check in state["checks"]:
                    if check["code"] not in told:
                        told.add(check["code"])
                        console.print(f"  {MARKS[check['status']]} {check['code']}")
                status.update(describe(state))
                return state["state"] in SETTLED or _admitted(state)

            final: dict[str, Any] = await watch.until(channel, settled, 3600, "a verdict")
    await site.close()
    return final


def describe(state: dict[str, Any]) -> str:
    """One line for the person waiting."""
    if state["waiting"]:
        return f"{state['state']}: {state['waiting']['reason']} (place {state['waiting']['position'] + 1})"
    progress = state["progress"]
    return (
        f"{state['state']}: {progress['done']}/{progress['total']} {progress['note']}"
        if progress
        else state["state"]
    )
