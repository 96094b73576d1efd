"""What a number of right answers is worth, and when two entries are too near to be told apart. Pure functions.

The standard error of a share is that of the share with two right and two wrong answers added (Agresti and Coull 1998):
eight out of eight do not claim to be certain. Around the share itself, which anybody can count, its intervals hold the
truth at least 93 % of the time from a hundred questions on, for every share from 2 to 98 %; the half-width of Wilson's
interval, which lies around another centre, holds it 87 % of the time at the ends (counted out in the tests). And it has
to be one number: scores are added up over tasks and subtracted between entries.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

NOISE = 1.96
"""Standard errors within which a difference is a tie. Published; the same for everybody."""
REPHRASED_GAP = 0.1
"""How much more of the public questions than of their rephrased twins an entry may get right and not be flagged."""
REPHRASED = "_rephrased"
"""The end of the name of a task whose items are those of the task without it, in other words, index by index."""


class Score(NamedTuple):
    accuracy: float
    score: float
    """0 is guessing, 1 is everything right; below 0 is worse than guessing."""
    stderr: float
    """Of `score`."""


def score(correct: int, n: int, chance: float) -> Score:
    """Score `correct` right answers out of `n` where guessing gets `chance` of them right.

    Raises ValueError for n < 1 or a count outside 0..n.
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError("correct must be within 0..n and n at least 1")
    accuracy = correct / n
    share = (correct + 2) / (n + 4)
    stderr = math.sqrt(share * (1 - share) / (n + 4))
    return Score(accuracy, (accuracy - chance) / (1 - chance), stderr / (1 - chance))


def clustered(right: Sequence[bool], clusters: Sequence[Hashable], chance: float) -> Score:
    """As `score`, where questions of one cluster (a passage, a stratum) stand and fall together.

    The error is the larger of the two: that of independent questions, and the sandwich over clusters with its small
    sample factor G/(G-1). So clusters never make a score look more certain than the same answers without them.
    Raises ValueError for no answers, or when the two are of different length.
    """
    plain = score(sum(right), len(right), chance)
    if len(clusters) != len(right):
        raise ValueError("every answer belongs to one cluster")
    together: dict[Hashable, float] = {}
    for one, cluster in zip(right, clusters, strict=True):
        together[cluster] = together.get(cluster, 0.0) + one - plain.accuracy
    count = len(together)
    if count < 2:
        return plain
    spread = math.sqrt(count / (count - 1) * math.fsum(sum_**2 for sum_ in together.values())) / len(right)
    return plain._replace(stderr=max(plain.stderr, spread / (1 - chance)))


@dataclass(frozen=True)
class Accuracy:
    value: float
    stderr: float | None
    """Of `value`. None: a person has set a score in it, and a decision has no error of measurement."""
    overridden: bool = False
    stale: bool = False
    """Made with something that has changed since."""


def overall(scores: Sequence[tuple[float, float]]) -> Accuracy | None:
    """From (score, stderr) of each task; None when there is no task, because a missing score is never a number.

    Tasks are independent, so the error of their mean is the root of summed squares over their number.
    """
    if not scores:
        return None
    n = len(scores)
    return Accuracy(sum(score for score, _ in scores) / n, math.sqrt(sum(se**2 for _, se in scores)) / n)


def weighted(scores: Mapping[str, Accuracy | None], weights: Mapping[str, float]) -> Accuracy | None:
    """The mean over suites by the season's weights. None as soon as one that counts has no score: whoever was not asked
    everything is not compared with those who were."""
    found = {suite: scores.get(suite) for suite in weights}
    counted = {suite: one for suite, one in found.items() if one is not None}
    if not weights or len(counted) < len(weights):
        return None
    total = math.fsum(weights.values())
    shares = {suite: weight / total for suite, weight in weights.items()}
    errors = [(shares[suite], one.stderr) for suite, one in counted.items()]
    known = [(share, error) for share, error in errors if error is not None]
    return Accuracy(
        value=math.fsum(shares[suite] * one.value for suite, one in counted.items()),
        stderr=math.sqrt(math.fsum((share * error) ** 2 for share, error in known))
        if len(known) == len(errors)
        else None,
        overridden=any(one.overridden for one in counted.values()),
        stale=any(one.stale for one in counted.values()),
    )


# --- two entries --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gap:
    """How much better the first is than the second."""

    value: float
    stderr: float
    items: int
    """Questions that both were asked."""

    @property
    def tie(self) -> bool:
        """The difference is inside the noise."""
        return abs(self.value) <= NOISE * self.stderr


def gap(mine: Mapping[int, bool], theirs: Mapping[int, bool], chance: float) -> Gap | None:
    """On one task, over the questions that both were asked; None when there are none.

    Paired, as in McNemar's test: a question that both get right, or both wrong, says nothing about who is better. With
    half an answer added to each of the four cells (Agresti and Min 2005), so that a few equal answers are no certainty.
    """
    both = mine.keys() & theirs.keys()
    if not both:
        return None
    only_mine = sum(mine[index] and not theirs[index] for index in both)
    only_theirs = sum(theirs[index] and not mine[index] for index in both)
    n = len(both)
    variance = only_mine + only_theirs + 1 - (only_mine - only_theirs) ** 2 / (n + 2)
    return Gap(
        (only_mine - only_theirs) / n / (1 - chance),
        math.sqrt(variance) / (n + 2) / (1 - chance),
        n,
    )


def over_tasks(gaps: Sequence[Gap]) -> Gap | None:
    """The gap on a suite: the mean over its tasks. None without any."""
    if not gaps:
        return None
    n = len(gaps)
    return Gap(
        math.fsum(one.value for one in gaps) / n,
        math.sqrt(math.fsum(one.stderr**2 for one in gaps)) / n,
        sum(one.items for one in gaps),
    )


def contaminated(public: Mapping[int, bool], rephrased: Mapping[int, bool]) -> Gap | None:
    """The gap between questions that anybody may have trained on and the same in other words, on the plain scale of
    shares, when it is too large to be read otherwise: above REPHRASED_GAP, and its interval clear of 0."""
    found = gap(public, rephrased, 0.0)
    return found if found is not None and found.value > REPHRASED_GAP and not found.tie else None


# --- what a score was made with -----------------------------------------------------------------------------------

Changed = Literal["suite", "scorer", "data", "base", "engine"]


@dataclass(frozen=True)
class Made:
    """With what the score of a run was made. Empty or None: an older release did not write it down."""

    suite: str
    scorer: str | None
    data: str | None
    base: str | None
    engine: str | None


@dataclass(frozen=True)
class Present:
    """What a score would be made with now. Nothing known (None, or empty while no engine is up) makes nothing stale."""

    suite: str | None
    scorer: str | None
    data: str | None
    bases: frozenset[str]
    engines: frozenset[str]


def stale(made: Made, present: Present) -> list[Changed]:
    """What has changed since, in this order: the suite, the scorers, the items as they were asked, the base weights,
    the engine's build. Computed whenever it is read: no mark can be forgotten, or be left over."""
    changed: dict[Changed, bool] = {
        "suite": present.suite is not None and made.suite != present.suite,
        "scorer": None not in (made.scorer, present.scorer) and made.scorer != present.scorer,
        "data": None not in (made.data, present.data) and made.data != present.data,
        "base": bool(made.base and present.bases) and made.base not in present.bases,
        "engine": bool(made.engine and present.engines) and made.engine not in present.engines,
    }
    return [what for what, differs in changed.items() if differs]
