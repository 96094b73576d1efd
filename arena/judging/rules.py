"""Which way a judge sees a duel, when judges are at odds, when one should rest, what the panel says. Pure functions."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from statistics import median
from typing import Literal
from uuid import UUID

from arena.kit.errors import Invalid
from arena.shows.judging import Criterion, SecondLook
from arena.votes.contracts import CHOICES, Choice

SideScores = dict[Literal["left", "right"], int]
Scores = dict[str, SideScores]
"""Criterion -> side -> 1 to 5; what a judge left open is not there."""

BREAK = timedelta(minutes=10)
"""So long without a verdict is a break."""
LAST = 5
HURRIED = 1 / 3
"""Of a judge's own median time, below which the last verdicts look tired."""
QUORUM = 2
"""Models that must have decided before the panel says anything."""
OTHER: dict[Choice, Choice] = {"left": "right", "right": "left", "tie": "tie", "both_bad": "both_bad"}

Rest = Literal["many", "hurried"]


def mirrored(secret: str, subject: UUID, judge: UUID, time: int = 1) -> bool:
    """Whether this judge sees the left side on the right. Drawn for each judge and duel, the same on every device, and
    known to nobody without the site's secret."""
    drawn = hmac.new(secret.encode(), f"side of a judge|{subject}|{judge}|{time}".encode(), sha256)
    return bool(drawn.digest()[0] & 1)


def check_scores(scores: Mapping[str, SideScores], rubric: Sequence[Criterion], required: bool) -> None:
    """Raises Invalid `verdict.unknown_criterion` and `verdict.scores_missing`."""
    known = [one.id for one in rubric]
    for criterion in scores:
        if criterion not in known:
            raise Invalid(
                "verdict.unknown_criterion",
                f"scores.{criterion}: the rubric of this round has {', '.join(known) or 'no criteria'}.",
                criterion=criterion,
            )
    if not required:
        return
    missing = [
        f"{one}.{side}" for one in known for side in ("left", "right") if side not in scores.get(one, {})
    ]
    if missing:
        raise Invalid(
            "verdict.scores_missing",
            f"scores: this season asks for a score of each side for each criterion; missing: {', '.join(missing)}.",
            missing=missing,
        )


def at_odds(choices: Iterable[Choice], rule: SecondLook) -> bool:
    """Whether the judges are so divided that they look again."""
    said = list(choices)
    left, right = said.count("left"), said.count("right")
    return min(left, right) > 0 and abs(left - right) <= rule.band * len(said)


def rest(given: Sequence[tuple[datetime, float]], now: datetime, after: int) -> Rest | None:
    """Why a judge should take a break, if he should.

    `given`: for each of his verdicts, oldest first, when it came and how many seconds after the vote had opened.
    """
    if not given or now - given[-1][0] > BREAK:
        return None
    row = 1
    for (earlier, _), (later, _) in zip(reversed(given[:-1]), reversed(given[1:]), strict=True):
        if later - earlier > BREAK:
            break
        row += 1
    if row >= after:
        return "many"
    paces = [seconds for _, seconds in given]
    if len(paces) >= 2 * LAST and median(paces[-LAST:]) < HURRIED * median(paces):
        return "hurried"
    return None


def panel_says(decided: Mapping[Choice, int]) -> Choice | None:
    """What most of the models that decided have said; None: too few did, or no choice has most of them."""
    total = sum(decided.values())
    best = max(CHOICES, key=lambda choice: decided.get(choice, 0))
    return best if total >= QUORUM and decided.get(best, 0) * 2 > total else None
