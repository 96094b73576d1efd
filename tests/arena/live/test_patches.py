"""The patch algebra: whatever two states are, the difference leads from the first to the second."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.live.patches import KeysDiffer, State, apply, diff

KEYS = st.sampled_from(["duel", "left", "right", "text", "phase", "rows"])
TEXTS = st.text(alphabet="ab🏮雨 \n", max_size=6)
LEAVES = st.one_of(st.none(), st.integers(-3, 3), TEXTS, st.lists(TEXTS, max_size=3))
STATES = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=4),
    lambda inner: st.dictionaries(KEYS, st.one_of(LEAVES, inner), max_size=4),
    max_leaves=12,
)


def lost_a_key(old: Any, new: Any) -> bool:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return not old.keys() <= new.keys() or any(lost_a_key(old[key], new[key]) for key in old)


@given(STATES, STATES)
def test_a_difference_leads_from_one_state_to_the_other(old: State, new: State) -> None:
    try:
        patch = diff(old, new)
    except KeysDiffer:
        assert lost_a_key(old, new)
        return
    if patch is None:
        assert old == new
        return
    assert apply(old, patch) == new
    assert apply(new, patch) == new, "a patch taken twice, or late, changes nothing"


@given(STATES, STATES)
def test_a_patch_leaves_its_argument_alone(old: State, new: State) -> None:
    before = copy.deepcopy(old)
    try:
        patch = diff(old, new)
    except KeysDiffer:
        return
    if patch is not None:
        apply(old, patch)
    assert old == before


@given(STATES)
def test_nothing_changed_is_no_patch(state: State) -> None:
    assert diff(state, state) is None


@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_a_growing_text_travels_as_its_new_part(parts: list[str]) -> None:
    states = [{"duel": {"left": {"text": "x" + "".join(parts[:count])}}} for count in range(len(parts) + 1)]
    shown: State = states[0]
    for state in states[1:]:
        patch = diff(shown, state)
        if patch is not None:
            assert "set" not in patch
            shown = apply(shown, patch)
        assert shown == state


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"duel": None}, {"duel": {"id": 1}}, {"set": {"duel": {"id": 1}}}),
        ({"duel": {"id": 1}}, {"duel": None}, {"set": {"duel": None}}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"set": {"b": 3}}),
        ({"rows": [1, 2]}, {"rows": [1, 2, 3]}, {"set": {"rows": [1, 2, 3]}}),
        ({"t": "🏮"}, {"t": "🏮雨"}, {"append": [{"path": ["t"], "pos": 1, "text": "雨"}]}),
        ({"t": ""}, {"t": "a"}, {"set": {"t": "a"}}),
        ({"t": "ab"}, {"t": "a"}, {"set": {"t": "a"}}),
    ],
)
def test_patches_as_they_travel(old: State, new: State, patch: State) -> None:
    assert diff(old, new) == patch


def test_a_lost_key_cannot_be_said() -> None:
    with pytest.raises(KeysDiffer):
        diff({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}})
