"""What judges and crowd said about one duel, and what follows from that alone: who won, by how much, how surely.

Pure functions of their arguments, exact where a tie depends on it.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Series = Literal["judges", "crowd"]
SERIES: tuple[Series, ...] = ("judges", "crowd")


@dataclass(frozen=True)
class Counts:
    """Counted ballots of one series on one duel; sides as they stood on stage."""

    left: int = 0
    right: int = 0
    tie: int = 0
    both_bad: int = 0

    def __post_init__(self) -> None:
        if min(self.left, self.right, self.tie, self.both_bad) < 0:
            raise ValueError(f"a count is negative: {self}")

    @property
    def total(self) -> int:
        return self.left + self.right + self.tie + self.both_bad

    @property
    def draws(self) -> int:
        """Ties and "both bad" together.

        "Both bad" speaks about the level, not about the order: the voter looked at both and preferred
        neither, which is evidence that they are close. Dropping it would leave only those who saw a
        difference.
        """
        return self.tie + self.both_bad

    @property
    def left_share(self) -> Fraction:
        """Left's part, a draw being half a vote for each. ZeroDivisionError when nobody voted."""
        return Fraction(2 * self.left + self.draws, 2 * self.total)

    def swapped(self) -> "Counts":
        return Counts(self.right, self.left, self.tie, self.both_bad)


@dataclass(frozen=True)
class Duel:
    """Two entries, what judges and crowd said, and optionally how the two answers differed in style."""

    left: str
    right: str
    crowd: Counts = Counts()
    judges: Counts = Counts()
    style: tuple[float, ...] = ()
    """`style_difference` of left and right per style feature; as many in every duel of a season."""

    def __post_init__(self) -> None:
        if self.left == self.right:
            raise ValueError(f"an entry cannot meet itself: {self.left}")
        if not all(math.isfinite(value) for value in self.style):
            raise ValueError(f"a style difference is not a finite number: {self.style}")

    def counts(self, series: Series) -> Counts:
        return self.judges if series == "judges" else self.crowd


@dataclass(frozen=True)
class Weights:
    """How much each series counts, as the season declared. Only the ratio matters; zero is not counted."""

    judges: float = 0.5
    crowd: float = 0.5

    def __post_init__(self) -> None:
        if min(self.judges, self.crowd) < 0 or self.judges + self.crowd <= 0:
            raise ValueError(f"weights must not be negative nor all zero: {self}")

    def of(self, series: Series) -> float:
        return self.judges if series == "judges" else self.crowd


HALF_EACH = Weights()


def _lead(duel: Duel, weights: Weights) -> tuple[Fraction, dict[Series, Fraction]]:
    """Left's lead in one duel, in [-1, 1], and the part that each series with ballots has in it.

    Exact fractions of the decimals that the season declared (0.3 is 3/10), so that a tie is a tie.
    """
    declared = {
        series: Fraction(str(weights.of(series))) for series in SERIES if duel.counts(series).total > 0
    }
    whole = sum(declared.values(), Fraction(0))
    if whole == 0:
        return Fraction(0), {}
    parts = {series: weight / whole for series, weight in declared.items()}
    ahead = sum(
        ((2 * duel.counts(series).left_share - 1) * part for series, part in parts.items()), Fraction(0)
    )
    return ahead, parts


def lead(duel: Duel, weights: Weights = HALF_EACH) -> Fraction:
    """Left's lead in one duel, from -1 (all for right) to 1; 0 for a tie, and when no ballot counts. A series without
    ballots on it is left out."""
    return _lead(duel, weights)[0]


def winner(duel: Duel, weights: Weights = HALF_EACH) -> Literal["left", "right", "tie"]:
    """Who won one duel, by the declared weights."""
    ahead = lead(duel, weights)
    return "left" if ahead > 0 else "right" if ahead < 0 else "tie"


def votes_to_flip(duel: Duel, weights: Weights = HALF_EACH, series: Series = "crowd") -> int | None:
    """The least number of ballots of `series` that would have turned the result, had the loser got them.

    The winner's own ballots are moved first (each moves the result twice as far as a draw). 0 for a tie,
    where nobody has won; None when not even all ballots of the series could have turned the result, or when
    none of them counts.
    """
    ahead, parts = _lead(duel, weights)
    part, counts = parts.get(series, Fraction(0)), duel.counts(series)
    if ahead == 0:
        return 0
    if part == 0:
        return None
    draw = part / counts.total  # how far one draw moves the lead when it goes to the loser; a win moves two
    margin, for_winner = abs(ahead), counts.left if ahead > 0 else counts.right
    ballots = min(margin // (2 * draw) + 1, for_winner)
    margin -= ballots * 2 * draw
    if margin < 0:
        return ballots
    draws = margin // draw + 1
    return ballots + draws if draws <= counts.draws else None
