"""Equal pace, as a function of its arguments."""

from hypothesis import given
from hypothesis import strategies as st

from arena.duels.contracts import Token
from arena.duels.rules import released

COUNTS = st.integers(0, 50)


@given(COUNTS, COUNTS, st.booleans(), st.booleans())
def test_one_side_runs_ahead_only_of_one_that_has_ended(
    left: int, right: int, left_done: bool, right_done: bool
) -> None:
    shown_left, shown_right = released(left, right, left_done, right_done)
    assert 0 <= shown_left <= left
    assert 0 <= shown_right <= right
    if shown_left > shown_right:
        assert right_done
        assert shown_right == right
    if shown_right > shown_left:
        assert left_done
        assert shown_left == left


@given(COUNTS, COUNTS)
def test_in_the_end_everything_is_shown(left: int, right: int) -> None:
    assert released(left, right, True, True) == (left, right)


@given(st.lists(st.sampled_from(["left", "right"]), max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_nothing_shown_is_taken_back(arrivals: list[str], left_ends: int, right_ends: int) -> None:
    """Tokens arrive in any order and each side ends at some point; the shown counts only grow, up to everything."""
    counts = {"left": 0, "right": 0}
    before = (0, 0)
    for number, side in enumerate(arrivals):
        done = (number >= left_ends, number >= right_ends)
        counts[side] += not done[side == "right"]
        shown = released(counts["left"], counts["right"], *done)
        assert shown >= before
        assert shown[1] >= before[1]
        before = shown
    assert released(counts["left"], counts["right"], True, True) == (counts["left"], counts["right"])


@given(st.integers(0, 30), st.integers(0, 30))
def test_who_is_faster_cannot_be_seen_while_both_speak(left: int, right: int) -> None:
    shown = released(left, right, False, False)
    assert shown == released(right, left, False, False)
    assert shown[0] == shown[1]


def test_a_token_no_database_keeps_is_shown_as_unknown() -> None:
    """An adapter may well be trained to say NUL, which would break whoever writes the record."""
    assert Token(token_id=1, text="a\x00b", at_us=0).text == "a\ufffdb"
