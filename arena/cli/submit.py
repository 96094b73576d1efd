"""`gavel submit DIR`: upload an adapter and wait for the verdict."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from arena.cli.sending import send_files
from arena.cli.site import Refused, SiteClient, find_site

FILES = ("adapter_config.json", "adapter_model.safetensors")
MARKS = {"passed": "[green]✓[/]", "warning": "[yellow]![/]", "refused": "[red]✗[/]", "pending": "·"}
SETTLED = {"refused", "failed", "ready", "cancelled", "withdrawn"}


def submit(
    directory: Annotated[
        Path, typer.Argument(help="Folder with adapter_config.json and adapter_model.safetensors.")
    ],
    entry: Annotated[str, typer.Option(help="Name of the entry; made when it does not exist.")],
    token: Annotated[
        str, typer.Option(envvar="GAVEL_TOKEN", help="Your API token (from the contestant's page).")
    ],
    url: Annotated[
        str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
) -> None:
    """Upload an adapter, follow the checks, and say whether it is admitted. Exit code 1: refused."""
    console = Console(stderr=True)
    files = [directory / name for name in FILES]
    for path in files:
        if not path.is_file():
            console.print(
                f"[red]There is no {path.name} in {directory}.[/] An adapter is exactly two files: "
                f"{' and '.join(FILES)}."
            )
            raise typer.Exit(2)
    address, _ = find_site(url, token, data_dir)
    try:
        final = asyncio.run(_submit(SiteClient(address, token), entry, files, console))
    except (Refused, TimeoutError, OSError) as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from error
    if final["state"] != "ready":
        refusal = final["refusal"] or {"code": final["state"], "message": ""}
        console.print(f"[red]Not admitted:[/] {refusal['message']} ({refusal['code']})")
        raise typer.Exit(1)
    console.print(f"[green]Admitted.[/] digest {final['digest']}")


async def _submit(site: SiteClient, entry: str, files: list[Path], console: Console) -> dict[str, Any]:
    entries = {row["name"]: row["id"] for row in await site.get("/entries")}
    entry_id = entries.get(entry) or (await site.post("/entries", {"name": entry}))["id"]
    columns = ("uploading", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("uploading", total=None)
        sent = await send_files(
            site, entry_id, files, lambda there, total: bar.update(task, completed=there, total=total)
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
                return state["state"] in SETTLED

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
