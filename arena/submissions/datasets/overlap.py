"""Does a data set repeat the private items of the benchmark? Compared by hashes of n-grams, never by the items.

A run of eight words, or of thirteen units where the script has no spaces (about eight words of Chinese), that one item
has and no other is that item; a run that several items share is the wording of the task and says nothing. The sizes
are those of the usual decontamination (8 to 13).
"""

from collections.abc import Sequence

import numpy as np

from arena.submissions.datasets.units import Flags, Hashes, Indexes, Units, grams, units_of

WORDS = 8
DENSE = 13


def private_grams(items: Sequence[str]) -> Hashes:
    """Sorted hashes of what is told of `items` to those who compare. Each item is a whole question."""
    hashes, item = _grams(units_of(items))
    pairs = np.unique(np.stack((hashes, item.astype(np.uint64)), axis=1), axis=0)
    alone, counts = np.unique(pairs[:, 0], return_counts=True)
    found: Hashes = alone[counts == 1]
    return found


def all_grams(texts: Sequence[str]) -> Hashes:
    """Sorted hashes of all runs in `texts`."""
    found: Hashes = np.unique(_grams(units_of(texts))[0])
    return found


def overlapping(units: Units, texts: int, private: Hashes) -> Flags:
    """Which of `texts` texts hold a run of units that is in `private` (sorted)."""
    found = np.zeros(texts, np.bool_)
    if len(private):
        hashes, text = _grams(units)
        place = np.minimum(np.searchsorted(private, hashes), len(private) - 1)
        found[text[private[place] == hashes]] = True
    return found


def _grams(units: Units) -> tuple[Hashes, Indexes]:
    """(hash, text) of all runs: of words only, or of the longer size when a unit of them is a single character."""
    dense = np.concatenate(([0], np.cumsum(units.dense)))
    words, starts = grams(units, WORDS)
    only_words = dense[starts + WORDS] == dense[starts]
    mixed, others = grams(units, DENSE)
    some_dense = dense[others + DENSE] > dense[others]
    return (
        np.concatenate((words[only_words], mixed[some_dense])),
        units.text[np.concatenate((starts[only_words], others[some_dense]))],
    )
