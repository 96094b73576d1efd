"""What follows from what: actions in their order, matches, verdicts. No database, no network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Action(StrEnum):
    """In rising order."""

    PASS = "pass"
    FLAG = "flag"
    """Let through, and written down for the moderators."""
    HOLD = "hold"
    """A person decides."""
    BLOCK = "block"


RANK = {action: rank for rank, action in enumerate(Action)}


@dataclass(frozen=True, slots=True)
class Match:
    """One term of one list in the text; `start` and `end` (exclusive) count characters of the original."""

    list: str
    term: str
    category: str
    action: Action
    start: int
    end: int


@dataclass(frozen=True)
class Verdict:
    action: Action
    engine: str
    """Digest of what decided: the normaliser and the lists. Empty when there was no engine."""
    matches: tuple[Match, ...] = ()
    reason: str | None = None
    """Why, when it was not a list: `engine.unavailable`, `guard.unsafe`, `guard.unavailable` …"""
    guard: str | None = None
    """The guard's own word, when a guard was asked and did not pass the text."""

    @property
    def refused(self) -> bool:
        return RANK[self.action] >= RANK[Action.HOLD]

    @property
    def category(self) -> str:
        """What to tell the author: the category of the strongest match; `unchecked` when the check itself failed."""
        strongest = [match for match in self.matches if match.action == self.action]
        if strongest:
            return strongest[0].category
        return "guard" if self.guard is not None else "unchecked"


def strongest(actions: Sequence[Action]) -> Action:
    return max(actions, key=RANK.__getitem__, default=Action.PASS)


def raised(verdict: Verdict, action: Action, reason: str, guard: str | None = None) -> Verdict:
    """The verdict with a second opinion, which can make it stricter and never milder."""
    if RANK[action] <= RANK[verdict.action]:
        return verdict if action is Action.PASS else replace(verdict, guard=guard)
    return replace(verdict, action=action, reason=reason, guard=guard)


def closed(reason: str) -> Verdict:
    """The verdict when there is nobody to ask: a person must look. Never `pass`."""
    return Verdict(Action.HOLD, "", reason=reason)
