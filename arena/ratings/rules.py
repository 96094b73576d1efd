"""Ratings: what a season of blind duels says about how its entries compare, and how sure it is.

Pure functions of their arguments: no database, no clock, no randomness. The result does not depend on the
order of the duels nor on the side an entry stood on, to the last bit, because duels are brought into one
canonical order first.

The model is Bradley-Terry: a beats b with probability 1 / (1 + exp(-(t_a - t_b))), t being strengths in
logits (Chiang et al. 2024, "Chatbot Arena", arXiv 2403.04132, section 4). Shown is R = 1000 + 400 / ln 10 *
(t - t_house). The house entry, the base model with an adapter that changes nothing, stands at 1000 by
definition; 400 points are odds of ten to one.

Three things differ from the usual arena code, on purpose:

* **The duel is the random unit, not the vote.** Two hundred viewers of one duel saw the same two answers;
  what they have in common (the prompt, one lucky answer) does not average out with more viewers. A duel is
  one observation: its score contributions are added up before they are squared, and its weight saturates with
  its votes (`Method.half_voice`).
* **Judges and crowd are two series**, each normalised by its own mass, then weighted as the season declares.
  Ten times the viewers do not move the judges' say.
* **No number without evidence.** An entry that hangs on a single duel is fitted exactly, has no residual, and
  would get a wonderfully narrow interval. It gets none, and a reason instead (`rated_core`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from arena.ratings.bradley_terry import CONFIDENCE, Estimate, FloatArray, Observations, estimate
from arena.ratings.columns import Columns, Pair, duel_weights, rated_core
from arena.ratings.tallies import HALF_EACH, SERIES, Duel, Weights

HOUSE_RATING = 1000.0
POINTS_PER_LOGIT = 400.0 / math.log(10.0)
METHOD = "gavel.ratings.v2"
"""Changes whenever the same duels would get other numbers."""


class Unrated(StrEnum):
    """Why an entry has no rating. The web translates the code."""

    NOT_ENOUGH_DUELS = "not_enough_duels"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True)
class Method:
    """The constants of the calculation; every snapshot says which it was computed with."""

    ridge: float = 0.1
    """Weight of the N(0, 1) prior on strengths; an observed duel weighs about 1. It keeps an undefeated entry finite
    and costs 5 % of the distance once an entry has about nine duels."""

    style_ridge: float = 1.0
    """The same for style effects, divided by the number of duels: enough to keep them finite and no more. A prior that
    can be felt draws them to zero, and style control is then switched off without anybody having said so."""

    pair_floor: int = 3
    """Pairs with fewer duels than this weigh as if they had so many. The Chatbot Arena's floor is 50 votes; a
    show has a handful of duels per pair, and with no floor one duel of a rare pair would outweigh each duel
    of a common one."""

    half_voice: float = 6.0
    """Votes at which a duel has half of its full weight: votes / (votes + half_voice). That is the inverse
    variance of a share whose sampling noise comes on top of a luck that all voters of the duel have in
    common; luck of 0.8 logits is worth 4 / 0.8^2 = 6 votes. So the vote of one friend is not a duel, and a
    fan club in the hall is only one."""

    def __post_init__(self) -> None:
        if min(self.ridge, self.style_ridge) <= 0 or self.pair_floor < 1 or self.half_voice < 0:
            raise ValueError(f"ridges must be > 0, pair_floor >= 1, half_voice >= 0: {self}")


@dataclass(frozen=True)
class Rating:
    """One row of a season: points on the house scale, or None with the reason."""

    entry: str
    rating: float | None
    lo: float | None
    hi: float | None
    """95 % interval of the *difference to the house*, added to 1000. The house has none: its place is a
    definition. Whether two contestants differ is not read off two such intervals; see `too_close`."""
    duels: int
    """Duels of this entry with at least one counted ballot."""
    rank: int | None = None
    """The best place it may have: 1 + number of entries that are surely above it. See `places`."""
    rank_to: int | None = None
    """The worst."""
    reason: Unrated | None = None


@dataclass(frozen=True)
class Difference:
    """How far one entry stands above another, and the half-width of the 95 % interval of that; in points."""

    points: float
    half_width: float


@dataclass(frozen=True)
class Fit:
    """A fitted season."""

    ratings: tuple[Rating, ...]
    """In the order of entry names, without places; `season_board` adds those and sorts for showing."""
    duels: int
    """Duels that carry the ratings; 0 when nothing could be fitted."""
    core: tuple[str, ...]
    """Entries with a strength, the house among them, in the order of the estimate's first coefficients."""
    estimate: Estimate | None
    style_scale: tuple[float, ...] = ()
    """Root mean square of each style difference: what an effect is the effect of."""

    def rating(self, entry: str) -> Rating:
        """The row of one entry. KeyError when the season does not know it."""
        for row in self.ratings:
            if row.entry == entry:
                return row
        raise KeyError(entry)

    def difference(self, a: str, b: str) -> Difference | None:
        """How far a stands above b, by the variance of just that. None when either is not rated."""
        if self.estimate is None or a not in self.core or b not in self.core:
            return None
        return self.differences([(self.core.index(a), self.core.index(b))])[0]

    def differences(self, pairs: Sequence[tuple[int, int]], comparisons: int = 1) -> list[Difference]:
        """The same for places in the core. All of so many `comparisons` hold together with 95 %, by Bonferroni."""
        if self.estimate is None:
            return []
        confidence = 1 - (1 - CONFIDENCE) / comparisons
        gaps, widths = self.estimate.intervals(self.estimate.contrasts(pairs), confidence)
        return [Difference(gap, width) for gap, width in zip(_points(gaps), _points(widths), strict=True)]

    @property
    def style_effects(self) -> tuple[Difference, ...]:
        """Points that one root mean square of each style difference is worth; empty without style."""
        if self.estimate is None:
            return ()
        effects = np.eye(len(self.estimate.beta))[len(self.core) :]
        values, widths = self.estimate.intervals(effects)
        return tuple(Difference(*one) for one in zip(_points(values), _points(widths), strict=True))


def _points(logits: FloatArray) -> list[float]:
    return [float(value) for value in logits * POINTS_PER_LOGIT]


# --- the fit ---


def _observations(
    seen: Columns, scale: FloatArray, weights: Weights, method: Method, expected: Mapping[Pair, float]
) -> Observations:
    # Judges and crowd of a duel become one row here, so the cluster is summed before the sandwich squares it.
    n = len(seen)
    weight, won, vote_noise = np.zeros(n), np.zeros(n), np.zeros(n)
    voices = duel_weights(seen, weights, method.pair_floor, method.half_voice, expected)
    for series, part in voices.items():
        counts = seen.counts[series]
        votes = np.maximum(counts.sum(axis=1), 1)
        weight += part
        vote_noise += part**2 / votes
        won += part * ((2 * counts[:, 0] + counts[:, 2] + counts[:, 3]) / (2 * votes))
    # Scaled but not centred: a duel and its mirror image must say the same.
    style = seen.style / np.where(scale > 0.0, scale, 1.0)
    share = np.clip(won / weight, 0.0, 1.0)
    return Observations.of(seen.left, seen.right, len(seen.names), style, share, weight, vote_noise)


def fit(
    duels: Iterable[Duel],
    house: str,
    entries: Iterable[str] = (),
    weights: Weights = HALF_EACH,
    method: Method = Method(),
    expected: Mapping[Pair, float] | None = None,
) -> Fit:
    """Rate a season.

    `entries` may name contestants without a duel, who then appear as not rated. Duels without a counted
    ballot are left out. `expected` is how often pairs were to meet by the rule that drew them, where one did (`columns.
    propensity_weights`). The variance shown as lo and hi is that of t_entry - t_house, so doubt about the
    house is inside every interval. Raises ValueError when duels carry different numbers of style features.
    """
    series = [one for one in SERIES if weights.of(one) > 0]
    seen = Columns.of(list(duels), {house, *entries}, series)
    times = np.bincount(np.concatenate([seen.left, seen.right]), minlength=len(seen.names)).tolist()
    tied_twice, tied = rated_core(house, seen.met())
    fitted = _fit_core(seen.among(sorted(tied_twice)), weights, method, expected or {})
    core = fitted.core
    others = [index for index, entry in enumerate(core) if entry != house]
    gaps = fitted.differences([(index, core.index(house)) for index in others])
    found = {core[index]: gap for index, gap in zip(others, gaps, strict=True)}
    rows = []
    for entry, met in zip(seen.names, times, strict=True):
        gap = found.get(entry)
        if entry == house:
            rows.append(Rating(entry, HOUSE_RATING, None, None, met))
        elif gap is not None:
            rating = HOUSE_RATING + gap.points
            rows.append(Rating(entry, rating, rating - gap.half_width, rating + gap.half_width, met))
        else:
            apart = met > 0 and entry not in tied
            reason = Unrated.NOT_CONNECTED if apart else Unrated.NOT_ENOUGH_DUELS
            rows.append(Rating(entry, None, None, None, met, reason=reason))
    return replace(fitted, ratings=tuple(rows))


def _fit_core(seen: Columns, weights: Weights, method: Method, expected: Mapping[Pair, float]) -> Fit:
    """Nobody's when there is nothing to fit, or the style effects leave no duel over to estimate an error from."""
    n, features = seen.style.shape
    parameters = len(seen.names) - 1 + features
    if n == 0 or n <= parameters:
        return Fit((), 0, (), None)
    scale = np.sqrt((seen.style**2).mean(axis=0))
    observations = _observations(seen, scale, weights, method, expected)
    penalty = np.repeat([method.ridge, method.style_ridge / n], [len(seen.names), features])
    estimated = estimate(observations, penalty, parameters)
    return Fit((), n, seen.names, estimated, tuple(scale.tolist()))


# --- what is shown ---


def places(fitted: Fit) -> dict[str, tuple[int, int]]:
    """The best and the worst place that each rated entry may have; empty while fewer than two are rated.

    An entry is above another one when the interval of their difference says so, and all these intervals hold together
    with 95 %: of "a is third to fifth" for everybody, not one is wrong in 95 of 100 seasons. Intervals of one pair
    each, compared over a whole board, would promise less than they seem to.
    """
    core = fitted.core
    if len(core) < 2:
        return {}
    pairs = list(combinations(range(len(core)), 2))
    above, below = np.zeros(len(core), int), np.zeros(len(core), int)
    for (a, b), gap in zip(pairs, fitted.differences(pairs, len(pairs)), strict=True):
        if abs(gap.points) > gap.half_width:
            high, low = (a, b) if gap.points > 0 else (b, a)
            below[high] += 1
            above[low] += 1
    return {entry: (1 + int(above[index]), len(core) - int(below[index])) for index, entry in enumerate(core)}


def season_board(fitted: Fit) -> list[Rating]:
    """Rows for the board: the rated ones by rank, then by rating; after them the others, by name."""
    placed = places(fitted)
    rows = []
    for row in fitted.ratings:
        rank, rank_to = placed.get(row.entry, (None, None))
        rows.append(replace(row, rank=rank, rank_to=rank_to))
    return sorted(rows, key=lambda row: (row.rating is None, row.rank or 0, -(row.rating or 0.0), row.entry))


def too_close(fitted: Fit, a: str, b: str) -> bool:
    """Whether the season cannot tell a from b: their difference may be zero, or one is not rated. Of one pair that was
    named beforehand; who is first is `close_call`."""
    gap = fitted.difference(a, b)
    return gap is None or abs(gap.points) <= gap.half_width


def close_call(board: Sequence[Rating]) -> bool:
    """Whether more than one entry may be the first. False while fewer than two are rated."""
    return sum(row.rank == 1 for row in board) > 1
