"""Word lists as data: one JSON object a line (`lists/README.md` describes the form), all or nothing."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from arena.moderation.normalise import Kind, codes_of, matching_forms, tables
from arena.moderation.rules import Action

MAX_BYTES = 8 << 20
MAX_TERMS = 100_000
MAX_TERM_CHARS = 100
MAX_NOTE_CHARS = 500
MAX_PROBLEMS = 200
"""More lines than this are only counted: nobody reads on."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_CATEGORY = re.compile(r"[a-z][a-z_]{0,39}")
_FIELDS = {"term", "language", "category", "action", "note"}
_ACTIONS = frozenset(action for action in Action if action is not Action.PASS)
_SHIPPED = Path(__file__).parent / "lists"


@dataclass(frozen=True)
class Term:
    term: str
    language: str
    category: str
    action: Action
    note: str = ""


@dataclass(frozen=True)
class WordList:
    name: str
    digest: str
    """SHA-256 of the canonical lines: the same terms in any order of fields have the same one."""
    terms: tuple[Term, ...]

    @cached_property
    def forms(self) -> list[str]:
        """What the engine looks for, term by term."""
        return forms(self.terms)


@dataclass(frozen=True)
class Problem:
    line: int
    message: str


@dataclass
class BadList(Exception):
    """Nothing was taken; `problems` says what is wrong with which line."""

    problems: list[Problem]
    count: int = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.problems)
        super().__init__(f"{self.count} lines are not right")


def parse(body: bytes) -> tuple[Term, ...]:
    """The terms of a list, in order. Raises BadList with every line that is wrong."""
    if len(body) > MAX_BYTES:
        raise BadList([Problem(0, f"the list is larger than {MAX_BYTES} bytes")])
    terms: dict[int, Term] = {}
    problems: list[Problem] = []
    for number, line in _lines(body):
        try:
            terms[number] = _term(line)
        except ValueError as error:
            problems.append(Problem(number, str(error)))
    seen: dict[tuple[str, str], int] = {}
    for (number, term), form in zip(terms.items(), forms(terms.values()), strict=True):
        first = seen.setdefault((term.language, form), number)
        if (wrong := _wrong_form(form)) is not None:
            problems.append(Problem(number, wrong))
        elif first != number:
            problems.append(Problem(number, f"says the same as line {first} (in the matching form)"))
    if not terms and not problems:
        problems.append(Problem(0, "the list has no terms; an empty list would let everything through"))
    if len(terms) > MAX_TERMS:
        problems.append(Problem(0, f"the list has more than {MAX_TERMS} terms"))
    if problems:
        raise BadList(sorted(problems, key=lambda problem: problem.line))
    return tuple(terms.values())


def forms(terms: Iterable[Term]) -> list[str]:
    return [form.strip() for form in matching_forms([term.term for term in terms])]


def term_id(language: str, form: str) -> str:
    """The same in every version of every list, and it does not say the word."""
    return sha256(f"{language}:{form}".encode()).hexdigest()[:12]


def _wrong_form(form: str) -> str | None:
    kinds = tables().form_kind[codes_of(form)]
    if not len(kinds) or (kinds >= Kind.HARD).all():
        return "'term' has no letter or digit left in the matching form"
    if len(kinds) == 1 and kinds[0] in (Kind.WORD, Kind.DIGIT):
        return "a single letter or digit would hit everywhere"
    return None


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    body = body.removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _term(line: bytes) -> Term:
    """Raises ValueError with a sentence that does not repeat the line."""
    row = read_object(line)
    if unknown := sorted(set(row) - _FIELDS):
        raise ValueError(f"unknown fields: {', '.join(repr(name[:40]) for name in unknown[:5])}")
    for name in ("term", "language", "category", "action"):
        if name not in row:
            raise ValueError(f"the field {name!r} is missing")
    for name, value in row.items():
        if not isinstance(value, str):
            raise ValueError(f"{name!r} must be a text")
    if not _LANGUAGE.fullmatch(row["language"]):
        raise ValueError("'language' must be a tag such as zh, en or zh-Hant")
    if not _CATEGORY.fullmatch(row["category"]):
        raise ValueError("'category' must be small letters and underscores, such as self_harm")
    if row["action"] not in _ACTIONS:
        raise ValueError("'action' must be block, hold or flag")
    if len(row.get("note", "")) > MAX_NOTE_CHARS:
        raise ValueError(f"'note' is longer than {MAX_NOTE_CHARS} characters")
    if len(row["term"]) > MAX_TERM_CHARS:
        raise ValueError(f"'term' is longer than {MAX_TERM_CHARS} characters")
    if any("\ud800" <= char <= "\udfff" or char == "\x00" for value in row.values() for char in value):
        raise ValueError("holds half a character (a lone surrogate) or NUL")
    return Term(**{**row, "action": Action(row["action"])})


def read_object(line: bytes) -> dict[str, Any]:
    """One JSON object of a JSONL file. Raises ValueError with a sentence."""
    try:
        row = json.loads(line.decode(), object_pairs_hook=_no_repeats)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(row, dict):
        raise ValueError("is not a JSON object")
    return row


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("names a field twice")
    return row


def serialise(terms: Iterable[Term]) -> bytes:
    """The canonical lines: what is stored, and what the digest is of."""
    lines = (json.dumps(vars(term), ensure_ascii=False, sort_keys=True) for term in terms)
    return "".join(line + "\n" for line in lines).encode()


def word_list(name: str, terms: tuple[Term, ...]) -> WordList:
    return WordList(name, sha256(serialise(terms)).hexdigest(), terms)


def write_lists(lists: Iterable[WordList]) -> bytes:
    """For another process that builds an engine of the same lists."""
    return b"".join(
        json.dumps({"name": one.name, "bytes": len(body := serialise(one.terms))}).encode() + b"\n" + body
        for one in lists
    )


def read_lists(data: bytes) -> list[WordList]:
    """The lists that `write_lists` wrote."""
    lists = []
    while data:
        head, _, data = data.partition(b"\n")
        about = json.loads(head)
        body, data = data[: about["bytes"]], data[about["bytes"] :]
        terms = (
            Term(**{**row, "action": Action(row["action"])}) for row in map(json.loads, body.splitlines())
        )
        lists.append(word_list(about["name"], tuple(terms)))
    return lists


@cache
def shipped() -> tuple[WordList, ...]:
    """The starter lists of this release: what a fresh site begins with."""
    return tuple(word_list(path.stem, parse(path.read_bytes())) for path in sorted(_SHIPPED.glob("*.jsonl")))
