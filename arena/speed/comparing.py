"""What the stamps of a run say: figures of one request, ratios within a block, an interval over blocks. Pure functions.

Everything is computed on logarithms, so that "A to B" is exactly the inverse of "B to A".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.speed.contracts import (
    AXES,
    METRICS,
    WHO,
    Axis,
    AxisValues,
    Given,
    Measured,
    Metric,
    MetricResult,
    Outcome,
    QuizLine,
    Ratio,
    Who,
)

FloatArray = NDArray[np.float64]

RESAMPLES = 10_000
FEWEST = 5
"""Blocks below which there is no interval."""
FEWEST_GAPS = 10
NORMAL_QUANTILE = 1.959963984540054
LESS_IS_FASTER: frozenset[Metric] = frozenset({"first_token", "whole"})


def figure(one: Measured, metric: Metric) -> float | None:
    """Milliseconds, or tokens a second: (n - 1) / (last - first), by counted token ids. None: too short to say."""
    if not one.arrived_us:
        return None
    first, last = one.arrived_us[0], one.arrived_us[-1]
    if metric == "first_token":
        return first / 1000 or None
    if metric == "whole":
        return last / 1000 or None
    return (len(one.arrived_us) - 1) * 1e6 / (last - first) if last > first else None


def by_block(samples: Sequence[Measured], who: Who, metric: Metric) -> list[float | None]:
    """In each block the geometric mean of what the racer showed there. None where it showed nothing."""
    counted = [one for one in samples if one.block is not None]
    blocks = 1 + max((one.block for one in counted if one.block is not None), default=-1)
    found: list[float | None] = []
    for block in range(blocks):
        values = [figure(one, metric) for one in counted if one.block == block and one.who == who]
        shown = [value for value in values if value is not None]
        found.append(math.exp(math.fsum(map(math.log, shown)) / len(shown)) if shown else None)
    return found


def ratio(top: Sequence[float | None], bottom: Sequence[float | None], seed: int) -> Ratio | None:
    """`top` to `bottom` within each block that has both. None with fewer than five of those."""
    logs = [
        math.log(one) - math.log(other)
        for one, other in zip(top, bottom, strict=True)
        if one is not None and other is not None
    ]
    if len(logs) < FEWEST:
        return None
    median, lo, hi = interval(np.array(logs), seed)
    return Ratio(
        median=math.exp(median),
        lo=math.exp(lo),
        hi=math.exp(hi),
        blocks=[math.exp(value) for value in logs],
    )


def interval(values: FloatArray, seed: int) -> tuple[float, float, float]:
    """(median, low, high): the 95 % bootstrap interval of the median. Blocks are what is drawn again: requests of one
    block share its moment.

    The percentiles are expanded for the small number of blocks (Hesterberg 2015, "What teachers should know about the
    bootstrap", section 5.3): the plain ones of seven blocks hold the truth 88 % of the time, these 94 to 98 %
    (`tests/arena/speed/test_comparing.py`).
    """
    n = len(values)
    tail = _normal_tail(_student_quantile(n - 1) * math.sqrt(n / (n - 1)))
    draws = np.random.default_rng(seed).integers(0, n, (RESAMPLES, n))
    medians = np.median(values[draws], axis=1)
    lo = float(np.quantile(medians, tail, method="inverted_cdf"))
    hi = -float(np.quantile(-medians, tail, method="inverted_cdf"))
    return float(np.median(values)), lo, hi


def _normal_tail(quantile: float) -> float:
    return 0.5 * math.erfc(quantile / math.sqrt(2))


def _student_quantile(freedom: int) -> float:
    """97.5 % of Student's distribution, by its expansion around the normal one (Abramowitz and Stegun 26.7.5); within
    0.3 % from four degrees of freedom on."""
    z, v = NORMAL_QUANTILE, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def outcome(a_to_b: Ratio | None, metric: Metric, band: float) -> Outcome | None:
    """Too close to call when the interval holds 1 or lies within the band around it."""
    if a_to_b is None:
        return None
    lo, hi = a_to_b.lo, a_to_b.hi
    if lo <= 1 <= hi or (1 - band <= lo and hi <= 1 + band):
        return "tie"
    return "a" if (a_to_b.median < 1) == (metric in LESS_IS_FASTER) else "b"


def metric_results(samples: Sequence[Measured], seed: int, band: float) -> list[MetricResult]:
    found = []
    for metric in METRICS:
        a, b, house = (by_block(samples, who, metric) for who in WHO)
        a_to_b = ratio(a, b, seed)
        found.append(
            MetricResult(
                metric=metric,
                a=_median(a),
                b=_median(b),
                house=_median(house),
                a_to_house=ratio(a, house, seed),
                b_to_house=ratio(b, house, seed),
                a_to_b=a_to_b,
                outcome=outcome(a_to_b, metric, band),
            )
        )
    return found


def _median(values: Sequence[float | None]) -> float | None:
    shown = [value for value in values if value is not None]
    return float(np.median(shown)) if shown else None


# --- the quiz ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Marked:
    """An answer with its mark."""

    measured: Measured
    correct: bool
    shown: bool = False
    """Its words may be read by everybody."""


def evenness(samples: Sequence[Measured]) -> float | None:
    """The usual gap between two tokens as a share of a long one (the 95th percentile): 1 is a steady stream. None when
    the answers are too short to tell."""
    gaps = [
        later - earlier
        for one in samples
        if one.block is not None
        for earlier, later in zip(one.arrived_us, one.arrived_us[1:], strict=False)
    ]
    if len(gaps) < FEWEST_GAPS:
        return None
    long = float(np.quantile(gaps, 0.95))
    return float(np.median(gaps)) / long if long > 0 else None


def axes(marked: Sequence[Marked], results: Sequence[MetricResult]) -> list[AxisValues]:
    return [AxisValues(axis=axis, **{who: _on(axis, who, marked, results) for who in WHO}) for axis in AXES]


def _on(axis: Axis, who: Who, marked: Sequence[Marked], results: Sequence[MetricResult]) -> float | None:
    mine = [one for one in marked if one.measured.who == who]
    if axis == "accuracy":
        return sum(one.correct for one in mine) / len(mine) if mine else None
    if axis == "evenness":
        return evenness([one.measured for one in mine])
    metric: Metric = "whole" if axis == "time_to_answer" else axis
    found = next(one for one in results if one.metric == metric)
    if who == "house":
        return 1.0 if found.house is not None else None
    to_house = found.a_to_house if who == "a" else found.b_to_house
    if to_house is None:
        return None
    return 1 / to_house.median if metric in LESS_IS_FASTER else to_house.median


def quiz_lines(questions: Sequence[tuple[str, str]], marked: Sequence[Marked]) -> list[QuizLine]:
    """`questions` are texts with what was expected, in the order in which they were asked, from 1 on."""
    given = {
        (one.measured.ask, one.measured.who): Given(
            correct=one.correct,
            ms=one.measured.arrived_us[-1] / 1000,
            tokens=len(one.measured.arrived_us),
            answer=(one.measured.text or "").strip() if one.shown else None,
        )
        for one in marked
    }
    return [
        QuizLine(question=text, expected=expected, **{who: given[ask, who] for who in WHO})
        for ask, (text, expected) in enumerate(questions, start=1)
    ]
