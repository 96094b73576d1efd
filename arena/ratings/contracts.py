"""Facts about ratings, and what a snapshot is computed from: the same words for the site and for whoever checks it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from arena.kit.facts import Fact
from arena.kit.schemas import Contract
from arena.ratings.rules import METHOD, Method, Unrated
from arena.shows.public import StyleFeature, Weights

RECOMPUTE = "ratings.recompute"


class RatingsComputed(Fact):
    season_id: UUID
    snapshot_id: UUID


Four = Annotated[tuple[int, ...], Field(min_length=4, max_length=4)]
"""Left, right, tie, both bad."""


class DuelBasis(Contract):
    """One revealed duel as it is rated."""

    duel: str
    ballot: str
    left: str
    right: str
    """Entries."""
    crowd: Four
    judges: Four
    """Counted voters and verdicts; flagged votes are not among them."""
    style: tuple[dict[StyleFeature, int], dict[StyleFeature, int]] | None = None
    """Of left and right. None where an answer was taken off air: nobody saw how it was written."""


class Expected(Contract):
    """How often two entries were to meet, in duels that a rule drew by chance and those that people chose."""

    a: str
    b: str
    meetings: float


class Basis(Contract):
    """All that a snapshot follows from. Computing it again needs nothing else."""

    method: str = METHOD
    code: str
    """Version of Gavel that computed it."""
    constants: dict[str, float]
    """`rules.Method`."""
    weights: Weights
    style: tuple[StyleFeature, ...] = ()
    """Features that are controlled for; none where the season does not control for style."""
    house: str
    entries: tuple[str, ...]
    duels: tuple[DuelBasis, ...]
    expected: tuple[Expected, ...] = ()

    def declared(self) -> Method:
        return Method(**{**self.constants, "pair_floor": int(self.constants["pair_floor"])})  # type: ignore[arg-type]


class RatingRow(Contract):
    """A row of the board; see `rules.Rating`."""

    entry: str
    rating: float | None
    lo: float | None
    hi: float | None
    duels: int
    rank: int | None
    rank_to: int | None = None
    reason: Unrated | None


class StyleEffect(Contract):
    """What one root mean square of a style difference was worth to the voters, with its 95 % interval; in points.
    Observed and not caused: who writes longer may also write better."""

    feature: StyleFeature
    points: float
    lo: float
    hi: float


class BootstrapCheck(Contract):
    """Standard error by resampling duels ÷ the one by formula: the median over entries, the least, the most."""

    resamples: int
    ratio: float
    least: float
    most: float


class Computed(Contract):
    """What follows from a basis."""

    duels: int
    """Those that carry the ratings."""
    close_call: bool
    rows: tuple[RatingRow, ...]
    effects: tuple[StyleEffect, ...] = ()
    check: BootstrapCheck | None = None
