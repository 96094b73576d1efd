"""Another way to the same intervals, as a check: resample whole duels, fit again, and look how far the ratings spread.

A resample takes duels and not votes, for the reason that the sandwich is clustered. With six duels it takes the same
few again and again, so the sandwich with its small-sample corrections is what is shown, and this stands beside it.
"""

from dataclasses import dataclass
from hashlib import shake_256

import numpy as np

from arena.ratings.bradley_terry import FloatArray, IntArray, minimise
from arena.ratings.rules import Fit

RESAMPLES = 200


@dataclass(frozen=True)
class Check:
    """Standard error by resampling, divided by the sandwich's, over the rated entries."""

    resamples: int
    ratio: float
    """The median."""
    least: float
    most: float


def check(fitted: Fit, house: str, seed: str, resamples: int = RESAMPLES) -> Check | None:
    """None where nothing is rated. The same seed gives the same resamples on every machine."""
    estimated = fitted.estimate
    others = [index for index, entry in enumerate(fitted.core) if entry != house]
    if estimated is None or not others:
        return None
    contrasts = estimated.contrasts([(index, fitted.core.index(house)) for index in others])
    seen = estimated.observations
    found = np.zeros((resamples, len(others)))
    for number in range(resamples):
        weight = seen.weight * _taken(f"{seed}/{number}", len(seen.share))
        sums = seen.sums(weight), seen.sums(weight * seen.share)
        beta, _ = minimise(seen.design, *sums, estimated.penalty, estimated.beta)
        found[number] = contrasts @ beta
    sandwich = np.sqrt(((contrasts @ estimated.clustered) * contrasts).sum(axis=1))
    if not sandwich.all():
        return None  # duels that agree to the last vote: nothing to compare
    ratio: FloatArray = found.std(axis=0, ddof=1) / sandwich
    return Check(resamples, float(np.median(ratio)), float(ratio.min()), float(ratio.max()))


def _taken(seed: str, n: int) -> IntArray:
    """How often each of n duels is taken when n are drawn with replacement."""
    drawn = np.frombuffer(shake_256(seed.encode()).digest(4 * n), "<u4").astype(np.uint64)
    return np.bincount((drawn * np.uint64(n) >> np.uint64(32)).astype(np.intp), minlength=n)
