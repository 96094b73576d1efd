"""`gavel demo`: play one episode on a running site, as an outside client."""

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from arena.cli.episode import Episode, StepFailed
from arena.cli.site import Refused, find_site

DEMO = Path(__file__).resolve().parents[2] / "infra" / "demo"


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print everything that happened as JSON.")] = False,
    url: Annotated[
        str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")
    ] = None,
    token: Annotated[str | None, typer.Option(envvar="GAVEL_TOKEN", help="The operator's API token.")] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
    adapters: Annotated[Path, typer.Option(help="Folder with one adapter per subfolder.")] = DEMO
    / "adapters",
    phones: Annotated[int, typer.Option(help="Simulated viewers.", min=1, max=500)] = 50,
    pause: Annotated[
        float,
        typer.Option(help="Seconds for people watching, before each vote and after each reveal.", min=0),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seeds the sampling and the simulated tastes.")] = 1,
) -> None:
    """Upload three adapters, let every pair duel, let fifty phones vote, reveal. Exit code 1 if any step failed."""
    console = Console(stderr=True, highlight=False)
    address, found = find_site(url, token, data_dir)
    if found is None:
        console.print("The demo needs the operator's token: give --token.")
        raise typer.Exit(2)
    folders = sorted(path.parent for path in adapters.glob("*/adapter_model.safetensors"))
    if len(folders) < 2:
        console.print(f"There are fewer than two adapters in {adapters}.")
        raise typer.Exit(2)
    prompts = [prompt["en"] for prompt in json.loads((DEMO / "prompts.json").read_text())]
    began = time.monotonic()

    def tell(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {line}", markup=True)

    show = Episode(address, found, folders, prompts, phones, seed, tell, pause)
    try:
        result = asyncio.run(show.play())
    except (StepFailed, Refused, TimeoutError, OSError) as error:
        console.print(f"[bold red]The show stopped:[/] {error}")
        raise typer.Exit(1) from error
    result["timings"]["total"] = round(time.monotonic() - began, 2)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(console, result)


def _print(console: Console, result: dict[str, Any]) -> None:
    last = result["duels"][-1]
    for side, colour in (("left", "blue"), ("right", "dark_orange")):
        answer = last["answers"][side]
        console.print(f"\n[bold {colour}]{answer['entry']}[/] — {last['prompt']}")
        console.print(answer["text"].strip(), markup=False)
    table = Table(title="Leaderboard (received over WebSocket)", title_justify="left")
    for column in ("#", "Entry", "Rating", "95 % interval", "Accuracy"):
        table.add_column(column)
    for row in result["leaderboard"]["rows"]:
        rating = f"{row['rating']:.0f}" if row["rating"] is not None else "—"
        interval = f"{row['lo']:.0f} … {row['hi']:.0f}" if row["lo"] is not None else "—"
        score = row["accuracy"]
        accuracy = f"{100 * score['value']:.0f} % ± {100 * score['stderr']:.0f}" if score else "—"
        best, worst = row["rank"], row.get("rank_to") or row["rank"]
        place = "—" if best is None else f"{best}" if best == worst else f"{best}–{worst}"
        table.add_row(place, row["name"], rating, interval, accuracy)
    console.print()
    console.print(table)
    votes = sum(duel["votes"] for duel in result["duels"])
    console.print(
        f"{len(result['duels'])} duels, {votes} votes, all recounted against their published roots; "
        f"{result['websocket']['patches']} live patches; {result['timings']['total']:.0f} s."
    )
