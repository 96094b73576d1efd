"""What a number of right answers is worth. Pure functions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Score(NamedTuple):
    accuracy: float
    score: float
    """0 is guessing, 1 is everything right; below 0 is worse than guessing."""
    stderr: float
    """Of `score`."""


def score(correct: int, n: int, chance: float) -> Score:
    """Score `correct` right answers out of `n` where guessing gets `chance` of them right.

    The standard error is that of a share with one right and one wrong answer added (Agresti and Coull), so that eight
    out of eight do not claim to be certain. Raises ValueError for n < 1 or a count outside 0..n.
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError("correct must be within 0..n and n at least 1")
    accuracy = correct / n
    share = (correct + 1) / (n + 2)
    stderr = math.sqrt(share * (1 - share) / (n + 2))
    return Score(accuracy, (accuracy - chance) / (1 - chance), stderr / (1 - chance))


@dataclass(frozen=True)
class Accuracy:
    value: float
    """Mean of the task scores."""
    stderr: float
    """Of `value`: tasks are independent, so the root of summed squares over their number."""


def overall(scores: Sequence[tuple[float, float]]) -> Accuracy | None:
    """From (score, stderr) of each task; None when there is no task, because a missing score is never a number."""
    if not scores:
        return None
    n = len(scores)
    return Accuracy(sum(score for score, _ in scores) / n, math.sqrt(sum(se**2 for _, se in scores)) / n)
