"""Questions of a suite, made from its seed by reasoning-gym: the same spec gives the same questions everywhere."""

import hashlib
import itertools
import random
import re
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import reasoning_gym
import rfc8785

from arena.benchmarks.contracts import FamilySpec, SuiteSpec

POOL = 64
"""How many further items lend their answers as wrong options."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


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
    """What the family's verifier wants to see again."""


def make_items(suite: SuiteSpec) -> dict[str, list[Item]]:
    """The suite's items by family. Raises SuiteUnavailable when the generator is another version."""
    here = f"reasoning-gym=={version('reasoning-gym')}"
    if here != suite.generator:
        raise SuiteUnavailable(f"The suite is made by {suite.generator}; this worker has {here}.")
    return {family.name: _family_items(family, suite.seed) for family in suite.families}


def items_digest(items: dict[str, list[Item]]) -> str:
    """sha256 over what is asked. Hex."""
    asked = {
        family: [{key: value for key, value in asdict(item).items() if key != "entry"} for item in listed]
        for family, listed in items.items()
    }
    return hashlib.sha256(rfc8785.dumps(asked)).hexdigest()


def verify(family: FamilySpec, item: Item, text: str) -> bool:
    """Whether the family's own verifier gives a generated answer full marks."""
    if family.judged == "last_number":
        text = (_NUMBER.findall(text) or [""])[-1]
    dataset = reasoning_gym.create_dataset(family.dataset, seed=0, size=1, **family.config)
    return float(dataset.score_answer(answer=text, entry=item.entry)) >= 1.0


def _family_items(family: FamilySpec, seed: int) -> list[Item]:
    entries = _distinct(family, seed, family.items + POOL)
    pool = sorted({entry["answer"] for entry in entries})
    items: list[Item] = []
    for entry in entries:
        options = _options(family, entry["answer"], pool, f"{seed}/{family.name}/{len(items)}")
        # A sentence of three words cannot be put into four orders: the next one takes its place.
        if options is not None:
            items.append(Item(family.name, len(items), entry["question"], entry["answer"], options, entry))
        if len(items) == family.items:
            return items
    raise SuiteUnavailable(
        f"{family.name} gives only {len(items)} of {family.items} questions for seed {seed}."
    )


def _distinct(family: FamilySpec, seed: int, count: int) -> list[dict[str, Any]]:
    """The first entries that ask different questions: `count` of them, or as many as there are."""
    dataset = reasoning_gym.create_dataset(family.dataset, seed=seed, size=2 * count, **family.config)
    entries: dict[str, dict[str, Any]] = {}
    for entry in dataset:
        entries.setdefault(entry["question"], dict(entry) | {"answer": str(entry["answer"])})
        if len(entries) == count:
            break
    return list(entries.values())


def _options(family: FamilySpec, answer: str, pool: list[str], seed: str) -> list[str] | None:
    """The answer among wrong ones, in random order; None when there are not enough wrong ones. Empty for `generate`."""
    if family.kind == "generate":
        return []
    chance = random.Random(seed)
    wanted = family.options - 1
    if family.distractors == "swap":
        wrong = _swapped(answer, wanted, chance)
    else:
        wrong = [other for other in pool if other != answer]
        chance.shuffle(wrong)
        # Longer texts are less likely whatever they say, so wrong options are about as long as the right one.
        wrong.sort(key=lambda other: abs(len(other) - len(answer)))
        wrong = wrong[:wanted]
    if len(wrong) < wanted:
        return None
    options = [answer, *wrong]
    chance.shuffle(options)
    return options


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
