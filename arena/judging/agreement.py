"""How far judges agree, and how each of them leans. Pure functions over what was said; nothing here knows a database.

Krippendorff's alpha is written after K. Krippendorff, “Computing Krippendorff's Alpha-Reliability” (2011), by
coincidence matrices; the golden values in the tests are those of that paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from arena.votes.contracts import Choice

Metric = Literal["nominal", "interval"]
Floats = NDArray[np.float64]
VALUE: dict[Choice, int] = {"left": -1, "right": 1, "tie": 0, "both_bad": 0}
CODES: dict[Metric, dict[Choice, int]] = {
    "nominal": {"left": 0, "right": 1, "tie": 2, "both_bad": 3},
    "interval": VALUE,
}


@dataclass(frozen=True)
class Alpha:
    """1: all agree; 0: as by chance; below: they contradict each other."""

    value: float
    low: float
    high: float
    """95 % by resampling units, which are the random thing: a judge is not drawn anew for each."""
    units: int
    """On which at least two have spoken."""


def alpha(units: Sequence[Sequence[float]], metric: Metric, draws: int = 1000, seed: int = 7) -> Alpha | None:
    """Krippendorff's alpha of units, each with what its raters said; who was silent is not there.

    None where there is nothing to compare: fewer than two raters everywhere, or all have always said one thing.
    """
    pairable = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in pairable for value in unit})
    if len(values) < 2:
        return None
    each = np.stack([_coincidences(unit, values) for unit in pairable])
    found = _alphas(each.sum(axis=0)[None], _distances(values, metric))[0]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(pairable), np.full(len(pairable), 1 / len(pairable)), size=draws)
    spread = _alphas(np.tensordot(drawn.astype(np.float64), each, axes=1), _distances(values, metric))
    low, high = np.nanquantile(spread, (0.025, 0.975))
    return Alpha(float(found), float(low), float(high), len(pairable))


def agreement(units: Sequence[Sequence[Choice]], metric: Metric) -> Alpha | None:
    """Of ballots, each with what its judges said. A tie and two bad answers are one value on the scale, two words."""
    return alpha([[CODES[metric][choice] for choice in unit] for unit in units], metric)


def _coincidences(unit: Sequence[float], values: Sequence[float]) -> Floats:
    counts = np.array([list(unit).count(value) for value in values], dtype=np.float64)
    return (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)


def _distances(values: Sequence[float], metric: Metric) -> Floats:
    column = np.asarray(values, dtype=np.float64)
    apart = column[:, None] - column[None, :]
    return (apart != 0).astype(np.float64) if metric == "nominal" else apart**2


def _alphas(coincidences: Floats, distances: Floats) -> Floats:
    """Of each matrix; 1 where a draw has one value only, since nobody disagrees in it."""
    totals = coincidences.sum(axis=2)
    size = totals.sum(axis=1)
    observed = (coincidences * distances).sum(axis=(1, 2))
    expected = np.einsum("bi,bj,ij->b", totals, totals, distances) / (size - 1)
    one_value = expected == 0
    return np.asarray(np.where(one_value, 1.0, 1 - observed / np.where(one_value, 1.0, expected)))


@dataclass(frozen=True)
class Said:
    """One judge's verdict on one duel."""

    duel: str
    judge: str
    choice: Choice
    mirrored: bool
    scores: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Leaning:
    judge: str
    verdicts: int
    left_seen: float | None
    """Share of the side that stood on the left *on this judge's page* among those with a winner; a half is unbiased."""
    ties: float
    """Share of verdicts without a winner."""
    agrees: float | None
    """Mean share of the other judges of a duel who said the same."""
    strictness: Mapping[str, float]
    """Criterion -> how much lower than the others' mean his scores of the same answers are."""


def leanings(said: Sequence[Said]) -> list[Leaning]:
    return [_leaning(judge, said) for judge in sorted({one.judge for one in said})]


def _leaning(judge: str, said: Sequence[Said]) -> Leaning:
    own = [one for one in said if one.judge == judge]
    decided = [one for one in own if VALUE[one.choice]]
    on_left = [(one.choice == "left") != one.mirrored for one in decided]
    agreed = []
    harder: dict[str, list[float]] = {}
    for one in own:
        others = [other for other in said if other.duel == one.duel and other.judge != judge]
        if others:
            agreed.append(mean(VALUE[other.choice] == VALUE[one.choice] for other in others))
        for criterion, sides in one.scores.items():
            for side, score in sides.items():
                theirs = [other.scores.get(criterion, {}).get(side) for other in others]
                given = [score for score in theirs if score is not None]
                if given:
                    harder.setdefault(criterion, []).append(mean(given) - score)
    return Leaning(
        judge=judge,
        verdicts=len(own),
        left_seen=mean(on_left) if on_left else None,
        ties=1 - len(decided) / len(own),
        agrees=mean(agreed) if agreed else None,
        strictness={criterion: mean(gaps) for criterion, gaps in harder.items()},
    )
