"""In what order is asked, what makes a measurement void, and which questions a quiz has. Pure functions."""

import json
import random
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.suites import SURPRISE
from arena.nodes.attestation import Statement
from arena.speed.contracts import WHO, Kind, Who

QUESTIONS = 10
LINE = "\n"
"""Ends a quiz answer."""
SEED_BITS = 53
"""More than anybody tries out while a run lasts, and no more than canonical JSON can say."""

ARRANGEMENTS: tuple[tuple[Who, ...], ...] = tuple(permutations(WHO))

# NVML's reasons for a clock below the highest: idle, a clock that somebody has set, a display. All others are faults
# of the moment: power, heat, or another card that this one keeps step with.
HARMLESS = 0x1 | 0x2 | 0x100


@cache
def prompts() -> tuple[str, ...]:
    """Those that speed is measured with: published here, drawn by each run's seed."""
    return tuple(json.loads((Path(__file__).parent / "prompts.json").read_text()))


def drawn(seed: int, blocks: int) -> list[str]:
    """One for the warm-up, and another for each block."""
    return random.Random(f"{seed}/prompts").sample(prompts(), blocks + 1)


@dataclass(frozen=True)
class Shot:
    """One request in its place."""

    number: int
    block: int | None
    """None: a warm-up."""
    who: Who
    ask: int


def shots(kind: Kind, seed: int, blocks: int) -> list[Shot]:
    """Each racer is warmed up once. A block asks all three in some order and then in the opposite one, so that whatever
    drifts steadily while it runs (heat, clocks) weighs on all alike: between themselves two entries always have ABBA
    or BAAB. The order is drawn; each of the six comes once before any comes again, so that nobody is always outside.

    A duel asks the same in the whole block, and something new in each. A quiz asks one question on the way out and the
    next on the way back: everybody answers each question once.
    """
    found = [Shot(number, None, who, 0) for number, who in enumerate(WHO)]
    for block, order in enumerate(_orders(seed, blocks)):
        there, back = (block + 1, block + 1) if kind == "duel" else (2 * block + 1, 2 * block + 2)
        for who, ask in [*((one, there) for one in order), *((one, back) for one in reversed(order))]:
            found.append(Shot(len(found), block, who, ask))
    return found


def _orders(seed: int, blocks: int) -> list[tuple[Who, ...]]:
    chance = random.Random(f"{seed}/order")
    found: list[tuple[Who, ...]] = []
    while len(found) < blocks:
        found += chance.sample(ARRANGEMENTS, len(ARRANGEMENTS))
    return found[:blocks]


def quiz_suite(suite: SuiteSpec, seed: int) -> SuiteSpec:
    """What a quiz asks of a suite: with a seed of its own, the families whose answers are written. Those that are
    chosen by likelihood, which takes no time that could be compared, only where there are no others: then by
    letter. Of the surprise bank it is one family, and which one is not known before the run's seed is.
    """
    written = [family for family in suite.families if family.kind == "generate" and LINE in family.until]
    families = written or [family for family in suite.families if family.kind == "choice"]
    chance = random.Random(f"{seed}/quiz")
    if suite.id == SURPRISE and families:
        families = [chance.choice(families)]
    return suite.model_copy(update={"seed": chance.randrange(2**31), "families": families})


def quiz_items(suite: SuiteSpec, seed: int) -> dict[str, list[int]]:
    """Which ten questions of it, by family: as many of each as can be. Fewer than ten when it has no more."""
    chance = random.Random(f"{seed}/items")
    places = [
        (turn, chance.random(), family.name, index)
        for family in suite.families
        for turn, index in enumerate(chance.sample(range(family.items), min(family.items, QUESTIONS)))
    ]
    drawn: dict[str, list[int]] = {}
    for _, _, name, index in sorted(places)[:QUESTIONS]:
        drawn.setdefault(name, []).append(index)
    return drawn


def changes(before: Statement, after: Statement) -> list[str]:
    """What of a node is not the same any more. Its clocks and its heat are not looked at: they may move."""
    found = []
    for name in ("public_key", "engine", "base_model", "base_digest", "template_digest"):
        if getattr(before, name) != getattr(after, name):
            found.append(name)
    if before.system_template_digest != after.system_template_digest:
        found.append("template_digest")
    for name in ("hardware_class", "cpu", "cores", "memory_bytes", "accelerator", "system", "driver"):
        if getattr(before.machine, name) != getattr(after.machine, name):
            found.append(name)
    if [(gpu.name, gpu.memory_bytes) for gpu in before.machine.gpus] != [
        (gpu.name, gpu.memory_bytes) for gpu in after.machine.gpus
    ]:
        found.append("gpus")
    if sorted(before.adapters, key=lambda one: one.name) != sorted(after.adapters, key=lambda one: one.name):
        found.append("adapters")
    return list(dict.fromkeys(found))


def throttled(stated: Statement) -> bool:
    """Whether a GPU says that its clock is held down. One that does not say, and a machine without, are not."""
    return any((gpu.throttled or 0) & ~HARMLESS for gpu in stated.machine.gpus)
