"""The show as a fold over its events, and which command is possible when. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

Phase = Literal["idle", "duel", "vote", "locked", "revealed", "finished"]

ALLOWED: dict[str, frozenset[Phase]] = {
    "start_duel": frozenset({"idle", "duel", "revealed"}),
    "open_vote": frozenset({"duel"}),
    "lock_vote": frozenset({"vote"}),
    "reveal": frozenset({"locked"}),
    "finish": frozenset({"idle", "duel", "locked", "revealed"}),
}
"""From which phases each command may be given. A duel in `duel` may be replaced while it has no complete
answers: they may have failed."""

AFTER: dict[str, Phase] = {
    "start_duel": "duel",
    "open_vote": "vote",
    "lock_vote": "locked",
    "reveal": "revealed",
    "finish": "finished",
}


@dataclass(frozen=True)
class Show:
    version: int = 0
    phase: Phase = "idle"
    duel_id: UUID | None = None
    ballot_id: UUID | None = None


def apply(show: Show, type: str, body: dict[str, Any]) -> Show:
    after = replace(show, version=show.version + 1, phase=AFTER[type])
    if type == "start_duel":
        return replace(after, duel_id=UUID(body["duel_id"]), ballot_id=None)
    if type == "open_vote":
        return replace(after, ballot_id=UUID(body["ballot_id"]))
    return after


def fold(events: Iterable[tuple[str, dict[str, Any]]]) -> Show:
    show = Show()
    for type, body in events:
        show = apply(show, type, body)
    return show
