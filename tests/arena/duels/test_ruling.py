"""Who has lost when a duel has failed twice."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.duels.contracts import Outcome
from arena.duels.ruling import BEFORE, INNOCENT, NEVER, OWN, Ruling, Sides, at_fault, ruling

FINE: Outcome = "answered"
AGAIN, VOID = Ruling("again"), Ruling("void")
outcomes = st.sampled_from(get_args(Outcome))
attempts = st.lists(st.tuples(outcomes, outcomes), max_size=6)


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ([], AGAIN),
        ([("empty", FINE)], AGAIN),
        ([("empty", FINE), ("empty", FINE)], Ruling("forfeit", "left")),
        ([(FINE, "stalled"), ("cut_off", "not_numbers")], Ruling("forfeit", "right")),
        ([("empty", FINE), (FINE, "empty")], VOID),
        ([("empty", "empty"), ("empty", "empty")], VOID),
        ([("stalled", "stalled"), ("stalled", FINE)], VOID),
        ([("engine_died", "empty"), ("engine_died", "empty")], VOID),
        ([("empty", FINE), ("node_lost", "node_lost")], VOID),
        ([("empty", FINE), ("not_ready", "not_ready")], AGAIN),
        ([("handed_back", "handed_back")] * 5, AGAIN),
        ([("wrong_adapter", "wrong_adapter")] * 2, VOID),
        ([("too_long", "cut_off")], VOID),
    ],
)
def test_the_rule(failed: list[Sides], expected: Ruling) -> None:
    assert ruling(failed) == expected


@given(attempts)
def test_only_who_failed_twice_by_its_own_doing_forfeits(failed: list[Sides]) -> None:
    said = ruling(failed)
    if any(NEVER & set(sides) for sides in failed):
        assert said == VOID, "what no engine can answer is not tried again, and is nobody's fault"
        return
    counted = [sides for sides in failed if not BEFORE & set(sides)]
    assert (said.what == "again") == (len(counted) < 2)
    if said.what == "forfeit":
        place = 0 if said.loser == "left" else 1
        assert all(sides[place] in OWN and sides[1 - place] in INNOCENT for sides in counted)


@given(attempts)
def test_left_and_right_are_judged_alike(failed: list[Sides]) -> None:
    other = {None: None, "left": "right", "right": "left"}
    said, mirrored = ruling(failed), ruling([(right, left) for left, right in failed])
    assert (mirrored.what, mirrored.loser) == (said.what, other[said.loser])


@given(outcomes)
def test_a_fault_of_both_is_nobody_s(outcome: Outcome) -> None:
    assert at_fault((outcome, outcome)) is None
