"""The show as a fold, as a function of its events."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.rundown.rules import AFTER, ALLOWED, Show, apply, fold

EVENTS = st.lists(st.tuples(st.sampled_from(sorted(AFTER)), st.integers(0, 2**32)), max_size=30)


def body(type: str, number: int) -> dict[str, Any]:
    return {"duel_id": str(UUID(int=number)), "ballot_id": str(UUID(int=number + 1)), "type": type}


def possible(wishes: list[tuple[str, int]]) -> list[tuple[str, dict[str, Any]]]:
    """Those of the commands that would have been carried out, one after the other."""
    show, events = Show(), []
    for type, number in wishes:
        if show.phase in ALLOWED[type]:
            events.append((type, body(type, number)))
            show = apply(show, *events[-1])
    return events


@given(EVENTS)
def test_any_crash_restores_the_same_state(wishes: list[tuple[str, int]]) -> None:
    """Folding what is in the log up to any event gives the state that was there at that event."""
    events = possible(wishes)
    show = Show()
    for count, event in enumerate(events, start=1):
        show = apply(show, *event)
        assert fold(events[:count]) == show
        assert show.version == count


@given(EVENTS)
def test_a_show_is_never_in_an_impossible_state(wishes: list[tuple[str, int]]) -> None:
    show = Show()
    for event in possible(wishes):
        show = apply(show, *event)
        assert (show.phase in ("duel", "vote", "locked", "revealed")) <= (show.duel_id is not None)
        assert (show.phase in ("vote", "locked", "revealed")) <= (show.ballot_id is not None)
        assert (show.phase == "duel") <= (show.ballot_id is None)


def test_nothing_is_revealed_before_the_lock_and_nothing_follows_the_end() -> None:
    assert ALLOWED["reveal"] == {"locked"}
    assert all("finished" not in phases for phases in ALLOWED.values())
    assert all("vote" not in phases for type, phases in ALLOWED.items() if type != "lock_vote")


@pytest.mark.parametrize("type", sorted(AFTER))
def test_every_command_has_its_phases(type: str) -> None:
    assert ALLOWED[type]
