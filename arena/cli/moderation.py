"""`gavel moderation …`: try word lists on a set of texts, and import one into a site."""

import asyncio
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arena.cli.site import Refused, SiteClient, find_site
from arena.moderation.engine import Engine
from arena.moderation.evaluation import BadSet, Case, Miss, Rates, Report, as_json, evaluate, read_cases
from arena.moderation.rules import Action
from arena.moderation.wordlists import BadList, Problem, parse, shipped, word_list

moderation = typer.Typer(no_args_is_help=True, help="Word lists: measure them, import them.")

SHOWN = 200
"""Wrong lines named on the screen."""

Url = Annotated[str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")]
Token = Annotated[
    str | None, typer.Option(envvar="GAVEL_TOKEN", help="API token of a moderator or a producer.")
]
DataDir = Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")]


@moderation.command("eval")
def evaluate_file(
    file: Annotated[Path, typer.Argument(help='JSONL of {"text", "expect", "category"}.', dir_okay=False)],
    as_json_: Annotated[bool, typer.Option("--json", help="The whole report as JSON.")] = False,
    lists: Annotated[
        list[Path] | None, typer.Option("--list", help="Word list to try instead of the starter lists.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Ask this site's active lists and guard instead, with --token.")
    ] = None,
    token: Token = None,
) -> None:
    """Print pass and refusal rates, and every line that was judged otherwise. Exit code 1: a line is malformed."""
    console = Console(stderr=True)
    try:
        cases = read_cases(_read(file, console))
        found = asyncio.run(_ask(url, token, cases)) if url else _offline(cases, lists or [])
    except (BadSet, BadList) as error:
        _tell(console, error.problems)
        raise typer.Exit(1) from error
    except (Refused, OSError) as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error
    report = evaluate(cases, found)
    if as_json_:
        typer.echo(as_json(report))
    else:
        _show(report)


@moderation.command("import")
def import_list(
    name: Annotated[str, typer.Argument(help="Name of the list: small letters, digits, hyphens.")],
    file: Annotated[Path, typer.Argument(help="JSONL, one term a line.", dir_okay=False)],
    note: Annotated[str, typer.Option(help="What this version is, for the other moderators.")] = "",
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = Path(".gavel"),
) -> None:
    """Make FILE the active version of the list NAME. A single wrong line changes nothing. Exit code 1: refused."""
    console = Console(stderr=True)
    body = _read(file, console)
    address, found = find_site(url, token, data_dir)
    path = f"/moderation/lists/{quote(name, safe='')}/versions?{urlencode({'note': note})}"

    async def send() -> Any:
        site = SiteClient(address, found)
        try:
            return await site.send(path, body, "application/jsonl")
        finally:
            await site.close()

    try:
        made = asyncio.run(send())
    except Refused as refusal:
        console.print(f"[red]{escape(str(refusal))}[/]")
        _tell(console, [Problem(**problem) for problem in refusal.detail.get("problems", [])])
        raise typer.Exit(1) from refusal
    except OSError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error
    typer.echo(f"{made['name']} version {made['version']}: {made['terms']} terms, digest {made['digest']}")


def _read(file: Path, console: Console) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        console.print(f"[red]Cannot read {escape(str(file))}: {error.strerror}[/]")
        raise typer.Exit(2) from error


def _offline(cases: list[Case], lists: list[Path]) -> list[Action]:
    given = [word_list(path.stem, parse(path.read_bytes())) for path in lists] or list(shipped())
    return [verdict.action for verdict in Engine(given).check_all([case.text for case in cases])]


async def _ask(url: str, token: str | None, cases: list[Case]) -> list[Action]:
    site = SiteClient(url, token)
    try:
        answers = [await site.post("/moderation/check", {"text": case.text}) for case in cases]
    finally:
        await site.close()
    return [Action(answer["action"]) for answer in answers]


def _tell(console: Console, problems: list[Problem]) -> None:
    for problem in problems[:SHOWN]:
        where = f"line {problem.line}" if problem.line else "the file"
        console.print(f"  {where}: {escape(problem.message)}", highlight=False)
    if len(problems) > SHOWN:
        console.print(f"  … and {len(problems) - SHOWN} more")


def _show(report: Report) -> None:
    console = Console()
    table = Table("", "let through of those that should be", "refused of those that should be", "exact")

    def row(name: str, rates: Rates) -> None:
        table.add_row(
            name,
            f"{rates.passed}/{rates.good}{_percent(rates.pass_rate)}",
            f"{rates.refused}/{rates.bad}{_percent(rates.refusal_rate)}",
            f"{rates.exact}/{rates.good + rates.bad}",
        )

    row("all", report.total)
    for found in (report.languages, report.categories):
        table.add_section()
        for name in sorted(found):
            row(name, found[name])
    console.print(table)
    _misses(console, "Too strict", report.false_positives)
    _misses(console, "Too mild", report.false_negatives)


def _percent(rate: float | None) -> str:
    return "" if rate is None else f" ({rate:.1%})"


def _misses(console: Console, title: str, misses: list[Miss]) -> None:
    if misses:
        console.print(f"{title}:")
    for miss in misses:
        line = f"  line {miss.line}: {miss.found} instead of {miss.expect}: {miss.text}"
        console.print(escape(line), highlight=False)
