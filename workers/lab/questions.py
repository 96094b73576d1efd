"""Questions of a suite, made from its seed by reasoning-gym or read from its files: the same spec gives the same
questions everywhere.
"""

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import rfc8785

from arena.benchmarks import rows, scoring
from arena.benchmarks.contracts import FamilySpec, FileSource, GymSource, Seed, SuiteSpec, TaskScore
from arena.benchmarks.rows import BankRow, Demands
from arena.benchmarks.rules import clustered

POOL = 64
"""How many further items lend their answers as wrong options."""

GYM_SEEDS = 2**31
"""Some of its generators take no larger seed."""


class SuiteUnavailable(Exception):
    """The suite cannot be made on this machine."""


@dataclass(frozen=True)
class Item:
    family: str
    index: int
    question: str
    answer: str
    options: list[str]
    """For `choice`: the answer among wrong ones, in random order. Empty for `generate`."""
    entry: dict[str, Any]
    """What its scorer wants to see again."""


def make_items(suite: SuiteSpec, files: Path) -> dict[str, list[Item]]:
    """The suite's items by family, each in the published order. `files` has `SHA256.jsonl` for each file of the suite.

    Raises SuiteUnavailable when the generator is another version, and for a file that is missing or another one.
    """
    here = f"reasoning-gym=={version('reasoning-gym')}"
    generated = any(isinstance(family.source, GymSource) for family in suite.families)
    if generated and here != suite.generator:
        raise SuiteUnavailable(f"The suite is made by {suite.generator}; this worker has {here}.")
    return {family.name: _family_items(family, suite.seed, files) for family in suite.families}


def items_digest(items: dict[str, list[Item]]) -> str:
    """sha256 over what is asked. Hex."""
    asked = {
        family: [{key: value for key, value in asdict(item).items() if key != "entry"} for item in listed]
        for family, listed in items.items()
    }
    return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()


def extract(family: FamilySpec, text: str) -> str:
    """What is read out of a written answer."""
    return scoring.extract(family.scorer, text)


def verify(family: FamilySpec, item: Item, text: str) -> bool:
    """Whether the family's scorer gives a written answer full marks."""
    if family.scorer != "gym":
        return scoring.passes(family.scorer, text, _row(item))
    assert isinstance(family.source, GymSource)
    dataset = _verifier(family.source.dataset, json.dumps(family.source.config))
    try:
        return float(dataset.score_answer(answer=text.strip(), entry=item.entry)) >= 1.0
    except Exception:
        return False  # some generators' verifiers raise at a text that they cannot read: a wrong answer, not a fault


def task_score(family: FamilySpec, items: Sequence[Item], right: Sequence[bool]) -> TaskScore:
    """What the answers to these items are worth. Questions of one stratum (a passage, a kind) may stand and fall
    together, so the standard error counts with them."""
    strata = [item.entry.get("stratum") or item.index for item in items]
    got = clustered(right, strata, family.chance)
    return TaskScore(
        task=family.name,
        n=len(right),
        accuracy=got.accuracy,
        stderr=got.stderr,
        chance=family.chance,
        score=got.score,
    )


@lru_cache(maxsize=64)
def _verifier(dataset: str, config: str) -> Any:
    return _generator(dataset, seed=0, size=1, **json.loads(config))


def _generator(dataset: str, **config: Any) -> Any:
    import reasoning_gym  # takes longer than everything else here, and a suite of files needs nothing of it

    return reasoning_gym.create_dataset(dataset, **config)


def _row(item: Item) -> BankRow:
    check = item.entry.get("check")
    return BankRow(
        question=item.question,
        answer=item.answer,
        options=tuple(item.options),
        answers=tuple(item.entry.get("answers", ())),
        check=Demands.model_validate(check) if check else None,
    )


def _family_items(family: FamilySpec, seed: Seed, files: Path) -> list[Item]:
    if isinstance(family.source, FileSource):
        return _written(family, family.source.sha256, seed, files)
    return _generated(family, family.source, seed if isinstance(seed, str) else seed % GYM_SEEDS)


# --- written ------------------------------------------------------------------------------------------------------


def _written(family: FamilySpec, sha256: str, seed: Seed, files: Path) -> list[Item]:
    path = files / f"{sha256}.jsonl"
    try:
        body = path.read_bytes()
    except OSError as error:
        raise SuiteUnavailable(f"{family.name}: its file {sha256[:12]} is not here.") from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise SuiteUnavailable(f"{family.name}: its file is not the one that the suite names.")
    listed = rows.read(body)
    if len(listed) < family.items:
        raise SuiteUnavailable(f"{family.name} has only {len(listed)} of {family.items} questions.")
    return [_item(family, index, row, seed) for index, row in enumerate(listed[: family.items])]


def _item(family: FamilySpec, index: int, row: BankRow, seed: Seed) -> Item:
    options: list[str] = []
    if family.kind == "choice":
        wrong = [option for option in row.options if option != row.answer]
        options = _placed(family, index, row.answer, wrong, seed)
    entry = row.model_dump(mode="json", include={"answers", "check", "stratum"}, exclude_defaults=True)
    return Item(family.name, index, row.question, row.answer, options, entry)


def _placed(family: FamilySpec, index: int, answer: str, wrong: list[str], seed: Seed) -> list[str]:
    """The answer among wrong ones, in random order, and yet in each place equally often: so many questions in a row as
    there are places have it once in each.
    """
    count = len(wrong) + 1
    options = wrong.copy()
    random.Random(f"{seed}/{family.name}/{index}").shuffle(options)
    places = random.Random(f"{seed}/{family.name}/places/{index // count}").sample(range(count), count)
    options.insert(places[index % count], answer)
    return options


# --- generated ----------------------------------------------------------------------------------------------------


def _generated(family: FamilySpec, source: GymSource, seed: Seed) -> list[Item]:
    count = family.items + POOL
    entries = _distinct(_series(family.name, source, seed, 2 * count), count)
    pool = sorted({entry["answer"] for entry in entries})
    items: list[Item] = []
    for entry in entries:
        options = _options(family, entry["answer"], pool, seed, len(items))
        # A sentence of three words cannot be put into four orders: the next one takes its place.
        if options is not None:
            items.append(Item(family.name, len(items), entry["question"], entry["answer"], options, entry))
        if len(items) == family.items:
            return items
    raise SuiteUnavailable(
        f"{family.name} gives only {len(items)} of {family.items} questions for this seed."
    )


def _series(family: str, source: GymSource, seed: Seed, count: int) -> Iterator[dict[str, Any]]:
    """So many entries that the generator makes for the seed: a stretch of its series, or those that hashes of a
    season's seed pick, each made alone."""
    if isinstance(seed, int):
        yield from _generator(source.dataset, seed=seed, size=count, **source.config)
        return
    for number in range(count):
        picked = hashlib.sha256(f"{seed}/{family}/{number}".encode()).digest()
        yield _generator(source.dataset, seed=int.from_bytes(picked) % GYM_SEEDS, size=1, **source.config)[0]


def _distinct(series: Iterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The first of them that ask different questions: `count`, or as many as there are."""
    entries: dict[str, dict[str, Any]] = {}
    for entry in series:
        entries.setdefault(entry["question"], dict(entry) | {"answer": str(entry["answer"])})
        if len(entries) == count:
            break
    return list(entries.values())


def _options(family: FamilySpec, answer: str, pool: list[str], seed: Seed, index: int) -> list[str] | None:
    """The answer among wrong ones; None when there are not enough wrong ones. Empty for `generate`."""
    if family.kind == "generate":
        return []
    chance = random.Random(f"{seed}/{family.name}/wrong/{index}")
    wanted = family.options - 1
    if family.distractors == "swap":
        wrong = _swapped(answer, wanted, chance)
    else:
        wrong = [other for other in pool if other != answer]
        chance.shuffle(wrong)
        # Longer texts are less likely whatever they say, so wrong options are about as long as the right one.
        wrong.sort(key=lambda other: abs(len(other) - len(answer)))
        wrong = wrong[:wanted]
    return _placed(family, index, answer, wrong, seed) if len(wrong) == wanted else None


def _swapped(answer: str, count: int, chance: random.Random) -> list[str]:
    """`count` texts, or as many as there are, that differ from `answer` in two words having changed places."""
    words = answer.split(" ")
    found: dict[str, None] = {}
    pairs = list(itertools.combinations(range(len(words)), 2))
    for one, other in chance.sample(pairs, len(pairs)):
        swapped = words.copy()
        swapped[one], swapped[other] = words[other], words[one]
        found[" ".join(swapped)] = None
    found.pop(answer, None)
    return list(found)[:count]


# --- by letter ----------------------------------------------------------------------------------------------------

LETTER_TOKENS = 4


def in_writing(family: FamilySpec, item: Item) -> tuple[FamilySpec, Item]:
    """The same question for somebody who writes the answer down: the options of a choice get letters."""
    if family.kind == "generate":
        return family, item
    asked = family.model_copy(update={"kind": "generate", "scorer": "letter", "max_tokens": LETTER_TOKENS})
    listed = [f"{letter}. {option}" for letter, option in zip(scoring.LETTERS, item.options, strict=False)]
    chinese = any("\u4e00" <= char <= "\u9fff" for char in item.question)
    how = "只回答选项的字母。" if chinese else "Answer with the letter of the right option."
    return asked, replace(item, question="\n".join((item.question, *listed, how)))


def expected(family: FamilySpec, item: Item) -> str:
    """What people are shown as the right answer: with its letter where letters were asked for."""
    if family.scorer != "letter":
        return item.answer
    return f"{scoring.LETTERS[item.options.index(item.answer)]}. {item.answer}"


# --- for whoever checks a suite -----------------------------------------------------------------------------------


def made_rows(suite: SuiteSpec) -> dict[str, tuple[list[tuple[int, BankRow]], Callable[[BankRow], bool]]]:
    """Of each generated task its questions as rows, numbered from 1, and whether its scorer accepts one's own answer.
    Raises SuiteUnavailable.
    """
    made = make_items(suite, Path())
    return {family.name: _checkable(family, made[family.name]) for family in suite.families}


def _checkable(
    family: FamilySpec, items: list[Item]
) -> tuple[list[tuple[int, BankRow]], Callable[[BankRow], bool]]:
    rows = [(item.index + 1, _row(item)) for item in items]
    by_question = {row.question: item for (_, row), item in zip(rows, items, strict=True)}
    return rows, lambda row: verify(family, by_question[row.question], row.answer)
