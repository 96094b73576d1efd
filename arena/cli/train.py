"""`gavel train RECIPE`: a training run of a site, made again on this machine."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from shutil import copy
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape

from arena.training.commands import Recipe
from arena.training.contracts import Event, Loading, Point, Ready, Refused, Trained, TrainJob
from workers.pool.model_store import ModelDamaged, check_model

CHILD = [sys.executable, "-I", "-m", "workers.lab.train.child"]
RECORD = "record.json"

_event: TypeAdapter[Event] = TypeAdapter(Event)


def train(
    recipe: Annotated[Path, typer.Argument(help="The run's recipe, as its page gives it (JSON).")],
    data: Annotated[Path, typer.Option(help="The data set in its canonical form.")],
    out: Annotated[Path, typer.Option(help="Folder for the adapter and its record; must be new or empty.")],
    parent: Annotated[Path | None, typer.Option(help="Folder with the adapter that it begins with.")] = None,
    base: Annotated[
        Path | None, typer.Option(help="Folder with the prepared base model; default: this machine's own.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")] = Path(".gavel"),
) -> None:
    """Train what a run of a site has trained: the same recipe, data and base weights, each compared by its hash.

    Runs on this machine, in one process, and needs torch, transformers, peft and trl. Exit code 1: it was refused.
    """
    console = Console(stderr=True)
    try:
        asked = _recipe(recipe)
        _require_same_data(asked, data)
        weights = _base(asked, base or data_dir / "models" / asked.base_model)
        if (asked.parent is not None) != (parent is not None):
            raise ValueError(
                "--parent: the recipe begins with an adapter, or it does not; so must this command."
            )
        if out.exists() and any(out.iterdir()):
            raise ValueError(f"--out: {out} is not empty.")
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        console.print(f"[red]{escape(str(recipe))} is no recipe:[/] {escape(wrong)}")
        raise typer.Exit(2) from error
    except (OSError, ValueError, ModelDamaged) as error:
        console.print(f"[red]Not trained:[/] {escape(str(error))}")
        raise typer.Exit(2) from error
    if asked.spec.processes > 1:
        console.print(
            f"The run had {asked.spec.processes} processes; here is one, with the same rows in each step."
        )
    _train(console, asked, data, weights, parent, out)


def _recipe(file: Path) -> Recipe:
    """By itself, or in what the site answers about it."""
    said = json.loads(file.read_bytes())
    return Recipe.model_validate(said["recipe"] if isinstance(said, dict) and "recipe" in said else said)


def _require_same_data(asked: Recipe, data: Path) -> None:
    with data.open("rb") as file:
        if file_digest(file, "sha256").hexdigest() != asked.data:
            raise ValueError(f"--data: {data} is not the data set of this run (sha256 {asked.data[:16]}…).")


def _base(asked: Recipe, folder: Path) -> Path:
    digest = check_model(folder).base_digest
    if asked.base_digest not in (None, digest):
        raise ValueError(f"--base: {folder} holds other weights than the run began with.")
    return folder


def _train(
    console: Console, asked: Recipe, data: Path, weights: Path, parent: Path | None, out: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="gavel-train-") as folder:
        made = Path(folder) / "out"
        made.mkdir()
        job = TrainJob(
            spec=asked.spec.model_copy(update={"profile": "single", "processes": 1}),
            budget=asked.budget,
            dtype=asked.dtype,
            max_rank=asked.max_rank,
            base_model=asked.base_model,
            model_dir=str(weights.resolve()),
            data=str(data.resolve()),
            parent_dir=str(parent.resolve()) if parent else None,
            out=str(made),
        )
        path = Path(folder) / "job.json"
        path.write_text(job.model_dump_json())
        with _events(path, Path(folder) / "log") as events:
            last = _shown(console, events)
        if isinstance(last, Refused):
            console.print(f"[red]Refused ({last.refusal.code}):[/] {escape(last.refusal.message)}")
            raise typer.Exit(1)
        if not isinstance(last, Trained):
            tail = (Path(folder) / "log").read_text(errors="replace")[-2000:]
            console.print(f"[red]The training process broke.[/]\n{escape(tail)}")
            raise typer.Exit(2)
        out.mkdir(parents=True, exist_ok=True)
        for file in (made / "adapter").iterdir():
            copy(file, out / file.name)
        (out / RECORD).write_text(last.record.model_dump_json(indent=2) + "\n")
    console.print(
        f"[bold]{last.record.steps} steps[/] ({last.stopped}). The adapter is in {escape(str(out))}."
    )


@contextmanager
def _events(job: Path, log: Path) -> Iterator[Iterator[Event]]:
    """What the process says; what its libraries say goes to `log`."""
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [*CHILD, str(job)], stdout=subprocess.PIPE, stderr=said, stdin=subprocess.DEVNULL
        ) as child,
    ):
        try:
            assert child.stdout is not None
            yield (_event.validate_json(line) for line in child.stdout)
        finally:
            child.terminate()


def _shown(console: Console, events: Iterator[Event]) -> Event | None:
    """Returns the last one."""
    last, steps = None, 0
    for event in events:
        last = event
        if isinstance(event, Loading):
            console.print(f"loading: {event.note}")
        elif isinstance(event, Ready):
            steps = event.steps
            console.print(f"{event.rows} rows, {steps} steps")
        elif isinstance(event, Point):
            console.print(
                f"step {event.step}/{steps}  loss {event.loss:.4f}  {event.tokens_per_second:.0f} tokens/s"
            )
    return last
