"""`gavel ratings recompute`: the ratings of a season, computed again by anybody from what was published."""

import json
import zlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arena.ratings.computing import compute
from arena.ratings.contracts import Computed
from arena.ratings.evidence import NotEvidence, basis_of, differences, read, unlike
from arena.ratings.schemas import SnapshotOut

ratings = typer.Typer(no_args_is_help=True, help="Ratings that anybody can compute again.")


@ratings.callback()
def _ratings() -> None:
    """Ratings that anybody can compute again."""


@ratings.command()
def recompute(
    evidence: Annotated[Path, typer.Argument(help="The season's evidence, as the site gives it.")],
    snapshot: Annotated[
        Path | None,
        typer.Option(help="A snapshot of its ratings (/api/ratings/snapshots/ID), to be compared."),
    ] = None,
    house: Annotated[
        str | None, typer.Option(help="Id of the house's entry, where there is no snapshot to say it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compute ratings from certified counts, and say where a published snapshot is another one. Offline, no account.

    Exit code 1: something is not as it was published. 2: it cannot be computed.
    """
    try:
        found = read(evidence.read_bytes())
        published = SnapshotOut.model_validate_json(snapshot.read_bytes()) if snapshot else None
        if published is not None:
            if published.basis is None:
                raise NotEvidence("the snapshot is of a release that did not keep what it was computed from")
            if published.rules_digest != found.head.rules_digest:
                raise NotEvidence("the snapshot is of a season with other rules than the evidence")
            again = compute(published.basis)
            problems = unlike(found, published.basis) + differences(_of(published), again)
        elif house is not None:
            again, problems = compute(basis_of(found, house)), []
        else:
            raise NotEvidence("give a snapshot to compare with, or the house's entry with --house")
    except (OSError, EOFError, zlib.error, ValueError) as error:
        Console(stderr=True, soft_wrap=True).print(
            f"[red]The ratings cannot be computed:[/] {escape(str(error))}"
        )
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps({"problems": problems, **again.model_dump(mode="json")}, ensure_ascii=False))
    else:
        _show(Console(soft_wrap=True, highlight=False), again, problems, compared=published is not None)
    raise typer.Exit(1 if problems else 0)


def _of(published: SnapshotOut) -> Computed:
    return Computed(
        duels=published.duels,
        close_call=published.close_call,
        rows=tuple(published.rows),
        effects=tuple(published.effects),
        check=published.check,
    )


def _show(console: Console, again: Computed, problems: list[str], compared: bool) -> None:
    table = Table("place", "entry", "rating", "95 %", "duels", title=f"from {again.duels} duels")
    for row in again.rows:
        place = f"{row.rank}–{row.rank_to}" if row.rank else "—"
        interval = f"{row.lo:.1f} … {row.hi:.1f}" if row.lo is not None and row.hi is not None else ""
        rating = f"{row.rating:.1f}" if row.rating is not None else str(row.reason)
        table.add_row(place, row.entry, rating, interval, str(row.duels))
    console.print(table)
    for problem in problems:
        console.print(f"[red]✗[/] {escape(problem)}")
    if compared and not problems:
        console.print("[green]The same:[/] counts as certified, numbers as published.")
