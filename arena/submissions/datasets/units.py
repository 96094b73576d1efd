"""Texts as rows of numbers: units, n-grams of units. Whole batches at a time, in numpy.

A unit is a word or a number, or a single character in scripts without spaces (Chinese, Japanese, Korean, Thai). The
texts are brought to the matching form of the moderation engine first, so that width, case, traditional characters,
look-alikes, punctuation and invisible characters make no difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.moderation.normalise import BARRIER, Kind, joined, tables, unfold

Hashes = NDArray[np.uint64]
Indexes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_IN_WORD = np.uint64(0x9E3779B97F4A7C15)
_IN_GRAM = np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True)
class Units:
    """One entry per unit, in order; `text` counts the texts from 0 and never falls."""

    hash: Hashes
    dense: Flags
    text: Indexes


NONE = Units(np.empty(0, np.uint64), np.empty(0, np.bool_), np.empty(0, np.int64))


def units_of(texts: Sequence[str]) -> Units:
    if not texts:
        return NONE
    form, _ = unfold(joined(texts)[0])
    kind = tables().form_kind[form]
    word = kind <= Kind.DIGIT
    dense = kind == Kind.DENSE
    starts = np.flatnonzero(dense | (word & ~np.concatenate(([False], word[:-1]))))
    if not len(starts):
        return NONE
    # A polynomial in the place within the unit, so that a unit has one hash wherever it stands.
    of = np.cumsum(np.bincount(starts, minlength=len(form)))[starts[0] :] - 1
    place = np.arange(starts[0], len(form)) - starts[of]
    used = (word | dense)[starts[0] :]
    power = np.concatenate(
        (
            [np.uint64(1)],
            np.multiply.accumulate(np.full(int(place[used].max()), _IN_WORD)),
        )
    ).astype(np.uint64)
    value = np.zeros(len(place), np.uint64)
    value[used] = (form[starts[0] :][used].astype(np.uint64) + np.uint64(1)) * power[place[used]]
    hashes = mixed(np.add.reduceat(value, starts - starts[0]))
    barriers = np.cumsum(form == BARRIER)
    return Units(hashes, dense[starts], barriers[starts])


def mixed(values: Hashes) -> Hashes:
    """The finaliser of MurmurHash3: every bit of the input moves half of the bits of the output."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def grams(units: Units, size: int) -> tuple[Hashes, Indexes]:
    """Hashes of all runs of `size` units within one text, and the index of the unit each begins with."""
    count = len(units.hash) - size + 1
    if count <= 0:
        return np.empty(0, np.uint64), np.empty(0, np.int64)
    total = np.zeros(count, np.uint64)
    for place in range(size):
        total = total * _IN_GRAM + units.hash[place : place + count]
    whole = np.flatnonzero(units.text[:count] == units.text[size - 1 :])
    return mixed(total[whole]), whole
