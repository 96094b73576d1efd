"""Who should meet next. Pure, by a rule that anybody can read, and drawn so that anybody can draw it again.

First everybody meets everybody as often as the season says. After that a pair's chance follows what one more duel of
it would tell: by how much the interval of its difference would shrink (equation 9 of arXiv 2403.04132, with duels in
place of votes). Nobody is suggested who has been on stage much more than the others, nor two entries of one holder.

The chances are kept with the duel. A rule that likes close pairs shows them more often, and the ratings weigh them by
how often the rule was to show them, not by how often it happened to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import combinations
from math import log, sqrt
from statistics import mean
from typing import Literal

import numpy as np

from arena.ratings.bradley_terry import sigmoid
from arena.ratings.columns import Pair
from arena.ratings.rules import Fit

RULE = "gavel.pairing.v1"
EXPLORE = 0.1
"""Part of the chances that all pairs share alike, so that none is without: weights are one over a chance."""

Stage = Literal["balanced", "shrinkage"]


@dataclass(frozen=True)
class Contender:
    """An entry that could go on stage."""

    entry: str
    holder: str | None
    """The team or person it belongs to; the house is nobody's."""
    on_stage: int
    """Its duels in this episode."""


@dataclass(frozen=True)
class Doubt:
    """What is known of the difference between two entries."""

    half_width: float
    """Of its interval, in points."""
    worth: float
    """How many duels of just this pair would tell as much; they may never have met."""

    @property
    def gain(self) -> float:
        """By how many points one more duel would narrow the interval to each side."""
        return self.half_width * (1 - sqrt(self.worth / (self.worth + 1)))


@dataclass(frozen=True)
class Suggestion:
    a: str
    b: str
    chance: float
    """That it is drawn first."""
    met: int
    """Their duels so far."""
    doubt: Doubt | None
    """None while one of them is not rated."""


@dataclass(frozen=True)
class Plan:
    stage: Stage
    seed: str
    drawn: tuple[Suggestion, ...]
    """All that may be suggested, in the order in which they were drawn; empty where nobody can meet."""

    def chances(self) -> dict[Pair, float]:
        return {(one.a, one.b): one.chance for one in self.drawn}


def seed_of(rules_digest: str, episode: str, duels: Sequence[str]) -> str:
    """From what is fixed and public: the rules of the season, the episode, every duel staged in the season so far."""
    return sha256("\n".join((RULE, rules_digest, episode, *sorted(duels))).encode()).hexdigest()


def doubts(fitted: Fit) -> dict[Pair, Doubt]:
    """Of each pair of rated entries."""
    if fitted.estimate is None:
        return {}
    pairs = list(combinations(range(len(fitted.core)), 2))
    contrasts = fitted.estimate.contrasts(pairs)
    chance = sigmoid(contrasts @ fitted.estimate.beta)
    known = np.einsum("ij,jk,ik->i", contrasts, fitted.estimate.inverse, contrasts)
    # One duel adds p (1 - p) to the information about its own difference.
    worth = 1 / (known * chance * (1 - chance))
    return {
        (fitted.core[a], fitted.core[b]): Doubt(gap.half_width, float(duels))
        for (a, b), gap, duels in zip(pairs, fitted.differences(pairs), worth, strict=True)
    }


def plan(
    contenders: Sequence[Contender],
    met: Mapping[Pair, int],
    doubt: Mapping[Pair, Doubt],
    rounds: int,
    lead: int,
    seed: str,
) -> Plan:
    """`rounds`: how often each pair is to meet before doubt decides. `lead`: how many duels more than the average of
    this episode an entry may have had on stage."""
    pairs = _may_meet(contenders, lead)
    times = {pair: met.get(pair, 0) for pair in pairs}
    least = min(times.values(), default=0)
    if least < rounds:
        stage: Stage = "balanced"
        waiting = [pair for pair in pairs if times[pair] == least]
        shown = {one.entry: one.on_stage for one in contenders}
        fewest = min((shown[a] + shown[b] for a, b in waiting), default=0)
        chances = {(a, b): 1.0 for a, b in waiting if shown[a] + shown[b] == fewest}
    else:
        stage = "shrinkage"
        gains = {pair: doubt[pair].gain for pair in pairs if pair in doubt}
        most = max(gains.values(), default=1.0)  # who is not rated yet is in the greatest doubt
        chances = {pair: gains.get(pair, most) for pair in pairs}
    whole = sum(chances.values())
    even = EXPLORE if stage == "shrinkage" else 0.0
    chances = {pair: (1 - even) * chance / whole + even / len(chances) for pair, chance in chances.items()}
    order = sorted(chances, key=lambda pair: _race(seed, pair) / chances[pair])
    drawn = [Suggestion(a, b, chances[a, b], times[a, b], doubt.get((a, b))) for a, b in order]
    return Plan(stage, seed, tuple(drawn))


def _may_meet(contenders: Sequence[Contender], lead: int) -> list[Pair]:
    def pairs(among: Sequence[Contender]) -> list[Pair]:
        return [
            (min(a.entry, b.entry), max(a.entry, b.entry))
            for a, b in combinations(among, 2)
            if a.holder is None or a.holder != b.holder
        ]

    limit = mean([one.on_stage for one in contenders] or [0]) + lead
    # Where the limit leaves nobody to meet, there is nobody it would be unfair to.
    return pairs([one for one in contenders if one.on_stage < limit]) or pairs(contenders)


def _race(seed: str, pair: Pair) -> float:
    """A waiting time with mean one, the pair's own. Whoever arrives first at chance-fold speed wins with its chance."""
    drawn = int.from_bytes(sha256("\n".join((seed, *pair)).encode()).digest()[:8], "big")
    return -log((drawn + 1) / 2**64)
