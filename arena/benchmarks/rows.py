"""Written questions: what a row is, how it is stored, and in which order. Pure functions."""

import json
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from arena.kit.schemas import Contract

CANARY = "canary"
"""The only field of a file's first line, if it has one: it is no question."""
MAX_OPTIONS = 8

Text = Annotated[str, StringConstraints(min_length=1, max_length=8000, strip_whitespace=True)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Demands(Contract):
    """What scorer `format` wants of an answer. All that are given must hold; at least one is."""

    lines: int | None = Field(default=None, ge=1, le=50)
    """So many lines that are not empty."""
    words: int | None = Field(default=None, ge=1, le=200)
    """So many words, by the blanks between them."""
    max_words: int | None = Field(default=None, ge=1, le=500)
    han: int | None = Field(default=None, ge=1, le=200)
    """So many Chinese characters, and beside them nothing but punctuation."""
    parts: int | None = Field(default=None, ge=1, le=50)
    """So many parts between commas, none of them empty."""
    numbered: int | None = Field(default=None, ge=1, le=50)
    """So many lines, which begin with 1., 2. and so on."""
    case: Literal["upper", "lower"] | None = None
    only: Literal["digits", "letters"] | None = None
    starts: Short | None = None
    ends: Short | None = None
    contains: tuple[Short, ...] = ()
    excludes: tuple[Short, ...] = ()
    json_keys: tuple[Short, ...] | None = None
    """A JSON object, and nothing else, with exactly these keys."""

    @model_validator(mode="after")
    def _demands_something(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("check: demands nothing")
        return self


class BankRow(Contract):
    """One written question."""

    question: Text
    answer: Text
    """Of a question with options, the right one. With scorer `format`, an example that is right."""
    options: tuple[Text, ...] = Field(default=(), max_length=MAX_OPTIONS)
    """For a choice; the answer is among them."""
    stratum: Annotated[str, StringConstraints(max_length=60)] = ""
    """What kind of question it is. The air set takes as many of each as it can."""
    answers: tuple[Text, ...] = Field(default=(), max_length=50)
    """Other answers that are as right."""
    check: Demands | None = None
    """For scorer `format`."""

    @property
    def line(self) -> str:
        """The canonical line of it, without the end of line."""
        return json.dumps(
            self.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False, sort_keys=True
        )


def in_order(rows: Sequence[BankRow]) -> list[BankRow]:
    """The published order: one of each stratum in turn, strata by the hash of their name, within a stratum by the hash
    of the line. So any beginning of it is a stratified sample, and nobody has chosen who is in it.
    """
    strata: dict[str, list[BankRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: sha256(row.line.encode()).digest()):
        strata[row.stratum].append(row)
    queues = [strata[name] for name in sorted(strata, key=lambda name: sha256(name.encode()).digest())]
    longest = max(map(len, queues), default=0)
    return [queue[place] for place in range(longest) for queue in queues if place < len(queue)]


def write(rows: Sequence[BankRow], canary: str) -> bytes:
    """The file of a family: the canary, then the rows in the published order."""
    head = json.dumps({CANARY: f"This text must never be trained on. gavel canary GUID {canary}"})
    return "".join(f"{line}\n" for line in (head, *(row.line for row in in_order(rows)))).encode()


def read(body: bytes) -> list[BankRow]:
    """The rows of a file that `write` wrote and `checking` let pass. Raises ValueError for any other."""
    values: list[dict[str, Any]] = [json.loads(line) for line in body.decode().splitlines() if line]
    return [BankRow.model_validate(value) for value in values if CANARY not in value]


def chance_of(rows: Sequence[BankRow]) -> float:
    """What guessing scores: the mean of one in so many options. 0 for questions without."""
    return sum(1 / len(row.options) if row.options else 0.0 for row in rows) / len(rows)
