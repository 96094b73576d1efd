"""The working half of a quiz job: `python -I -m workers.lab.quiz_child draw|score FOLDER`.

Reads `contract.json` in FOLDER and writes `result.json` there. Any way to end but 0 means that there is no result; the
last line on standard error says why.
"""

import sys
from pathlib import Path

from arena.speed.contracts import DrawContract, DrawResult, Question, Score, ScoreContract, ScoreResult
from workers.lab.questions import items_digest, make_items, verify


def draw(contract: DrawContract) -> DrawResult:
    items = make_items(contract.suite)
    return DrawResult(
        suite_digest=contract.suite.digest,
        items_digest=items_digest(items),
        questions=[
            Question(
                family=family.name,
                index=item.index,
                question=item.question,
                expected=item.answer,
                max_tokens=family.max_tokens,
            )
            for family in contract.suite.families
            for item in items[family.name]
        ],
    )


def score(contract: ScoreContract) -> ScoreResult:
    items = make_items(contract.suite)
    families = {family.name: family for family in contract.suite.families}
    return ScoreResult(
        items_digest=items_digest(items),
        scores=[
            Score(
                who=one.who,
                family=one.family,
                index=one.index,
                correct=verify(families[one.family], items[one.family][one.index], one.text.strip()),
            )
            for one in contract.answers
        ],
    )


def main(what: str, folder: Path) -> None:
    asked = (folder / "contract.json").read_bytes()
    if what == "draw":
        result: DrawResult | ScoreResult = draw(DrawContract.model_validate_json(asked))
    else:
        result = score(ScoreContract.model_validate_json(asked))
    (folder / "result.json").write_text(result.model_dump_json())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
