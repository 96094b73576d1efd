"""What follows from failed attempts at a duel: once more, a forfeit, or void. Pure functions.

A viewer must find it fair without knowing an engine: nobody loses for what the platform did, and nobody loses for one
slip. Who fails twice by its own doing, while nothing is wrong with the other side, has lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from arena.duels.contracts import Outcome, SideName

ATTEMPTS = 2

OWN: frozenset[Outcome] = frozenset({"empty", "not_numbers", "stalled", "too_slow"})
"""The adapter's doing, if only one side has it. Both sides silent at once is an engine that stands still."""
BEFORE: frozenset[Outcome] = frozenset({"not_ready", "handed_back"})
"""The duel had not really begun, or its worker was told to go: this was no attempt."""
INNOCENT: frozenset[Outcome] = frozenset({"answered", "cut_off"})
"""A side that was cut off because of the other has not failed."""

NEVER: frozenset[Outcome] = frozenset({"too_long"})
"""What was asked for cannot be answered, by no engine and no side: a second attempt would meet the same."""

Sides = tuple[Outcome, Outcome]


@dataclass(frozen=True)
class Ruling:
    what: Literal["again", "forfeit", "void"]
    loser: SideName | None = None


def at_fault(sides: Sides) -> SideName | None:
    """The one side that failed by its own doing."""
    left, right = sides
    if left in OWN and right in INNOCENT:
        return "left"
    if right in OWN and left in INNOCENT:
        return "right"
    return None


def ruling(failed: Sequence[Sides]) -> Ruling:
    """After these failed attempts, in order."""
    if any(NEVER & set(sides) for sides in failed):
        return Ruling("void")
    counted = [sides for sides in failed if not BEFORE & set(sides)]
    if len(counted) < ATTEMPTS:
        return Ruling("again")
    blamed = {at_fault(sides) for sides in counted}
    loser = blamed.pop() if len(blamed) == 1 else None
    return Ruling("forfeit", loser) if loser else Ruling("void")
