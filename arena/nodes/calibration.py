"""Whether the nodes of one hardware class are the same machine, by what they showed. Pure functions.

Every node answers the same prompts with the untuned base model, greedily and at a fixed length, alone. Two nodes are
the same when neither decodes faster than the other by more than the season's band, and both say the same: the same
tokens, or tokens that part where the two were so near each other that rounding decides.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Annotated
from uuid import UUID

from pydantic import Field, FiniteFloat

from arena.kit.schemas import Contract

PROMPTS: tuple[str, ...] = (
    "Explain to a child in a few sentences why the sea is salty.",
    "用几句话说明为什么天空是蓝色的。",
    "A train leaves at 9:40 and arrives at 11:05. How long does it take? Think aloud.",
    "写一段话，描写清晨的集市。",
)
"""Published here. Changing any of them makes earlier calibrations incomparable, which nothing compares."""

LEAST = 1e-9
"""A share that is not told apart from none."""

Positive = Annotated[FiniteFloat, Field(gt=0)]


class Said(Contract):
    """One greedy answer: its tokens, and the natural logarithm of the probability of each."""

    tokens: tuple[int, ...]
    logprobs: tuple[FiniteFloat, ...]


class Shown(Contract):
    """What a node showed in all its blocks."""

    decode: tuple[Positive, ...] = Field(min_length=1)
    """Tokens a second, by block: the geometric mean over the prompts."""
    first_token_ms: tuple[Positive, ...] = Field(min_length=1)
    """By block, as `decode`. Shown, and judged by nobody: the way to a node is in it."""
    answers: tuple[Said, ...] = Field(min_length=1)
    """To the prompts, in their order, in the first block."""
    steady: bool
    """Every block gave the same tokens."""

    @property
    def speed(self) -> float:
        return median(self.decode)


class Against(Contract):
    """One node beside another one."""

    node_id: UUID
    """The other."""
    speed_ratio: Positive
    """Its own speed to the other's."""
    agreeing: int
    """Tokens until the answers part, over all prompts."""
    of: int
    logprob_gap: FiniteFloat = Field(ge=0)
    """The largest difference of two log-probabilities that is sure, up to and including the token at which the answers
    part. After it the two have read different texts, and nothing can be compared."""
    same: bool


class Verdict(Contract):
    node_id: UUID
    same_class: bool
    speed: Positive
    """Tokens a second, the median over blocks."""
    first_token_ms: Positive
    to_median: Positive
    """`speed` to the median of the class."""
    against: tuple[Against, ...]


def judge(shown: dict[UUID, Shown], band: float, tolerance: float) -> list[Verdict]:
    """Who is of the class, in the order given. As long as two differ, the outlier goes: whoever differs from most, and
    of those whoever is farthest from the median speed. Where that says nothing, as of two, all it could be are named.

    So those who stay are pairwise the same, and nobody goes while that is true.
    """
    pairs = {
        (one, other): _beside(shown[one], other, shown[other], band, tolerance)
        for one in shown
        for other in shown
        if one != other
    }
    staying = list(shown)
    while quarrels := _quarrels(staying, pairs):
        middle = _middle([shown[one] for one in staying])
        offence = {one: (quarrels[one], _distance(shown[one], middle)) for one in quarrels}
        most = max(offence.values())
        named = [
            one for one in offence if offence[one][0] == most[0] and math.isclose(offence[one][1], most[1])
        ]
        gone = set(staying) if len(staying) == 2 else set(named)
        staying = [one for one in staying if one not in gone]
    middle = _middle(list(shown.values()))
    return [
        Verdict(
            node_id=one,
            same_class=one in staying,
            speed=mine.speed,
            first_token_ms=median(mine.first_token_ms),
            to_median=mine.speed / middle,
            against=tuple(pairs[one, other] for other in shown if other != one),
        )
        for one, mine in shown.items()
    ]


def _quarrels(staying: Sequence[UUID], pairs: dict[tuple[UUID, UUID], Against]) -> dict[UUID, int]:
    """With how many of those who stay somebody differs; empty when all are the same."""
    counts = {one: sum(not pairs[one, other].same for other in staying if other != one) for one in staying}
    return {one: count for one, count in counts.items() if count}


def _middle(shown: Sequence[Shown]) -> float:
    return math.exp(median(math.log(one.speed) for one in shown))


def _distance(shown: Shown, middle: float) -> float:
    return abs(math.log(shown.speed / middle))


def _beside(mine: Shown, other_id: UUID, other: Shown, band: float, tolerance: float) -> Against:
    speeds = (mine.speed, other.speed)
    parted = [part(one, two) for one, two in zip(mine.answers, other.answers, strict=True)]
    agreeing, of = sum(tokens for tokens, _ in parted), sum(len(one.tokens) for one in mine.answers)
    gap = max(gap for _, gap in parted)
    return Against(
        node_id=other_id,
        speed_ratio=mine.speed / other.speed,
        agreeing=agreeing,
        of=of,
        logprob_gap=gap,
        same=max(speeds) <= (1 + band) * min(speeds) and (agreeing == of or gap <= tolerance),
    )


def part(one: Said, other: Said) -> tuple[int, float]:
    """(tokens until the two part, the largest gap of log-probabilities up to there, the parting token included).

    Of the parting token each told its own choice only. What it gave the other's is at most what it gave its own, and at
    most what its own left over: the gap is at least that far.
    """
    agreeing, gap = 0, 0.0
    for mine, theirs, my_logprob, their_logprob in zip(
        one.tokens, other.tokens, one.logprobs, other.logprobs, strict=True
    ):
        if mine != theirs:
            return agreeing, max(
                gap, my_logprob - _at_most(their_logprob), their_logprob - _at_most(my_logprob)
            )
        gap = max(gap, abs(my_logprob - their_logprob))
        agreeing += 1
    return agreeing, gap


def _at_most(logprob: float) -> float:
    """The log-probability of any token but the likeliest, which has this one."""
    share = math.exp(logprob)
    return math.log(max(LEAST, min(share, 1 - share)))


class Misfit(Contract):
    """Why a node does not count as one of its class until it is calibrated again."""

    calibration_id: UUID
    hardware_class: str
    """The class it was refused as. A node that states another one is judged by nothing yet."""
    band: float
    tolerance: float
    verdict: Verdict
