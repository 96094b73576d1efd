"""Judging what a stranger's own lm-evaluation-harness has logged, and comparing it with what the site has recorded.

Reads a folder as `arena.benchmarks.reproduce` makes it, and the output of the harness beside it. Written answers are
judged by the scorers of this lab: plain lm_eval compares them letter by letter.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from arena.benchmarks import harness
from arena.benchmarks.contracts import FamilySpec, SuiteSpec
from arena.benchmarks.rules import score
from workers.lab.questions import Item, SuiteUnavailable, make_items, verify

Json = dict[str, Any]


class NotThere(Exception):
    """Something is missing or unreadable; the message says what, where, and what to do."""


@dataclass(frozen=True)
class Judged:
    """One task: what was answered now, beside what the site has recorded."""

    task: str
    n: int
    correct: int
    recorded: int
    """Right answers there."""
    differing: list[int]
    """Indices of questions that were answered otherwise."""
    gap: float
    """The largest difference of two log-probabilities; 0 where there are none."""
    score: float


def judge(folder: Path, output: Path) -> list[Judged]:
    """Raises NotThere."""
    try:
        suite = SuiteSpec.model_validate_json(_read(folder / "suite.json"))
        recorded = json.loads(_read(folder / "expected.json"))
        items = make_items(suite, folder / "suite")
    except (ValidationError, ValueError) as error:
        raise NotThere(
            f"{folder}: suite.json or expected.json is not as it was downloaded: {error}"
        ) from error
    except SuiteUnavailable as error:
        raise NotThere(f"The suite's questions cannot be made here: {error}") from error
    expected: dict[str, dict[int, Json]] = {}
    for one in recorded:
        expected.setdefault(one["task"], {})[one["index"]] = one
    return [
        _task(family, items[family.name], expected[family.name], _logged(output, suite, family))
        for family in suite.families
        if family.name in expected
    ]


def _task(
    family: FamilySpec, items: Sequence[Item], expected: dict[int, Json], logged: dict[int, Json]
) -> Judged:
    missing = expected.keys() - logged.keys()
    if missing:
        raise NotThere(
            f"{family.name}: lm_eval has no answer to {len(missing)} questions, such as {min(missing)}. Run the "
            "command to its end, without --limit."
        )
    correct, differing, gap = 0, [], 0.0
    for index, before in sorted(expected.items()):
        answer, logprobs = _answer(family, items[index], logged[index])
        correct += (
            answer == items[index].answer if items[index].options else verify(family, items[index], answer)
        )
        if answer != before["answer"]:
            differing.append(index)
        pairs = zip(logprobs, before["logprobs"], strict=False)
        gap = max([gap, *(abs(now - then) for now, then in pairs)])
    return Judged(
        task=family.name,
        n=len(expected),
        correct=correct,
        recorded=sum(one["correct"] for one in expected.values()),
        differing=differing,
        gap=gap,
        score=score(correct, len(expected), family.chance).score,
    )


def _answer(family: FamilySpec, item: Item, sample: Json) -> tuple[str, list[float]]:
    said = sample["filtered_resps"]
    if not item.options:
        return str(said[0]).strip(), []
    logprobs = [float(one[0]) for one in said]
    if len(logprobs) != len(item.options):
        raise NotThere(f"{family.name}: question {item.index} has {len(logprobs)} answers to its options.")
    return item.options[max(range(len(logprobs)), key=logprobs.__getitem__)], logprobs


def _logged(output: Path, suite: SuiteSpec, family: FamilySpec) -> dict[int, Json]:
    """The newest log of the task. lm_eval puts it in a folder of the model's name and the time into its name."""
    found = sorted(
        output.rglob(f"samples_{harness.group(suite)}_{family.name}_2*.jsonl"), key=lambda path: path.name
    )
    if not found:
        raise NotThere(
            f"{output}: no log of the task {family.name}. Run the command of README.txt first, with --log_samples."
        )
    rows = [json.loads(line) for line in found[-1].read_text(encoding="utf-8").splitlines() if line]
    return {row["doc"]["index"]: row for row in rows}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotThere(f"{path}: {error.strerror}. Name the folder that was in the .zip.") from error
