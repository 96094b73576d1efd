"""A suite out of question banks: what is asked for, checked all or nothing, becomes a spec and its files."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Literal
from uuid import NAMESPACE_OID, uuid5

from pydantic import Field, StringConstraints

from arena.benchmarks import suites
from arena.benchmarks.checking import (
    BadSuite,
    Numbered,
    Problem,
    check_rows,
    check_size,
    read_csv,
    read_jsonl,
)
from arena.benchmarks.contracts import FamilySpec, FileSource, SuiteSpec
from arena.benchmarks.rows import chance_of, write
from arena.kit.schemas import In
from arena.shows.base_models import HOUSE_MODEL, BaseModel

AIR = 10
"""Of a task that says nothing about it."""

Title = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class NewTask(In):
    name: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,59}$")]
    title: dict[Literal["zh", "en"], Title]
    text: Annotated[str, StringConstraints(strip_whitespace=False)]
    """The bank itself, as the file has it."""
    form: Literal["jsonl", "csv"] = "jsonl"
    scorer: Literal["exact", "number", "format", "contains"] = "exact"
    """Of answers that are written. A choice needs none."""
    max_tokens: int = Field(default=24, ge=1, le=512)
    until: tuple[
        Annotated[str, StringConstraints(min_length=1, max_length=20, strip_whitespace=False)], ...
    ] = ("\n",)
    air: int = Field(default=AIR, ge=0)


class NewSuite(In):
    id: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,39}$")]
    name: dict[Literal["zh", "en"], Title]
    licence: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Of the questions: an SPDX id, or what their publisher calls it."""
    tasks: list[NewTask] = Field(min_length=1, max_length=100)


def build(new: NewSuite, base: BaseModel = HOUSE_MODEL) -> tuple[SuiteSpec, list[bytes]]:
    """The suite, as version 1, and its files. Raises BadSuite with everything that is wrong."""
    problems = _said_twice(new.tasks)
    banks: list[Numbered] = []
    for task in new.tasks:
        # Half a character (a lone surrogate) is no text that a file could hold.
        body = task.text.encode(errors="surrogatepass")
        rows, found = read_csv(body, task.name) if task.form == "csv" else read_jsonl(body, task.name)
        found += check_rows(task.name, task.scorer, rows, base, task.max_tokens)
        problems += found or (
            [] if rows else [Problem("suite.too_few", "The file has no questions.", task.name)]
        )
        banks.append(rows)
    if not problems:
        problems = check_size(sum(map(len, banks)))
    if problems:
        raise BadSuite(problems)
    return _built(new, banks)


def _said_twice(tasks: Sequence[NewTask]) -> list[Problem]:
    names = [task.name for task in tasks]
    return [
        Problem("suite.bad_spec", "Two tasks have this name: rename one.", name)
        for name in sorted({name for name in names if names.count(name) > 1})
    ]


def _built(new: NewSuite, banks: Sequence[Numbered]) -> tuple[SuiteSpec, list[bytes]]:
    listed = [[row for _, row in bank] for bank in banks]
    # Of the questions, so that the same bank imported again is the same file.
    content = sha256("\n".join(sorted(row.line for rows in listed for row in rows)).encode()).hexdigest()
    canary = str(uuid5(NAMESPACE_OID, content))
    files = [write(rows, canary) for rows in listed]
    families = [
        FamilySpec(
            name=task.name,
            title=dict(task.title),
            source=FileSource(sha256=sha256(body).hexdigest()),
            kind="choice" if rows[0].options else "generate",
            items=len(rows),
            air=min(task.air, len(rows)),
            options=max(len(row.options) for row in rows),
            chance=chance_of(rows),
            max_tokens=task.max_tokens,
            scorer=task.scorer,
            until=task.until,
        )
        for task, rows, body in zip(new.tasks, listed, files, strict=True)
    ]
    suite = SuiteSpec(
        id=new.id,
        name=dict(new.name),
        version=1,
        generator=suites.load("reasoning").generator,
        seed=int(content[:8], 16),
        families=families,
        licence=new.licence,
        canary=canary,
    )
    return suite, files
