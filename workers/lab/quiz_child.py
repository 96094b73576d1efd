"""The working half of a quiz job: `python -I -m workers.lab.quiz_child draw|score FOLDER`.

Reads `contract.json` and the files of the suite in FOLDER and writes `result.json` there. Any way to end but 0 means
that there is no result; the last line on standard error says why.
"""

import sys
from pathlib import Path

from arena.benchmarks.contracts import FamilySpec
from arena.speed.contracts import (
    DrawContract,
    DrawResult,
    Question,
    QuizContract,
    Score,
    ScoreContract,
    ScoreResult,
)
from workers.lab.questions import Item, expected, in_writing, items_digest, make_items, verify


def draw(contract: DrawContract, files: Path) -> DrawResult:
    asked = _asked(contract, files)
    return DrawResult(
        suite_digest=contract.suite.digest,
        items_digest=_digest(asked),
        questions=[
            Question(
                family=family.name,
                index=item.index,
                question=item.question,
                expected=expected(family, item),
                max_tokens=family.max_tokens,
            )
            for family, item in asked.values()
        ],
    )


def score(contract: ScoreContract, files: Path) -> ScoreResult:
    asked = _asked(contract, files)
    return ScoreResult(
        items_digest=_digest(asked),
        scores=[
            Score(
                who=one.who,
                family=one.family,
                index=one.index,
                correct=verify(*asked[one.family, one.index], one.text.strip()),
            )
            for one in contract.answers
        ],
    )


def _asked(contract: QuizContract, files: Path) -> dict[tuple[str, int], tuple[FamilySpec, Item]]:
    items = make_items(contract.suite, files)
    families = {family.name: family for family in contract.suite.families}
    return {
        (name, index): in_writing(families[name], items[name][index])
        for name, indices in contract.items.items()
        for index in indices
    }


def _digest(asked: dict[tuple[str, int], tuple[FamilySpec, Item]]) -> str:
    found: dict[str, list[Item]] = {}
    for (name, _), (_, item) in asked.items():
        found.setdefault(name, []).append(item)
    return items_digest(found)


def main(what: str, folder: Path) -> None:
    given = (folder / "contract.json").read_bytes()
    files = folder / "suite"
    if what == "draw":
        result: DrawResult | ScoreResult = draw(DrawContract.model_validate_json(given), files)
    else:
        result = score(ScoreContract.model_validate_json(given), files)
    (folder / "result.json").write_text(result.model_dump_json())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
