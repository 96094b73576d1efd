"""The judging half of a rescore: `python -I -m workers.lab.rescore_child FOLDER`.

Reads `contract.json` and the files of the suite in FOLDER and writes `result.json` there. Any way to end but 0 means
that there is no result; the last line on standard error says why.
"""

import sys
from pathlib import Path

from arena.benchmarks.contracts import FamilySpec, Judged, Kept, RescoreContract, RescoreResult, TaskScore
from workers.lab.questions import Item, extract, items_digest, make_items, task_score, verify
from workers.lab.scorer import scorer_digest


def rescore(contract: RescoreContract, files: Path) -> RescoreResult:
    made = make_items(contract.suite, files)
    items = {name: [made[name][index] for index in indices] for name, indices in contract.items.items()}
    families = {family.name: family for family in contract.suite.families}
    by_item = {(item.family, item.index): item for listed in items.values() for item in listed}
    judged = [_judged(families[one.task], by_item[one.task, one.index], one) for one in contract.answers]
    return RescoreResult(
        suite_digest=contract.suite.digest,
        items_digest=items_digest(items),
        scorer_digest=scorer_digest(),
        samples=judged,
        tasks=[_score(families[name], listed, judged) for name, listed in items.items()],
    )


def _judged(family: FamilySpec, item: Item, kept: Kept) -> Judged:
    if family.kind == "choice":
        answer = _likeliest(item, kept)
        return Judged(
            task=kept.task, index=kept.index, answer=answer, extracted=answer, correct=answer == item.answer
        )
    return Judged(
        task=kept.task,
        index=kept.index,
        answer=kept.answer,
        extracted=extract(family, kept.answer),
        correct=verify(family, item, kept.answer),
    )


def _likeliest(item: Item, kept: Kept) -> str:
    """What a choice has come to; an older release did not keep the log-probabilities, only that."""
    if len(kept.logprobs) != len(item.options):
        return kept.answer
    return item.options[max(range(len(kept.logprobs)), key=kept.logprobs.__getitem__)]


def _score(family: FamilySpec, items: list[Item], judged: list[Judged]) -> TaskScore:
    marks = {one.index: one.correct for one in judged if one.task == family.name}
    return task_score(family, items, [marks[item.index] for item in items])


def main(folder: Path) -> None:
    contract = RescoreContract.model_validate_json((folder / "contract.json").read_bytes())
    (folder / "result.json").write_text(rescore(contract, folder / "suite").model_dump_json())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
