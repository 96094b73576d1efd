"""One number out of three axes: what each is worth on a common scale, and how sure their weighted mean is.

Pure functions. Every axis is brought to a share between 0 and 1 that can be said in words, and 0.5 is what the house
has on the two that are measured against it:

* creativity, from rating R: 1 / (1 + 10^((1000 - R) / 400)), the part of its duels against the house that the
  entry is expected to win (that is what a rating means, Elo 1978);
* accuracy: the part of the questions that it knows, corrected for lucky guesses, as it is;
* speed, from the ratio r to the house: r / (1 + r), the part that it writes while both write at once.

Overall is the mean of the shares by the season's declared weights, times 100. Its interval combines those of the axes
by squaring and adding what each leaves open below and above, weighted (MOVER: Zou and Donner 2008, Statistics in
Medicine 27, 1693-1702); they come from different measurements and are taken as independent. A missing score is never
a number: without one that counts there is no overall.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from arena.benchmarks.public import Accuracy
from arena.shows.public import OverallWeights

Axis = Literal["creativity", "accuracy", "speed"]
AXES: tuple[Axis, ...] = get_args(Axis)
NORMAL_QUANTILE = 1.959963984540054


@dataclass(frozen=True)
class Share:
    value: float
    lo: float | None
    hi: float | None
    """95 % interval. None: nobody knows how far off the value may be."""


@dataclass(frozen=True)
class Overall:
    """Of 100."""

    value: float
    lo: float | None
    hi: float | None


def of_rating(rating: float, lo: float | None, hi: float | None) -> Share:
    """The house stands at its rating by definition, so that one without an interval is exact."""
    return _through(lambda points: 1 / (1 + 10 ** ((1000 - points) / 400)), rating, lo, hi)


def of_accuracy(accuracy: Accuracy) -> Share:
    """A score that somebody has set has no error of measurement, and then nothing is claimed about one."""
    if accuracy.stderr is None:
        return Share(accuracy.value, None, None)
    half = NORMAL_QUANTILE * accuracy.stderr
    return Share(accuracy.value, accuracy.value - half, accuracy.value + half)


def of_speed(ratio: float, lo: float | None, hi: float | None) -> Share:
    """The house is as fast as itself, exactly."""
    return _through(lambda times: times / (1 + times), ratio, lo, hi)


def _through(scale: Callable[[float], float], value: float, lo: float | None, hi: float | None) -> Share:
    low, high = (value if lo is None else lo), (value if hi is None else hi)
    return Share(scale(value), scale(low), scale(high))


def missing(shares: Mapping[Axis, Share | None], weights: OverallWeights) -> list[Axis]:
    """Axes that count and have no score."""
    return [axis for axis in AXES if getattr(weights, axis) > 0 and shares.get(axis) is None]


def overall(shares: Mapping[Axis, Share | None], weights: OverallWeights) -> Overall | None:
    if missing(shares, weights):
        return None
    total = math.fsum(getattr(weights, axis) for axis in AXES)
    counted = [
        (getattr(weights, axis) / total, share)
        for axis in AXES
        if getattr(weights, axis) > 0 and (share := shares.get(axis)) is not None
    ]
    value = math.fsum(part * share.value for part, share in counted)
    below = _open([(part, share.value, share.lo) for part, share in counted])
    above = _open([(part, share.value, share.hi) for part, share in counted])
    if below is None or above is None:
        return Overall(100 * value, None, None)
    return Overall(100 * value, 100 * (value - below), 100 * (value + above))


def _open(ends: list[tuple[float, float, float | None]]) -> float | None:
    """How far the mean may be off to one side. None as soon as an end is not known."""
    known = [part * (value - end) for part, value, end in ends if end is not None]
    return math.hypot(*known) if len(known) == len(ends) else None
