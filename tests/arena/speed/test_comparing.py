"""What stamps are worth: golden figures, and intervals that hold what they promise."""

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.speed import comparing
from arena.speed.comparing import FloatArray, Marked
from arena.speed.contracts import WHO, Measured, Ratio, Who
from arena.speed.rules import shots


def measured(
    who: Who = "a", block: int | None = 0, ask: int = 1, arrived: Sequence[int] = (50_000, 60_000, 70_000)
) -> Measured:
    return Measured(
        number=0,
        block=block,
        who=who,
        ask=ask,
        cache_salt="s",
        head_us=1_000,
        chunk_us=50_000,
        arrived_us=list(arrived),
        end_us=arrived[-1] + 100,
        prompt_tokens=9,
        finish_reason="length",
        text=None,
        engine=None,
    )


def test_the_figures_of_one_request() -> None:
    one = measured(arrived=[50_000, 60_000, 75_000])
    assert comparing.figure(one, "first_token") == 50.0
    assert comparing.figure(one, "decode") == pytest.approx(2 / 0.025)
    assert comparing.figure(one, "whole") == 75.0
    single = measured(arrived=[50_000])
    assert comparing.figure(single, "decode") is None, "one token has no speed"
    together = measured(arrived=[50_000, 50_000])
    assert comparing.figure(together, "decode") is None


def evening(pace: dict[Who, float], blocks: int = 7, noise: float = 0.0, seed: int = 1) -> list[Measured]:
    """A run in which each racer takes `pace` milliseconds for everything, the machine slows down by 2 % from request to
    request, and nobody is warmed up."""
    draw = np.random.default_rng(seed)
    found = []
    for shot in shots("duel", seed, blocks):
        drift = 1.02 ** (shot.number % 6)
        scale = pace[shot.who] * drift * (9.0 if shot.block is None else math.exp(draw.normal(0, noise)))
        arrived = [round(1000 * scale * step) for step in (5, 6, 7, 8)]
        found.append(measured(shot.who, shot.block, shot.ask, arrived))
    return found


def test_a_steady_drift_weighs_on_nobody_and_warm_ups_do_not_count() -> None:
    results = comparing.metric_results(evening({"a": 10, "b": 12, "house": 10}), seed=3, band=0.02)
    first, decode, whole = results
    assert (first.metric, decode.metric, whole.metric) == ("first_token", "decode", "whole")
    assert first.a_to_house is not None and first.a_to_b is not None and decode.a_to_b is not None
    assert first.a_to_house.median == pytest.approx(1, abs=1e-4)
    assert first.a_to_b.median == pytest.approx(10 / 12, abs=1e-4)
    assert decode.a_to_b.median == pytest.approx(12 / 10, abs=1e-4)
    assert len(first.a_to_b.blocks) == 7
    assert [result.outcome for result in results] == ["a", "a", "a"]
    assert first.a is not None and first.a < 60, "the warm-ups took nine times as long"


def test_who_needs_longer_loses_and_who_says_more_tokens_a_second_wins() -> None:
    slower = comparing.metric_results(evening({"a": 12, "b": 10, "house": 10}), seed=3, band=0.02)
    assert [result.outcome for result in slower] == ["b", "b", "b"]


def ratio_of(lo: float, median: float, hi: float) -> Ratio:
    return Ratio(median=median, lo=lo, hi=hi, blocks=[median])


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((0.95, 0.98, 1.01), "tie"),
        ((1.0, 1.05, 1.1), "tie"),
        ((0.985, 0.99, 0.995), "tie"),
        ((1.005, 1.01, 1.015), "tie"),
        ((0.97, 0.985, 0.99), "a"),
        ((1.01, 1.03, 1.05), "b"),
        ((0.90, 0.92, 0.94), "a"),
    ],
)
def test_the_tie_band(interval: tuple[float, float, float], said: str) -> None:
    """For a time, of which less is better; the other way round for a speed."""
    ratio = ratio_of(*interval)
    assert comparing.outcome(ratio, "first_token", 0.02) == said
    other = {"a": "b", "b": "a", "tie": "tie"}[said]
    assert comparing.outcome(ratio, "decode", 0.02) == other
    assert comparing.outcome(None, "decode", 0.02) is None


@given(
    st.lists(st.floats(0.2, 5), min_size=5, max_size=12),
    st.lists(st.floats(0.2, 5), min_size=12, max_size=12),
    st.integers(0, 2**53 - 1),
)
def test_b_to_a_is_exactly_the_inverse_of_a_to_b(a: list[float], b: list[float], seed: int) -> None:
    there = comparing.ratio(a, b[: len(a)], seed)
    back = comparing.ratio(b[: len(a)], a, seed)
    assert there is not None and back is not None
    assert there == comparing.ratio(a, b[: len(a)], seed), "the seed alone decides"
    assert there.lo <= there.median * (1 + 1e-12) and there.median <= there.hi * (1 + 1e-12)
    assert (back.median, back.lo, back.hi) == pytest.approx((1 / there.median, 1 / there.hi, 1 / there.lo))


def test_golden_intervals() -> None:
    """Five blocks, and seven: from the least to the greatest. Of nine, one on each side is left out."""
    for n, left_out in ((5, 0), (7, 0), (9, 1)):
        values = np.arange(n, dtype=np.float64)
        median, lo, hi = comparing.interval(values, 1)
        assert (median, lo, hi) == ((n - 1) / 2, left_out, n - 1 - left_out)


def test_student_quantiles() -> None:
    for freedom, wanted in ((4, 2.776), (6, 2.447), (10, 2.228), (30, 2.042)):
        assert comparing._student_quantile(freedom) == pytest.approx(wanted, rel=3e-3)


@pytest.mark.parametrize("blocks", [5, 6, 7, 8, 10, 15, 20])
@pytest.mark.parametrize("shape", ["normal", "heavy"])
def test_of_an_entry_against_itself_the_interval_holds_one_in_about_95_of_100(
    blocks: int, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "RESAMPLES", 2_000)
    draw = np.random.default_rng(20261121 + blocks)
    runs, held = 400, 0
    for number in range(runs):
        noise: FloatArray = (
            draw.normal(0, 0.03, blocks) if shape == "normal" else draw.standard_t(3, blocks) * 0.03
        )
        _, lo, hi = comparing.interval(noise, number)
        held += lo <= 0 <= hi
    assert 0.915 <= held / runs <= 0.995


def test_fewer_than_five_blocks_have_no_interval() -> None:
    assert comparing.ratio([1.0] * 4, [1.0] * 4, 1) is None
    assert comparing.ratio([1.0, None, 1.0, 1.0, 1.0], [1.0] * 5, 1) is None
    assert comparing.ratio([1.0] * 5, [1.0] * 5, 1) is not None


def test_what_was_not_measured_is_no_number() -> None:
    results = comparing.metric_results([], seed=1, band=0.02)
    for result in results:
        assert (result.a, result.b, result.house) == (None, None, None)
        assert (result.a_to_house, result.a_to_b, result.outcome) == (None, None, None)
    assert all((axis.a, axis.b, axis.house) == (None, None, None) for axis in comparing.axes([], results))


def quiz(paces: dict[Who, int], right: dict[Who, int], tokens: int = 4) -> list[Marked]:
    """`right`: how many of the ten."""
    found = []
    for shot in shots("quiz", 5, 5):
        arrived = [paces[shot.who] * 1000 * step for step in range(2, 2 + tokens)]
        one = measured(shot.who, shot.block, shot.ask, arrived)
        if shot.block is not None:
            found.append(Marked(one, shot.ask <= right[shot.who]))
    return found


def test_the_axes_of_a_quiz() -> None:
    marked = quiz({"a": 10, "b": 20, "house": 15}, {"a": 7, "b": 10, "house": 0})
    results = comparing.metric_results([one.measured for one in marked], seed=1, band=0.02)
    found = {axis.axis: axis for axis in comparing.axes(marked, results)}
    assert (found["accuracy"].a, found["accuracy"].b, found["accuracy"].house) == (0.7, 1.0, 0.0)
    for name in ("time_to_answer", "first_token", "decode"):
        axis = found[name]
        assert (axis.a, axis.b, axis.house) == pytest.approx((1.5, 0.75, 1.0)), "more is faster, on all three"
    assert found["evenness"].a == found["evenness"].b == found["evenness"].house == 1.0
    lines = comparing.quiz_lines([(f"Q{n}", f"A{n}") for n in range(1, 11)], marked)
    assert [line.question for line in lines] == [f"Q{n}" for n in range(1, 11)]
    assert [line.a.correct for line in lines] == [True] * 7 + [False] * 3
    assert {line.b.ms for line in lines} == {100.0}
    assert {line.a.answer for line in lines} == {None}, "nothing is shown that was not let through"


def test_answers_of_one_token_have_no_decode_speed_and_no_evenness() -> None:
    marked = quiz(dict.fromkeys(WHO, 10), dict.fromkeys(WHO, 5), tokens=1)
    results = comparing.metric_results([one.measured for one in marked], seed=1, band=0.02)
    found = {axis.axis: axis for axis in comparing.axes(marked, results)}
    for name in ("decode", "evenness"):
        axis = found[name]
        assert (axis.a, axis.b, axis.house) == (None, None, None)
    assert found["first_token"].a == 1.0


def test_evenness_is_the_usual_gap_to_a_long_one() -> None:
    steady = [measured(arrived=range(1000, 23_000, 1000))]
    assert comparing.evenness(steady) == 1.0
    gaps = [1000] * 18 + [10_000] * 2
    arrived = np.cumsum([1000, *gaps]).tolist()
    found = comparing.evenness([measured(arrived=arrived)])
    assert found is not None and found < 0.2
    assert statistics.median(gaps) == 1000
