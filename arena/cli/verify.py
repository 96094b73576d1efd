"""`gavel verify FILE`: whether an answer, an episode's chain of them, or the evidence of votes is what was recorded.
Offline, no account."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from arena.duels.verify import Check, Json, check_file
from arena.submissions.strict_json import StrictJsonError, parse
from arena.votes import recount

MAX_BYTES = 512 << 20
MAX_DEPTH = 32


def verify(
    file: Annotated[
        Path, typer.Argument(help="An answer's file, an episode's, or the evidence of a ballot or a season.")
    ],
    expected: Annotated[
        str | None,
        typer.Option("--hash", help="The hash it must have: from the site, or from somebody else's copy."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The checks as JSON.")] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="Of votes: the site's public key, as it was on air.")
    ] = None,
    root: Annotated[
        list[str] | None, typer.Option("--root", help="Of votes: a ballot's root, as it was on air.")
    ] = None,
    receipt: Annotated[
        list[str] | None, typer.Option("--receipt", help="Of votes: what a phone kept of its vote, as JSON.")
    ] = None,
) -> None:
    """Recompute every hash, the chain and the signatures of a file, count its votes again, and name what does not fit.

    Exit code 1: something does not hold. 2: it is no such file.
    """
    console = Console(soft_wrap=True, highlight=False)
    try:
        votes = _votes(file, key, root or [], receipt or [])
        if votes is not None:
            _show_votes(votes, as_json)
            raise typer.Exit(1 if votes.findings else 0)
        found = _read(file)
    except (OSError, StrictJsonError) as error:
        Console(stderr=True, soft_wrap=True).print(
            f"[red]{escape(str(file))} cannot be read:[/] {escape(str(error))}"
        )
        raise typer.Exit(2) from error
    checks = check_file(found, expected)
    holds = all(check.problem is None for check in checks)
    if as_json:
        typer.echo(json.dumps({"holds": holds, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _show(console, found, checks)
    raise typer.Exit(0 if holds else 1)


def _votes(file: Path, key: str | None, roots: list[str], receipts: list[str]) -> recount.Report | None:
    """The recount of a file of votes; None: it is another one. Raises OSError, StrictJsonError."""
    kept = [parse(receipt.encode(), MAX_DEPTH) for receipt in receipts]
    try:
        return recount.check(recount.lines_of(file), key, roots, kept)
    except recount.NoEvidence:
        return None


def _show_votes(report: recount.Report, as_json: bool) -> None:
    if as_json:
        said = {"holds": not report.findings, "counted": report.counted}
        found = [one._asdict() for one in report.findings]
        typer.echo(json.dumps(said | {"findings": found, "keys": sorted(report.keys)}, indent=2))
    else:
        typer.echo("\n".join(recount.tell(report)))


def _read(file: Path) -> Json:
    """Raises OSError, StrictJsonError."""
    if file.stat().st_size > MAX_BYTES:
        raise StrictJsonError(f"it is larger than {MAX_BYTES >> 20} MiB")
    found = parse(file.read_bytes(), MAX_DEPTH)
    if not isinstance(found, dict) or "format" not in found:
        raise StrictJsonError("it is JSON, but no answer and no episode of Gavel")
    return found


def _show(console: Console, file: Json, checks: list[Check]) -> None:
    where = ""
    for check in checks:
        if check.where != where:
            where = check.where
            console.print(f"[bold]{escape(where)}[/]")
        if check.problem is None:
            console.print(f"  [green]✓[/] {escape(check.name)}")
        else:
            console.print(f"  [red]✗ {escape(check.name)}[/]: {escape(check.problem)}")
    wrong = sum(check.problem is not None for check in checks)
    if wrong:
        console.print(f"[red]Changed:[/] {wrong} of {len(checks)} checks do not hold.")
        return
    console.print(f"[green]Unchanged:[/] all {len(checks)} checks hold.")
    console.print(f"  hash {escape(str(_last_hash(file)))}")
    console.print(
        "  A file that was made up whole agrees with itself too: compare this hash with the site's."
    )


def _last_hash(file: Json) -> object:
    """Of a chain, the last one, which stands for all."""
    answers = file.get("answers")
    return (answers[-1] if answers else {}).get("hash") if isinstance(answers, list) else file.get("hash")
