"""In what order is asked, what makes a measurement void, and which questions a quiz has. Pure functions."""

import json
import random
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path

from arena.benchmarks.contracts import SuiteSpec
from arena.nodes.attestation import Statement
from arena.speed.contracts import WHO, Kind, Who

QUESTIONS = 10
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


def quiz_suite(suite: SuiteSpec, seed: int) -> SuiteSpec | None:
    """Ten questions of the track's suite, by the run's seed: of its families whose answers are written and not chosen
    by likelihood, which takes no time that could be compared. None: it has no such family."""
    families = [family for family in suite.families if family.kind == "generate"]
    if not families:
        return None
    chance = random.Random(f"{seed}/quiz")
    counts = [
        QUESTIONS // len(families) + (place < QUESTIONS % len(families)) for place in range(len(families))
    ]
    chance.shuffle(counts)
    asked = [
        family.model_copy(update={"items": count})
        for family, count in zip(families, counts, strict=True)
        if count
    ]
    return suite.model_copy(update={"seed": chance.randrange(2**31), "families": asked})


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
