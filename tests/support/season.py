"""A season whose truth is known: eight entries, fifty duels, two hundred viewers and five judges.

Every duel has luck of its own, in common to all who see it: N(0, 0.8) in logits, an assumption.
"""

from itertools import combinations

import numpy as np

from arena.ratings.bradley_terry import FloatArray

LUCK = 0.8
ENTRIES, DUELS, VIEWERS, JUDGES = 8, 50, 200, 5

Pairs = list[tuple[int, int]]


def round_robin(entries: int, times: int) -> Pairs:
    return [*combinations(range(entries), 2)] * times


PAIRS = round_robin(ENTRIES, 2)[:DUELS]


def chance(logit: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-logit)))
