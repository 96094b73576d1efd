"""Rows that repeat earlier ones, exactly or nearly, in memory that is bounded by the number of rows.

Exactly: a 64-bit hash of the canonical row. Nearly: MinHash (Broder 1997) over runs of three units, one byte of each
minimum (Li and König 2010). The question and the answer have 64 minima each and must both be alike: many rows may share
a long prompt, and many a short answer, without being copies. 145 bytes a row: a million rows fit where a hash table of
objects would not.

Candidates are rows that agree in all of one of 16 bands, four minima of each half. Two rows whose halves are both 80 %
alike are found 19 times in 20, at 90 % always but once in several thousands; the estimate's standard error is 5 %.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from arena.submissions.datasets.units import Hashes, Units, grams

THRESHOLD = 0.8
SHINGLE = 3
MINIMA = 64
"""Per half."""
BANDS = 16
_AGREE = round(THRESHOLD * MINIMA)
_AT_ONCE = 1 << 14

_draw = np.random.default_rng(20261121)
_FUNCTIONS = np.stack(
    (_draw.integers(1 << 31, size=MINIMA) * 2 + 1, _draw.integers(1 << 32, size=MINIMA)), axis=1
).astype(np.uint32)
"""x → factor·x + offset, modulo 2³²."""

Bytes = NDArray[np.uint8]
Earlier = NDArray[np.int32]
"""Per row the earlier one that it repeats, or -1."""


class Index:
    """One entry per good row, in order. Room for `most` rows is asked for at once and taken as rows come."""

    def __init__(self, most: int) -> None:
        self._hashes = np.empty(most, np.uint64)
        self._texts = np.empty(most, np.uint64)
        self._marks = np.empty((most, BANDS, 2, MINIMA // BANDS), np.uint8)
        self._label = np.empty(most, np.int8)
        self._count = 0

    def add(self, hashes: Hashes, texts: Hashes, labels: NDArray[np.int8], units: Units) -> None:
        """A batch: per row the hash of all of it, the hash without the label, the label (-1: none). `units` are those
        of two texts a row, the question and the answer.
        """
        rows = slice(self._count, self._count + len(hashes))
        self._hashes[rows], self._texts[rows], self._label[rows] = hashes, texts, labels
        halves = _signatures(units, 2 * len(hashes)).reshape(len(hashes), 2, BANDS, MINIMA // BANDS)
        self._marks[rows] = halves.transpose(0, 2, 1, 3)
        self._count = rows.stop

    def exact(self) -> Earlier:
        return _first_of_equal(self._hashes[: self._count])

    def contradictions(self) -> Earlier:
        """Rows whose text stands there with both labels: each points at one that says the opposite, or at the first."""
        count = self._count
        labels = self._label[:count]
        first = _first_of_equal(self._texts[:count])
        found = np.full(count, -1, np.int32)
        later = np.flatnonzero(first >= 0)
        against = later[labels[later] != labels[first[later]]]
        found[against] = first[against]
        # Every row of a text with both labels is in doubt, not just those that came later.
        doubtful = np.unique(first[against])
        same = later[np.isin(first[later], doubtful)]
        found[same] = first[same]
        partner = np.full(count, -1, np.int32)
        partner[first[against][::-1]] = against[::-1]
        found[doubtful] = partner[doubtful]
        return found

    def near(self, skip: NDArray[np.bool_]) -> Earlier:
        """Rows that are nearly an earlier one, which itself is none. Rows in `skip` are not looked at."""
        rows = np.flatnonzero(~skip).astype(np.int32)
        best = np.full(self._count, -1, np.int32)
        bands = self._marks[: self._count].reshape(self._count, BANDS, -1).view(np.uint64)[:, :, 0]
        for band in range(BANDS):
            keys = bands[rows, band]
            order = np.argsort(keys, kind="stable")
            for earlier, later in _pairs(keys[order], rows[order]):
                alike = self._alike(earlier, later)
                self._note(best, earlier[alike], later[alike])
        return self._settle(best)

    def _note(self, best: Earlier, earlier: Earlier, later: Earlier) -> None:
        known = best[later]
        better = (known < 0) | (earlier < known)
        best[later[better]] = earlier[better]

    def _settle(self, best: Earlier) -> Earlier:
        """Leave each chain of look-alikes its first: a row goes only when it is like one that stays."""
        for row in np.flatnonzero(best >= 0).tolist():
            first = int(best[row])
            if best[first] >= 0:
                first = int(best[first])
                alike = self._alike(np.array([first], np.int32), np.array([row], np.int32))
                best[row] = first if alike[0] else -1
        return best

    def _alike(self, one: Earlier, other: Earlier) -> NDArray[np.bool_]:
        found = np.empty(len(one), np.bool_)
        for begin in range(0, len(one), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            same = (self._marks[one[part]] == self._marks[other[part]]).sum((1, 3))
            found[part] = (same >= _AGREE).all(1) & (self._label[one[part]] == self._label[other[part]])
        return found


def _first_of_equal(values: Hashes) -> Earlier:
    """Per entry the index of the first equal one, or -1 for that one itself."""
    order = np.argsort(values, kind="stable").astype(np.int32)
    ranked = values[order]
    begins = np.concatenate(([True], ranked[1:] != ranked[:-1])) if len(values) else np.empty(0, np.bool_)
    first = order[np.maximum.accumulate(np.where(begins, np.arange(len(values)), 0))]
    found = np.empty(len(values), np.int32)
    found[order] = np.where(begins, -1, first)
    return found


def _pairs(keys: Hashes, rows: Earlier) -> Iterator[tuple[Earlier, Earlier]]:
    """Each row with the first of its equals, and with the one before it. `keys` are sorted; equals ascend by row."""
    if len(keys) < 2:
        return
    begins = np.concatenate(([True], keys[1:] != keys[:-1]))
    first = np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))
    later = np.flatnonzero(~begins)
    yield rows[first[later]], rows[later]
    further = later[later - 1 != first[later]]
    yield rows[further - 1], rows[further]


def _signatures(units: Units, texts: int) -> Bytes:
    """(texts, MINIMA): one byte of the least value of each hash function. A text without units has zeros."""
    hashes, starts = grams(units, SHINGLE)
    text = units.text[starts]
    # What is too short for a run is its words.
    alone = np.flatnonzero((np.bincount(units.text, minlength=texts) < SHINGLE)[units.text])
    text = np.concatenate((text, units.text[alone]))
    order = np.argsort(text, kind="stable")
    values = (np.concatenate((hashes, units.hash[alone]))[order] >> np.uint64(32)).astype(np.uint32)
    present, begins = np.unique(text[order], return_index=True)
    found = np.zeros((texts, MINIMA), np.uint8)
    if len(present):
        for number, (factor, offset) in enumerate(_FUNCTIONS):
            least = np.minimum.reduceat(values * factor + offset, begins)
            found[present, number] = (least & np.uint32(0xFF)).astype(np.uint8)
    return found
