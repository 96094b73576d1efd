"""What is asked of a model before and after, and what the answers say about what it has lost. Pure functions."""

import math
from collections.abc import Sequence
from typing import Literal

from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.rules import NOISE, score
from arena.exports.contracts import Marks, Measured
from arena.kit.errors import Conflict
from arena.shows.training import Shown

GATE = 0.95
"""The share of the original's right answers that an exported model has to keep."""
QUESTIONS = 50
"""Of each suite, asked of both. More would tell finer, and take a machine without a GPU an hour."""

Verdict = Literal["held", "missed", "cannot_tell"]
Why = Literal["guessing", "too_few"]


class ExportShare(Shown):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


class ExportLine(Shown):
    """A suite, or all of them together."""

    n: int
    original: ExportShare
    """Of the questions, answered rightly."""
    exported: ExportShare
    ratio: ExportShare | None
    """Exported to original; None where the original's own share cannot be told from nothing."""
    verdict: Verdict
    why: Why | None
    """Of `cannot_tell`. `guessing`: the original itself cannot be told from chance, so there is nothing to lose."""


class ExportReport(Shown):
    gate: float
    total: ExportLine
    suites: dict[str, ExportLine]


class Task(Shown):
    n: int
    """Its first so many questions, in the published order."""
    chance: float


class AskedOf(Shown):
    """What of a suite is asked: for every scheme the same."""

    id: str
    digest: str
    tasks: dict[str, Task]

    @property
    def items(self) -> dict[str, list[int]]:
        return {name: list(range(task.n)) for name, task in self.tasks.items()}


def questions(suite: SuiteSpec) -> AskedOf:
    """About as many of each task."""
    each = max(1, QUESTIONS // len(suite.families))
    return AskedOf(
        id=suite.id,
        digest=suite.digest,
        tasks={
            family.name: Task(n=min(each, family.items), chance=family.chance) for family in suite.families
        },
    )


def report(asked: Sequence[AskedOf], measured: Sequence[Measured]) -> ExportReport:
    """Raises Conflict `export.other_questions` unless every question that was asked was answered by both."""
    lines: dict[str, ExportLine] = {}
    everything: list[tuple[bool, bool]] = []
    guessed = 0.0
    for suite, one in zip(asked, measured, strict=True) if len(asked) == len(measured) else ():
        wanted = {name: task.n for name, task in suite.tasks.items()}
        if (one.suite, _sizes(one.original), _sizes(one.exported)) != (suite.id, wanted, wanted):
            break
        pairs = [pair for name in wanted for pair in zip(one.original[name], one.exported[name], strict=True)]
        chance = math.fsum(task.chance * task.n for task in suite.tasks.values())
        lines[suite.id] = line(pairs, chance / len(pairs))
        everything += pairs
        guessed += chance
    if not lines or len(lines) < len(asked):
        raise Conflict("export.other_questions", "The lab has not measured what it was asked to measure.")
    return ExportReport(gate=GATE, total=line(everything, guessed / len(everything)), suites=lines)


def _sizes(marks: Marks) -> dict[str, int]:
    return {name: len(listed) for name, listed in marks.items()}


def line(pairs: Sequence[tuple[bool, bool]], chance: float) -> ExportLine:
    """From whether the original and the exported model were right, question by question. Raises ValueError for none."""
    n = len(pairs)
    before, after = _share(sum(o for o, _ in pairs), n), _share(sum(e for _, e in pairs), n)
    found = ratio(pairs)
    verdict: Verdict = "cannot_tell"
    why: Why | None = None
    if before.low <= chance:
        why = "guessing"
    elif found is not None and found.low >= GATE:
        verdict = "held"
    elif found is not None and found.high < GATE:
        verdict = "missed"
    else:
        why = "too_few"
    return ExportLine(n=n, original=before, exported=after, ratio=found, verdict=verdict, why=why)


def _share(right: int, n: int) -> ExportShare:
    value, _, stderr = score(right, n, 0.0)
    return ExportShare(
        value=value, low=max(0.0, value - NOISE * stderr), high=min(1.0, value + NOISE * stderr)
    )


def ratio(pairs: Sequence[tuple[bool, bool]]) -> ExportShare | None:
    """The exported model's right answers to the original's, with Fieller's interval: all ratios r for which the mean of
    `exported − r · original` is within NOISE standard errors of nothing. None where that is no interval.

    Paired: both were asked the same, so a question that both get right, or both wrong, says nothing about a loss. With
    half an answer added to each of the four cells, as in `benchmarks.rules.gap`: a few equal answers are no certainty.
    """
    n = len(pairs)
    both = sum(o and e for o, e in pairs)
    original, exported = sum(o for o, _ in pairs), sum(e for _, e in pairs)
    m = n + 2
    o, e, oe = (original + 1) / m, (exported + 1) / m, (both + 0.5) / m
    squared = NOISE**2 / m
    a = (original / n) ** 2 - squared * o * (1 - o)
    b = original * exported / n**2 - squared * (oe - o * e)
    c = (exported / n) ** 2 - squared * e * (1 - e)
    if a <= 0:
        return None
    reach = math.sqrt(max(0.0, b * b - a * c))
    return ExportShare(value=exported / original, low=max(0.0, (b - reach) / a), high=(b + reach) / a)
