"""`gavel bench NAME`: measurements on this machine, each beside a baseline taken in the same call.

A bench is a function without arguments that returns figures; BENCHES says where it is.
"""

import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

import psutil
import typer
from rich.console import Console
from rich.table import Table

BENCHES = {
    "intake": "arena.cli.bench_intake:figures",
    "duel": "arena.cli.bench_duel:figures",
    "eval": "arena.cli.bench_eval:figures",
    "train": "arena.cli.bench_train:figures",
    "ratings": "arena.cli.bench_ratings:figures",
    "votes": "arena.cli.bench_votes:figures",
    "fraud": "arena.cli.bench_fraud:figures",
}


@dataclass(frozen=True)
class Figure:
    """One measurement. `ratio` is `value` to `baseline`; `aim` is in words and `holds` says whether it is met."""

    name: str
    value: float
    unit: str
    baseline: float
    ratio: float
    aim: str
    holds: bool


def figure(
    name: str,
    value: float,
    unit: str,
    baseline: float,
    aim: float,
    *,
    of: Literal["ratio", "value"] = "ratio",
    least: bool = False,
) -> Figure:
    """A figure that shall be at most `aim` (at `least` so much), which is about the ratio or about the value itself."""
    ratio = value / baseline
    aimed = ratio if of == "ratio" else value
    met = aimed >= aim if least else aimed <= aim
    said = f"{'≥' if least else '≤'} {aim:g}" + (f" {unit}" if of == "value" else "")
    return Figure(name, _short(value), unit, _short(baseline), _short(ratio), said, met)


def bench(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(BENCHES)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Measure something on this machine. Exit code 1: an aim is missed."""
    console = Console(stderr=True)
    if name not in BENCHES:
        console.print(f"[red]There is no bench “{name}”.[/] There are: {', '.join(BENCHES)}.")
        raise typer.Exit(2)
    # As in the lab's sandbox: one thread. Has to be said before numpy is imported.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    module, _, function = BENCHES[name].partition(":")
    run: Callable[[], list[Figure]] = getattr(import_module(module), function)
    with console.status(f"measuring {name}"):
        found = run()
    if as_json:
        result = {"name": name, "machine": machine(), "figures": [asdict(one) for one in found]}
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        console.print(_table(name, found))
    raise typer.Exit(0 if all(one.holds for one in found) else 1)


def machine() -> str:
    """The processor, its cores and the memory, in one line."""
    model = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        names = [line for line in cpu_info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    gigabytes = psutil.virtual_memory().total / 1e9
    return f"{model}, {psutil.cpu_count()} cores, {gigabytes:.0f} GB, Python {platform.python_version()}"


def _short(number: float) -> float:
    return float(f"{number:.4g}")


def _table(name: str, figures: list[Figure]) -> Table:
    table = Table("", "value", "baseline", "ratio", "aim", title=f"{name} on {machine()}")
    for one in figures:
        values = (f"{one.value:g} {one.unit}", f"{one.baseline:g} {one.unit}", f"{one.ratio:g}")
        table.add_row(one.name, *values, f"{one.aim} {'[green]✓[/]' if one.holds else '[red]✗[/]'}")
    return table
