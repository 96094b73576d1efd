"""Is a suite fit to be asked? Every problem has a stable code, the line where it is, and what to do about it.

Nothing here repeats an item: problems are read by people who may not have seen the questions.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from pydantic import ValidationError

from arena.benchmarks import scoring
from arena.benchmarks.contracts import FamilySpec, FileSource, Scorer
from arena.benchmarks.rows import CANARY, BankRow, chance_of, in_order
from arena.moderation.wordlists import read_object
from arena.shows.base_models import HOUSE_MODEL, BaseModel, likely_tokens
from arena.submissions.datasets.overlap import all_grams, overlapping, private_grams
from arena.submissions.datasets.units import units_of

MAX_BYTES = 20 << 20
MAX_ROWS = 20_000
MIN_ROWS = 10
"""A quiz asks as many, and of fewer no score can be told from chance."""
MAX_PROBLEMS = 200
"""More than these are only counted: nobody reads on."""

CODES = {
    "suite.bad_spec": "the suite itself is not described as it must be",
    "suite.reserved": "the id is kept for a bank of Gavel's own",
    "suite.too_large": "a file is larger than is taken",
    "suite.encoding": "a line is not UTF-8",
    "suite.bad_json": "a line is not one JSON object",
    "suite.bad_csv": "the table cannot be read, or lacks a column",
    "suite.bad_row": "a field is missing, unknown, or of another kind than it must be",
    "suite.no_answer": "a question without its right answer",
    "suite.answer_not_offered": "the right answer is not among the options",
    "suite.same_options": "two options say the same",
    "suite.one_option": "a choice of one",
    "suite.mixed": "some questions have options and some have none",
    "suite.duplicate": "a question stands there twice",
    "suite.unanswerable": "the scorer does not accept the right answer",
    "suite.too_few": "too few questions",
    "suite.too_many": "more questions than are taken",
    "suite.too_long": "a question that does not fit into the base model's context",
    "suite.leaked": "a question stands in the training set that was given",
    "suite.file": "a file of the suite is missing or not the one that it names",
    "suite.order": "the rows do not stand in the published order",
    "suite.count": "the suite says another number of questions, or another chance, than its file has",
    "suite.images": "the questions have images, which the base model does not take",
    "suite.task_unknown": "the harness has no task of this name",
    "suite.task_unfit": "a harness task whose questions cannot be written down as ours",
    "suite.hub_unreachable": "the data of a harness task cannot be reached from here",
    "suite.generator": "the questions cannot be made with the generator that is installed",
}

Numbered = list[tuple[int, BankRow]]
"""Rows with the line on which each stands."""
Count = Callable[[str], int]
"""How many tokens a text has."""


@dataclass(frozen=True)
class Problem:
    code: str
    message: str
    """What is wrong and what to do, in a sentence."""
    task: str = ""
    line: int = 0
    """0: the whole file."""


class BadSuite(Exception):
    """Nothing was taken. `problems` says what is wrong where, `count` how many there are."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.task, one.line))[:MAX_PROBLEMS]
        self.count = len(problems)
        super().__init__(f"{self.count} problems, the first: {self.problems[0].message}")

    @property
    def detail(self) -> dict[str, Any]:
        return {"problems": [vars(one) for one in self.problems], "count": self.count}


# --- reading ------------------------------------------------------------------------------------------------------


def read_jsonl(body: bytes, task: str) -> tuple[Numbered, list[Problem]]:
    """The rows of a bank with one JSON object a line, and what is wrong with the others."""
    rows: Numbered = []
    problems = list(_too_large(body, task))
    for number, line in enumerate(
        [] if problems else body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1
    ):
        if not line.strip():
            continue
        try:
            line.decode()
            value = read_object(line)
        except UnicodeDecodeError:
            problems.append(_not_utf8(task, number))
        except ValueError as error:
            problems.append(Problem("suite.bad_json", f"The line {error}.", task, number))
        else:
            if value.keys() != {CANARY}:
                _take(value, task, number, rows, problems)
    return rows, problems


def read_csv(body: bytes, task: str) -> tuple[Numbered, list[Problem]]:
    """The rows of a table with a heading: `question`, `answer`, optionally `stratum`, and for a choice either
    `options` (with | between them) or the columns A, B, C …, where the answer may be the letter.
    """
    problems = list(_too_large(body, task))
    if problems:
        return [], problems
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [_not_utf8(task, body[: error.start].count(b"\n") + 1)]
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: Numbered = []
    try:
        heading = [name.strip().casefold() for name in next(table, [])]
        missing = {"question", "answer"} - set(heading)
        if missing or len(set(heading)) != len(heading):
            why = f"lacks the column {sorted(missing)[0]!r}" if missing else "names a column twice"
            return [], [Problem("suite.bad_csv", f"The first line {why}.", task, 1)]
        line = table.line_num + 1
        for cells in table:
            if any(cell.strip() for cell in cells):
                value = _of_cells(dict(zip(heading, cells, strict=False)))
                if len(cells) != len(heading):
                    what = f"{len(cells)} cells under {len(heading)} headings"
                    problems.append(Problem("suite.bad_csv", f"The line has {what}.", task, line))
                else:
                    _take(value, task, line, rows, problems)
            line = table.line_num + 1
    except csv.Error as error:
        problems.append(Problem("suite.bad_csv", f"The table cannot be read: {error}.", task, table.line_num))
    return rows, problems


def _of_cells(cells: dict[str, str]) -> dict[str, Any]:
    lettered = {letter: cells.get(letter.casefold(), "").strip() for letter in scoring.LETTERS}
    options = [text for text in lettered.values() if text]
    options = options or [one.strip() for one in cells.get("options", "").split("|") if one.strip()]
    answer = cells["answer"].strip()
    if answer not in options:
        answer = lettered.get(answer.upper()) or answer
    found = {"question": cells["question"].strip(), "answer": answer, "options": options}
    return found | {"stratum": cells.get("stratum", "").strip()}


def _take(value: dict[str, Any], task: str, line: int, rows: Numbered, problems: list[Problem]) -> None:
    answer = value.get("answer")
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        message = "The question has no right answer: write it under “answer”."
        problems.append(Problem("suite.no_answer", message, task, line))
        return
    try:
        rows.append((line, BankRow.model_validate(value)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        problems.append(Problem("suite.bad_row", f"{where}: {first['msg']}.", task, line))


def _too_large(body: bytes, task: str) -> Iterator[Problem]:
    if len(body) > MAX_BYTES:
        most = MAX_BYTES >> 20
        yield Problem("suite.too_large", f"The file is larger than {most} MiB: divide it.", task)


def _not_utf8(task: str, line: int) -> Problem:
    message = "The line is not UTF-8. Save the file anew as UTF-8 (in Excel: “CSV UTF-8”)."
    return Problem("suite.encoding", message, task, line)


# --- checking -----------------------------------------------------------------------------------------------------


def check_rows(
    task: str,
    scorer: Scorer,
    rows: Numbered,
    base: BaseModel = HOUSE_MODEL,
    max_tokens: int = 16,
    count: Count = likely_tokens,
    accepts: Callable[[BankRow], bool] | None = None,
) -> list[Problem]:
    """What is wrong with the questions of one task. `accepts` is for a scorer that is not one of ours."""
    passes = accepts or (lambda row: scoring.passes(scorer, row.answer, row))
    problems: list[Problem] = []
    seen: dict[object, int] = {}
    offered = [bool(row.options) for _, row in rows]
    if any(offered) and not all(offered):
        bare = next(line for line, row in rows if not row.options)
        problems.append(
            Problem(
                "suite.mixed", "The question has no options, and others have: make two tasks.", task, bare
            )
        )
    for line, row in rows:
        same = (scoring.folded(row.question), tuple(sorted(map(scoring.folded, row.options))))
        first = seen.setdefault(same, line)
        found = [
            *(
                [("suite.duplicate", f"The same question as line {first}: leave one out.")]
                if first != line
                else []
            ),
            *_options_of(row),
            *_answer_of(row, passes),
            *_length_of(row, base, max_tokens, count),
        ]
        problems += [Problem(code, message, task, line) for code, message in found]
    if len(rows) > MAX_ROWS:
        problems.append(Problem("suite.too_many", f"More than {MAX_ROWS} questions: divide the file.", task))
    return problems


def _options_of(row: BankRow) -> Iterator[tuple[str, str]]:
    if not row.options:
        return
    if len(row.options) == 1:
        yield "suite.one_option", "Only one option: give at least two."
    if row.answer not in row.options:
        yield (
            "suite.answer_not_offered",
            "The right answer is not among the options: write it exactly as there.",
        )
    if len(set(map(scoring.folded, row.options))) < len(row.options):
        yield "suite.same_options", "Two options say the same: change one."


def _answer_of(row: BankRow, passes: Callable[[BankRow], bool]) -> Iterator[tuple[str, str]]:
    # The likeliest option wins a choice; nothing is read out of a text.
    if not row.options and not passes(row):
        yield (
            "suite.unanswerable",
            "The scorer does not accept the right answer: change it, or take another scorer.",
        )


def _length_of(row: BankRow, base: BaseModel, max_tokens: int, count: Count) -> Iterator[tuple[str, str]]:
    answer = max(map(count, row.options)) if row.options else max_tokens
    needed = count(base.render(row.question)) + answer
    if needed > base.context:
        yield "suite.too_long", f"{needed} tokens with its answer; {base.id} has {base.context}. Shorten it."


def check_size(rows: int, least: int = MIN_ROWS) -> list[Problem]:
    if rows >= least:
        return []
    return [Problem("suite.too_few", f"The suite has {rows} questions and needs at least {least}.")]


def check_file(family: FamilySpec, body: bytes | None, base: BaseModel, count: Count) -> list[Problem]:
    """A written task of a suite with its file: whole, in order, and fit to be asked."""
    assert isinstance(family.source, FileSource)
    if body is None or sha256(body).hexdigest() != family.source.sha256:
        message = "The file is missing or not the one that the suite names: make the suite anew."
        return [Problem("suite.file", message, family.name)]
    rows, problems = read_jsonl(body, family.name)
    problems += check_rows(family.name, family.scorer, rows, base, family.max_tokens, count)
    listed = [row for _, row in rows]
    if listed != in_order(listed):
        message = (
            "The rows do not stand in the published order: make the suite anew with “gavel suite import”."
        )
        problems.append(Problem("suite.order", message, family.name))
    if listed and (len(listed) != family.items or abs(chance_of(listed) - family.chance) > 1e-9):
        message = (
            f"The suite says {family.items} questions and chance {family.chance}; its file says otherwise."
        )
        problems.append(Problem("suite.count", message, family.name))
    return problems


# --- training sets ------------------------------------------------------------------------------------------------


def texts_of(body: bytes) -> list[str]:
    """All that a training set says: every text in every object of a JSONL file, whatever its fields are called.
    Raises BadSuite for a line that is no JSON.
    """
    found: list[str] = []
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            try:
                found += _strings(json.loads(line.decode()))
            except (ValueError, RecursionError) as error:
                message = "The line of the training set is not UTF-8 or not JSON."
                raise BadSuite([Problem("suite.bad_json", message, "--against", number)]) from error
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def leaked(task: str, rows: Numbered, training: Sequence[str]) -> list[Problem]:
    """Questions that the training set has: as a whole, or a run of words that only this one question has."""
    questions = [row.question for _, row in rows]
    whole = {scoring.folded(text) for text in training}
    known = all_grams(training)
    own = private_grams(questions)
    shared = np.intersect1d(own, known, assume_unique=True)
    runs = overlapping(units_of(questions), len(questions), shared)
    message = (
        "The question stands in the training set: leave it out, or everybody who trained on that knows it."
    )
    return [
        Problem("suite.leaked", message, task, line)
        for (line, row), run in zip(rows, runs, strict=True)
        if run or scoring.folded(row.question) in whole
    ]
