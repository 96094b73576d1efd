"""A season's duels as arrays: in one canonical order, who of them can be rated, and how much each duel counts.

The order does not depend on the one in which duels are given nor on the side an entry stood on, so neither does any
sum over them, to the last bit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from arena.ratings.bradley_terry import FloatArray, IntArray
from arena.ratings.tallies import SERIES, Counts, Duel, Series, Weights

TURNED = [1, 0, 2, 3]
"""`Counts` seen from the other side."""
ODD = np.uint64(0x9E3779B97F4A7C15)

Pair = tuple[str, str]
"""Two entries in the order of their names."""


@dataclass(frozen=True, eq=False)
class Columns:
    """n duels in canonical order, each with the entry that comes first in `names` on the left."""

    names: tuple[str, ...]
    left: IntArray
    right: IntArray
    counts: Mapping[Series, IntArray]
    """(n, 4) each, in the order of `Counts`' fields."""
    style: FloatArray
    """(n, features)"""

    @classmethod
    def of(
        cls, duels: Sequence[Duel], names: Iterable[str] = (), series: Sequence[Series] = SERIES
    ) -> "Columns":
        """Those of the duels that have a ballot in one of the `series`. Raises ValueError when they carry different
        numbers of style features."""
        lefts, rights = [duel.left for duel in duels], [duel.right for duel in duels]
        ordered = tuple(sorted({*names, *lefts, *rights}))
        place = {name: index for index, name in enumerate(ordered)}
        n = len(duels)
        left = np.fromiter(map(place.__getitem__, lefts), np.intp, n)
        right = np.fromiter(map(place.__getitem__, rights), np.intp, n)
        counts = {one: _counts([duel.counts(one) for duel in duels]) for one in series}
        features = {len(duel.style) for duel in duels} or {0}
        if len(features) > 1:
            raise ValueError("duels carry different numbers of style features")
        values = chain.from_iterable(duel.style for duel in duels) if any(features) else ()
        style = np.fromiter(values, np.float64, n * max(features)).reshape(n, max(features))
        turned = left > right
        left, right = np.where(turned, right, left), np.where(turned, left, right)
        for one, each in counts.items():
            counts[one] = np.where(turned[:, None], each[:, TURNED], each)
        style = np.where(turned[:, None], 0.0 - style, style)
        heard = sum((each.sum(axis=1) for each in counts.values()), np.zeros(n, np.intp)) > 0
        return cls(ordered, left, right, counts, style)._at(np.flatnonzero(heard))._sorted()

    def _at(self, rows: IntArray) -> "Columns":
        counts = {one: each[rows] for one, each in self.counts.items()}
        return Columns(self.names, self.left[rows], self.right[rows], counts, self.style[rows])

    def _sorted(self) -> "Columns":
        # One number per duel: sorting by all columns is slow, and only equal duels have equal numbers (all but surely).
        mixed = np.zeros(len(self.left), np.uint64)
        for column in chain(
            (self.left, self.right), *(each.T for each in self.counts.values()), self.style.T
        ):
            mixed = (mixed ^ np.ascontiguousarray(column).view(np.uint64)) * ODD
        return self._at(np.argsort(mixed, kind="stable"))

    def __len__(self) -> int:
        return len(self.left)

    @property
    def pair(self) -> IntArray:
        return self.left * len(self.names) + self.right

    def met(self) -> dict[Pair, int]:
        """Duels of each pair."""
        codes, times = np.unique(self.pair, return_counts=True)
        size = len(self.names)
        return {
            (self.names[code // size], self.names[code % size]): int(count)
            for code, count in zip(codes.tolist(), times.tolist(), strict=True)
        }

    def among(self, names: Sequence[str]) -> "Columns":
        """The duels that these entries, named in order, have had with one another."""
        index = np.full(len(self.names), -1, np.intp)
        index[[self.names.index(name) for name in names]] = np.arange(len(names))
        inside = self._at(np.flatnonzero((index[self.left] >= 0) & (index[self.right] >= 0)))
        return Columns(tuple(names), index[inside.left], index[inside.right], inside.counts, inside.style)


def _counts(counts: Sequence[Counts]) -> IntArray:
    won, lost = [one.left for one in counts], [one.right for one in counts]
    drawn, bad = [one.tie for one in counts], [one.both_bad for one in counts]
    return np.array([won, lost, drawn, bad], np.intp).T


# --- who can be rated ---


def _reachable(start: str, pairs: Iterable[Pair]) -> dict[str, str]:
    """Entries that a chain of pairs leads to, each with the entry it was reached from (start with itself)."""
    neighbours: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        neighbours[a].append(b)
        neighbours[b].append(a)
    parent, queue = {start: start}, [start]
    for node in queue:
        for other in neighbours[node]:
            if other not in parent:
                parent[other] = node
                queue.append(other)
    return parent


def rated_core(house: str, met: Mapping[Pair, int]) -> tuple[set[str], set[str]]:
    """Entries that stay tied to the house whichever one duel is taken away, and all that are tied to it.

    Only the first can be rated. When the tie of an entry to the house runs through one single duel, the fit
    reproduces that duel exactly, nothing is left to estimate its luck from, and no interval is honest. Inside
    the core there are always more duels than differences between strengths, so n / (n - M + 1) is finite.
    (Graph theory calls it the two-edge-connected component of the house.)
    """
    parent = _reachable(house, met)
    core = set(parent)
    for child, via in parent.items():  # a pair that holds the graph together is in every spanning tree
        pair = (min(child, via), max(child, via))
        if met.get(pair) == 1:
            core &= set(_reachable(house, (other for other in met if other != pair)))
    return core, set(parent)


# --- how much each duel counts ---


def propensity_weights(seen: Columns, floor: int, expected: Mapping[Pair, float]) -> FloatArray:
    """Weight per duel, 1 / max(meetings of its pair, floor), scaled to mean 1. Shape (n,).

    Equation 7 of 2403.04132 with duels in place of votes: what is on stage more often must not count for more because
    of that. `expected` says how often a pair was to meet by the rule that drew it, where a rule did; of pairs that
    people chose, the number of their duels is the best estimate of that.
    """
    size = len(seen.names)
    meetings = np.bincount(seen.pair, minlength=size * size).astype(np.float64)
    place = {name: index for index, name in enumerate(seen.names)}
    for (a, b), times in expected.items():
        if a in place and b in place:
            meetings[place[a] * size + place[b]] = times
    weights = 1.0 / np.maximum(meetings[seen.pair], floor)
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def duel_weights(
    seen: Columns, weights: Weights, floor: int, half_voice: float, expected: Mapping[Pair, float]
) -> dict[Series, FloatArray]:
    """Weight of every duel in every series that counts, of shape (n,); together they sum to n.

    A series is divided by its own mass and multiplied by its declared weight: the judges' part of the whole
    is what the season declared, however many viewers there are. A series that nobody used in the whole season
    has no mass, and the other carries the season alone. A duel that lacks one series is heard through the
    other; the price is that judges who sit on few duels weigh heavily there, so let them judge all of them.
    """
    propensity = propensity_weights(seen, floor, expected)
    voices: dict[Series, FloatArray] = {}
    for series, counts in seen.counts.items():
        votes = counts.sum(axis=1)
        voice = propensity * votes / np.maximum(votes + half_voice, 1.0)
        if weights.of(series) > 0 and voice.sum() > 0:
            voices[series] = voice / voice.sum() * weights.of(series)
    whole = sum(float(voice.sum()) for voice in voices.values())
    return {series: voice * (len(seen) / whole) for series, voice in voices.items()}
