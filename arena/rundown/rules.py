"""The show as a fold over its events, and which command is possible when. Pure functions."""

from collections.abc import Iterable, Sequence
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
"""What is done to a ballot leaves the phase as it is."""


@dataclass(frozen=True)
class Show:
    version: int = 0
    phase: Phase = "idle"
    duel_id: UUID | None = None
    ballot_id: UUID | None = None


def apply(show: Show, type: str, body: dict[str, Any]) -> Show:
    after = replace(show, version=show.version + 1, phase=AFTER.get(type, show.phase))
    on_stage = show.phase in ("vote", "locked")
    if type == "void_ballot" and on_stage and UUID(body["ballot_id"]) == show.ballot_id:
        # The duel's vote counts for nothing: it is put to the vote again, on another ballot.
        return replace(after, phase="duel", ballot_id=None)
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


def stays(events: Sequence[tuple[str, str]], key: str) -> bool:
    """Whether what was put on stage by the step `key` is still there: the next step of the show itself clears it."""
    place = next((at for at, (_, own) in enumerate(events) if own == key), None)
    return place is not None and all(type not in AFTER for type, _ in events[place:])
