"""`gavel suite …`: look at suites, check them, import question banks into a site, and take a suite out of it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arena.benchmarks import checking, suites
from arena.benchmarks.checking import BadSuite, Count, Problem
from arena.benchmarks.contracts import FileSource, SuiteSpec
from arena.benchmarks.importing import NewSuite, NewTask, build
from arena.cli.site import Refused, SiteClient, find_site
from arena.kit.schemas import In
from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, BaseModel, likely_tokens

suite = typer.Typer(no_args_is_help=True, help="Suites of questions: list, check, import, export, score.")

SHOWN = 50
"""Problems named on the screen."""

Url = Annotated[str | None, typer.Option(envvar="GAVEL_URL", help="The site; default: the one running here.")]
Token = Annotated[str | None, typer.Option(envvar="GAVEL_TOKEN", help="API token of a producer.")]
DataDir = Annotated[Path, typer.Option(envvar="GAVEL_DATA_DIR")]
Wanted = TypeVar("Wanted", bound=In)
Scorer = Literal["exact", "number", "format", "contains"]


@suite.command("list")
def list_suites(url: Url = None, token: Token = None, data_dir: DataDir = Path(".gavel")) -> None:
    """The suites that ship; with --url, those of a site."""
    if url is None:
        _table([_described(suites.load(name)) for name in suites.shipped()])
        return

    async def ask() -> Any:
        address, found = find_site(url, token, data_dir)
        site = SiteClient(address, found)
        try:
            return await site.get("/suites")
        finally:
            await site.close()

    _table([_counted(one) for one in _or_exit(ask)])


@suite.command("check")
def check(
    what: Annotated[str, typer.Argument(help="Id of a suite that ships, or a .json, .jsonl or .csv file.")],
    against: Annotated[
        Path | None, typer.Option(help="JSONL of a public training set that must not have the questions.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="Base model whose context the questions must fit.")
    ] = HOUSE_MODEL.id,
    tokenizer: Annotated[
        Path | None, typer.Option(help="Its tokenizer.json; default: the prepared model's, else an estimate.")
    ] = None,
    scorer: Annotated[Scorer, typer.Option(help="Of a bank whose answers are written.")] = "exact",
    data_dir: DataDir = Path(".gavel"),
) -> None:
    """Say what is wrong with a suite, line by line. Exit code 1: something is."""
    console = Console(stderr=True)
    try:
        if base not in BASE_MODELS:
            raise BadSuite([Problem("suite.bad_spec", f"There is no base model {base!r}.", "--base")])
        counted = _counter(tokenizer or data_dir / "models" / base / "tokenizer.json", tokenizer is not None)
        training = checking.texts_of(_read(against)) if against else None
        problems, count = _check(what, BASE_MODELS[base], counted, scorer, training)
    except BadSuite as bad:
        problems, count = bad.problems, 0
    if problems:
        _tell(console, problems, len(problems))
        raise typer.Exit(1)
    typer.echo(f"{what}: {count} questions, nothing wrong")


@suite.command("import")
def import_suite(
    id: Annotated[
        str, typer.Argument(help="Id of the suite: small letters, digits, _. Again: the next version.")
    ],
    files: Annotated[
        list[Path] | None, typer.Argument(help="JSONL or CSV question banks, one task each.")
    ] = None,
    harness: Annotated[
        list[str] | None,
        typer.Option(help="A task or group of lm-evaluation-harness, e.g. mmlu_abstract_algebra."),
    ] = None,
    include: Annotated[
        Path | None,
        typer.Option(
            help="Folder of your own harness tasks, instead of its own. Their YAML may run code on this machine."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many questions of a harness task.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people read; default: the id.")] = None,
    name_zh: Annotated[str | None, typer.Option(help="The same in Chinese.")] = None,
    licence: Annotated[
        str, typer.Option(help="Of the questions: an SPDX id, or what their publisher says.")
    ] = "",
    scorer: Annotated[Scorer, typer.Option(help="Of banks whose answers are written.")] = "exact",
    air: Annotated[int, typer.Option(min=0, help="Questions of each task that are asked on air.")] = 10,
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = Path(".gavel"),
) -> None:
    """Check question banks and make a suite of them. A single wrong line, and nothing is imported (exit code 1)."""
    console = Console(stderr=True)
    try:
        tasks = [_task(file, scorer, air) for file in files or []]
        if harness:
            from workers.lab import harness as tasks_of  # slow to import, and only needed here

            tasks += [
                task.model_copy(update={"air": air}) for task in tasks_of.tasks(harness, include, limit)
            ]
        new = _new(id, name or id, name_zh or name or id, licence, tasks)
        build(new)
    except BadSuite as bad:
        _tell(console, bad.problems, bad.count)
        raise typer.Exit(1) from bad

    async def send() -> Any:
        address, found = find_site(url, token, data_dir)
        site = SiteClient(address, found)
        try:
            return await site.post("/suites", new.model_dump(mode="json"))
        finally:
            await site.close()

    made = _or_exit(send)
    items = sum(family["items"] for family in made["families"])
    typer.echo(f"{made['id']} version {made['version']}: {items} questions, digest {made['digest']}")


@suite.command("export")
def export(
    id: Annotated[str, typer.Argument(help="Id of the suite.")],
    folder: Annotated[
        Path, typer.Argument(help="Where it goes; made when it is not there.", file_okay=False)
    ],
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = Path(".gavel"),
) -> None:
    """Write a suite down: SUITE.json and a file for each written task. With --url, out of a site."""
    if url is None and id in suites.shipped():
        spec = suites.load(id)
        bodies = {digest: suites.shipped_files()[digest].read_bytes() for digest in spec.files}
    else:
        spec, bodies = _or_exit(lambda: _fetch(id, url, token, data_dir))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{id}.json").write_text(
        json.dumps(spec.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    (folder / id).mkdir(exist_ok=True)
    for family in spec.families:
        if isinstance(family.source, FileSource):
            (folder / id / f"{family.name}.jsonl").write_bytes(bodies[family.source.sha256])
    typer.echo(f"{id} version {spec.version}: {folder / id}.json, digest {spec.digest}")


@suite.command("score")
def score(
    folder: Annotated[Path, typer.Argument(help="The folder of a run, out of its .zip.", file_okay=False)],
    output: Annotated[Path, typer.Argument(help="What lm_eval was given as --output_path.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Judge what your own lm_eval has logged, and compare it with the site's answers, question by question.
    Exit code 1: some are others."""
    from workers.lab.rejudge import NotThere, judge  # slow to import, and only needed here

    try:
        judged = judge(folder, output)
    except NotThere as error:
        Console(stderr=True).print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in judged], ensure_ascii=False))
    else:
        table = Table(
            "task", "questions", "right", "right at the site", "score", "answered otherwise", "largest gap"
        )
        for one in judged:
            otherwise = ", ".join(map(str, one.differing[:10])) or "none"
            table.add_row(
                one.task,
                str(one.n),
                str(one.correct),
                str(one.recorded),
                f"{one.score:.3f}",
                otherwise,
                f"{one.gap:g}",
            )
        Console().print(table)
    if any(one.differing for one in judged):
        raise typer.Exit(1)


async def _fetch(
    id: str, url: str | None, token: str | None, data_dir: Path
) -> tuple[SuiteSpec, dict[str, bytes]]:
    address, found = find_site(url, token, data_dir)
    site = SiteClient(address, found)
    try:
        told = await site.get(f"/suites/{id}/export")
    finally:
        await site.close()
    return SuiteSpec.model_validate(told["spec"]), {one: text.encode() for one, text in told["files"].items()}


@suite.command("seed")
def seed(
    release: Annotated[
        bool, typer.Option("--release", help="Show the seed that was drawn, for good.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Url = None,
    token: Token = None,
    data_dir: DataDir = Path(".gavel"),
) -> None:
    """Draw the season's own seed, once: its generated questions are new from then on. Only a commitment is shown."""
    warning = (
        "From now on everybody can make the season's questions, for good."
        if release
        else "The season's generated questions change for good: every score it has grows old. A season draws once."
    )
    if not yes:
        typer.confirm(f"{warning} Go on?", abort=True)

    async def ask() -> Any:
        address, found = find_site(url, token, data_dir)
        site = SiteClient(address, found)
        try:
            return await site.post("/seasons/current/seed" + ("/release" if release else ""))
        finally:
            await site.close()

    told = _or_exit(ask)
    typer.echo(f"commitment {told['commitment']}")
    if told["seed"] is not None:
        typer.echo(f"seed {told['seed']}, season {told['season_id']}")


# --- checking -----------------------------------------------------------------------------------------------------


def _check(
    what: str, base: BaseModel, count: Count, scorer: Scorer, training: Sequence[str] | None
) -> tuple[list[Problem], int]:
    """What is wrong, and how many questions there are."""
    path = Path(what)
    if path.suffix in (".jsonl", ".csv"):
        body = _read(path)
        rows, problems = (checking.read_csv if path.suffix == ".csv" else checking.read_jsonl)(
            body, path.stem
        )
        problems += checking.check_rows(path.stem, scorer, rows, base, count=count)
        problems += checking.check_size(len(rows)) if not problems else []
        return problems + (checking.leaked(path.stem, rows, training) if training else []), len(rows)
    spec, files = _suite(what)
    problems, total = _check_suite(spec, files, base, count, training)
    return problems + checking.check_size(total), total


def _suite(what: str) -> tuple[SuiteSpec, dict[str, bytes]]:
    if what in suites.shipped():
        return suites.load(what), {one: path.read_bytes() for one, path in suites.shipped_files().items()}
    path = Path(what)
    if path.suffix != ".json":
        known = ", ".join(suites.shipped())
        raise BadSuite(
            [Problem("suite.bad_spec", f"No suite that ships ({known}), and no file: {what}.", what)]
        )
    try:
        spec = SuiteSpec.model_validate_json(_read(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadSuite([Problem("suite.bad_spec", f"{where}: {first['msg']}.", path.name)]) from error
    if spec != suites.surprise():
        _require_free(spec.id)
    bodies = [one.read_bytes() for one in sorted((path.parent / spec.id).glob("*.jsonl"))]
    return spec, {sha256(body).hexdigest(): body for body in bodies}


def _check_suite(
    spec: SuiteSpec, files: dict[str, bytes], base: BaseModel, count: Count, training: Sequence[str] | None
) -> tuple[list[Problem], int]:
    problems: list[Problem] = []
    total = 0
    made = _generated(spec)
    for family in spec.families:
        if isinstance(family.source, FileSource):
            body = files.get(family.source.sha256)
            found = checking.check_file(family, body, base, count)
            rows = checking.read_jsonl(body, family.name)[0] if body else []
        else:
            rows, accepts = made[family.name]
            found = checking.check_rows(
                family.name, family.scorer, rows, base, family.max_tokens, count, accepts
            )
        problems += found + (checking.leaked(family.name, rows, training) if training else [])
        total += len(rows)
    return problems, total


def _generated(spec: SuiteSpec) -> dict[str, Any]:
    """Of each generated task the rows, and whether its own verifier accepts one's answer."""
    families = [family for family in spec.families if not isinstance(family.source, FileSource)]
    if not families:
        return {}
    from workers.lab.questions import SuiteUnavailable, made_rows  # slow to import, and only needed here

    try:
        return made_rows(spec.model_copy(update={"families": families}))
    except SuiteUnavailable as error:
        raise BadSuite([Problem("suite.generator", str(error), spec.id)]) from error


def _counter(tokenizer: Path, wanted: bool) -> Count:
    """Tokens as the base model counts them, where its tokenizer is; otherwise a low estimate."""
    if not tokenizer.is_file():
        if wanted:
            raise BadSuite([Problem("suite.bad_spec", f"There is no tokenizer {tokenizer}.", "--tokenizer")])
        return likely_tokens
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(tokenizer))
    return lambda text: len(loaded.encode(text).ids)


# --- importing ----------------------------------------------------------------------------------------------------


def _task(file: Path, scorer: Scorer, air: int) -> NewTask:
    form: Literal["csv", "jsonl"] = "csv" if file.suffix == ".csv" else "jsonl"
    body = _read(file)
    # Read here first: what is not UTF-8 could not be sent.
    rows, problems = (checking.read_csv if form == "csv" else checking.read_jsonl)(body, file.stem)
    if problems:
        raise BadSuite(problems)
    return _validated(
        NewTask,
        file.name,
        name=file.stem.casefold().replace("-", "_").replace(" ", "_"),
        title={"en": file.stem[:80], "zh": file.stem[:80]},
        text=body.decode("utf-8-sig"),
        form=form,
        scorer=scorer,
        air=min(air, max(1, len(rows))),
    )


def _new(id: str, name: str, name_zh: str, licence: str, tasks: list[NewTask]) -> NewSuite:
    if not tasks:
        raise BadSuite(
            [Problem("suite.bad_spec", "Nothing to import: name a file, or a task with --harness.")]
        )
    if not licence:
        raise BadSuite([Problem("suite.bad_spec", "Say under which --licence the questions may be used.")])
    _require_free(id)
    return _validated(NewSuite, id, id=id, name={"en": name, "zh": name_zh}, licence=licence, tasks=tasks)


def _require_free(id: str) -> None:
    if id == suites.SURPRISE:
        raise BadSuite([Problem("suite.reserved", suites.RESERVED, id)])


def _validated(kind: type[Wanted], what: str, **fields: Any) -> Wanted:
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadSuite([Problem("suite.bad_spec", f"{where}: {first['msg']}.", what)]) from error


# --- the screen ---------------------------------------------------------------------------------------------------


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadSuite([Problem("suite.file", f"Cannot be read: {error.strerror}.", str(file))]) from error


def _or_exit(ask: Any) -> Any:
    console = Console(stderr=True)
    try:
        return asyncio.run(ask())
    except Refused as refusal:
        console.print(f"[red]{escape(str(refusal))}[/]")
        problems = [Problem(**one) for one in refusal.detail.get("problems", [])]
        _tell(console, problems, refusal.detail.get("count", len(problems)))
        raise typer.Exit(1) from refusal
    except OSError as error:
        console.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error


def _tell(console: Console, problems: Sequence[Problem], count: int) -> None:
    for one in problems[:SHOWN]:
        where = ", ".join(part for part in (one.task, f"line {one.line}" if one.line else "") if part)
        console.print(
            f"  {escape(where)}: {escape(one.message)} ({one.code})", highlight=False, soft_wrap=True
        )
    if count > SHOWN:
        console.print(f"  … and {count - SHOWN} more")


def _described(spec: SuiteSpec) -> dict[str, Any]:
    families = [{"items": family.items, "air": family.air} for family in spec.families]
    return {"id": spec.id, "version": spec.version, "digest": spec.digest, "families": families}


def _counted(told: dict[str, Any]) -> dict[str, Any]:
    """A site names the questions that are asked on air; here their number is enough."""
    families = [{"items": family["items"], "air": len(family["air"])} for family in told["families"]]
    return {**told, "families": families}


def _table(listed: Sequence[dict[str, Any]]) -> None:
    table = Table("suite", "version", "tasks", "questions", "on air", "digest")
    for one in listed:
        families = one["families"]
        total, air = (str(sum(family[name] for family in families)) for name in ("items", "air"))
        table.add_row(one["id"], str(one["version"]), str(len(families)), total, air, one["digest"][:16])
    Console().print(table)
