"""How good the engine is on a set of texts with the answer that is right: rates by language and category."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from arena.moderation.rules import RANK, Action
from arena.moderation.wordlists import Problem, read_object

_FIELDS = {"text", "expect", "category"}


@dataclass(frozen=True)
class Case:
    line: int
    text: str
    expect: Action
    category: str

    @property
    def language(self) -> str:
        """`zh` when there is an ideograph in it, otherwise `en`: the set is in these two."""
        return "zh" if any("\u3400" <= char <= "\u9fff" for char in self.text) else "en"

    @property
    def refusable(self) -> bool:
        return RANK[self.expect] >= RANK[Action.HOLD]


@dataclass
class BadSet(Exception):
    problems: list[Problem]


@dataclass
class Rates:
    """Counts of one language or category."""

    good: int = 0
    """Lines that should be let through (`pass` or `flag`)."""
    passed: int = 0
    bad: int = 0
    """Lines that should be refused (`hold` or `block`)."""
    refused: int = 0
    exact: int = 0
    """Lines with exactly the expected action."""

    @property
    def pass_rate(self) -> float | None:
        """Of the good lines, the share that was let through; None without any."""
        return self.passed / self.good if self.good else None

    @property
    def refusal_rate(self) -> float | None:
        return self.refused / self.bad if self.bad else None

    def count(self, case: Case, found: Action) -> None:
        refused = RANK[found] >= RANK[Action.HOLD]
        self.exact += found is case.expect
        if case.refusable:
            self.bad += 1
            self.refused += refused
        else:
            self.good += 1
            self.passed += not refused


@dataclass(frozen=True)
class Miss:
    line: int
    expect: Action
    found: Action
    text: str


@dataclass
class Report:
    total: Rates = field(default_factory=Rates)
    languages: dict[str, Rates] = field(default_factory=dict)
    categories: dict[str, Rates] = field(default_factory=dict)
    false_positives: list[Miss] = field(default_factory=list)
    """Judged more strictly than expected."""
    false_negatives: list[Miss] = field(default_factory=list)


def read_cases(body: bytes) -> list[Case]:
    """Raises BadSet with every line that is not right."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            try:
                cases.append(_case(number, line))
            except ValueError as error:
                problems.append(Problem(number, str(error)))
    if not cases and not problems:
        problems.append(Problem(0, "the set has no lines"))
    if problems:
        raise BadSet(problems)
    return cases


def _case(number: int, line: bytes) -> Case:
    row = read_object(line)
    if not set(row) <= _FIELDS or not {"text", "expect"} <= set(row):
        raise ValueError('must have "text" and "expect", may have "category", and nothing else')
    if not all(isinstance(value, str) for value in row.values()):
        raise ValueError("every field must be a text")
    if row["expect"] not in list(Action):
        raise ValueError(f'"expect" must be one of {", ".join(Action)}')
    return Case(number, row["text"], Action(row["expect"]), row.get("category", "other"))


def evaluate(cases: Sequence[Case], found: Iterable[Action]) -> Report:
    """`found` has the engine's action for each case, in order."""
    report = Report()
    for case, action in zip(cases, found, strict=True):
        for rates in (
            report.total,
            report.languages.setdefault(case.language, Rates()),
            report.categories.setdefault(case.category, Rates()),
        ):
            rates.count(case, action)
        miss = Miss(case.line, case.expect, action, case.text)
        if RANK[action] > RANK[case.expect]:
            report.false_positives.append(miss)
        elif RANK[action] < RANK[case.expect]:
            report.false_negatives.append(miss)
    return report


def as_json(report: Report) -> str:
    def rates(one: Rates) -> dict[str, float | int | None]:
        return {
            "lines": one.good + one.bad,
            "good": one.good,
            "passed": one.passed,
            "pass_rate": one.pass_rate,
            "bad": one.bad,
            "refused": one.refused,
            "refusal_rate": one.refusal_rate,
            "exact": one.exact,
        }

    def misses(found: list[Miss]) -> list[dict[str, str | int]]:
        return [
            {"line": one.line, "expect": one.expect, "found": one.found, "text": one.text} for one in found
        ]

    def table(found: dict[str, Rates]) -> dict[str, object]:
        return {name: rates(found[name]) for name in sorted(found)}

    return json.dumps(
        {
            "total": rates(report.total),
            "languages": table(report.languages),
            "categories": table(report.categories),
            "false_positives": misses(report.false_positives),
            "false_negatives": misses(report.false_negatives),
        },
        ensure_ascii=False,
        indent=2,
    )
