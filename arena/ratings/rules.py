"""Ratings: what a season of blind duels says about how its entries compare, and how sure it is.

Pure functions of their arguments: no database, no clock, no randomness. The result does not depend on the
order of the duels nor on the side an entry stood on, to the last bit, because duels are brought into one
canonical order first.

The model is Bradley-Terry: a beats b with probability 1 / (1 + exp(-(t_a - t_b))), t being strengths in
logits (Chiang et al. 2024, "Chatbot Arena", arXiv 2403.04132, section 4). Shown is R = 1000 + 400 / ln 10 *
(t - t_house). The house entry, the base model with an adapter that changes nothing, stands at 1000 by
definition; 400 points are odds of ten to one.

Three things differ from the usual arena code, on purpose:

* **The duel is the random unit, not the vote.** Two hundred viewers of one duel saw the same two answers;
  what they have in common (the prompt, one lucky answer) does not average out with more viewers. A duel is
  one observation: its score contributions are added up before they are squared, and its weight saturates with
  its votes (`Method.half_voice`).
* **Judges and crowd are two series**, each normalised by its own mass, then weighted as the season declares.
  Ten times the viewers do not move the judges' say.
* **No number without evidence.** An entry that hangs on a single duel is fitted exactly, has no residual, and
  would get a wonderfully narrow interval. It gets none, and a reason instead (`rated_core`).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Literal

import numpy as np

from arena.ratings.bradley_terry import Estimate, FloatArray, estimate

HOUSE_RATING = 1000.0
POINTS_PER_LOGIT = 400.0 / math.log(10.0)

Series = Literal["judges", "crowd"]
SERIES: tuple[Series, ...] = ("judges", "crowd")


class Unrated(StrEnum):
    """Why an entry has no rating. The web translates the code."""

    NOT_ENOUGH_DUELS = "not_enough_duels"
    NOT_CONNECTED = "not_connected"


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

    def canonical(self) -> "Duel":
        """The same duel with the alphabetically first entry on the left."""
        if self.left < self.right:
            return self
        style = tuple(0.0 - value for value in self.style)
        return Duel(self.right, self.left, self.crowd.swapped(), self.judges.swapped(), style)


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


@dataclass(frozen=True)
class Method:
    """The constants of the calculation, declared by a season together with its weights."""

    ridge: float = 0.1
    """Weight of the N(0, 1) prior on strengths and style effects; an observed duel weighs about 1. It keeps
    an undefeated entry finite and costs 5 % of the distance once an entry has about nine duels."""

    pair_floor: int = 3
    """Pairs with fewer duels than this weigh as if they had so many. The Chatbot Arena's floor is 50 votes; a
    show has a handful of duels per pair, and with no floor one duel of a rare pair would outweigh each duel
    of a common one."""

    half_voice: float = 6.0
    """Votes at which a duel has half of its full weight: votes / (votes + half_voice). That is the inverse
    variance of a share whose sampling noise comes on top of a luck that all voters of the duel have in
    common; luck of 0.8 logits is worth 4 / 0.8^2 = 6 votes. So the vote of one friend is not a duel, and a
    fan club in the hall is only one."""

    def __post_init__(self) -> None:
        if self.ridge <= 0 or self.pair_floor < 1 or self.half_voice < 0:
            raise ValueError(f"ridge must be > 0, pair_floor >= 1, half_voice >= 0: {self}")


@dataclass(frozen=True)
class Rating:
    """One row of a season: points on the house scale, or None with the reason."""

    entry: str
    rating: float | None
    lo: float | None
    hi: float | None
    """95 % interval of the *difference to the house*, added to 1000. The house has none: its place is a
    definition. Whether two contestants differ is not read off two such intervals; see `too_close`."""
    duels: int
    """Duels of this entry with at least one counted ballot."""
    rank: int | None = None
    """1 + number of entries whose lower bound exceeds this one's upper bound (2403.04132, equation 8)."""
    reason: Unrated | None = None


@dataclass(frozen=True)
class Difference:
    """How far one entry stands above another, and the half-width of the 95 % interval of that; in points."""

    points: float
    half_width: float


@dataclass(frozen=True)
class Fit:
    """A fitted season."""

    ratings: tuple[Rating, ...]
    """In the order of entry names; `season_board` sorts for showing."""
    duels: int
    """Duels that carry the ratings; 0 when nothing could be fitted."""
    style_effects: tuple[float, ...]
    """Logits that one root-mean-square of each style difference is worth; empty without style."""
    core: tuple[str, ...]
    """Entries with a strength, the house among them, in the order of the estimate's first coefficients."""
    estimate: Estimate | None

    def rating(self, entry: str) -> Rating:
        """The row of one entry. KeyError when the season does not know it."""
        for row in self.ratings:
            if row.entry == entry:
                return row
        raise KeyError(entry)

    def difference(self, a: str, b: str) -> Difference | None:
        """How far a stands above b, by the variance of just that. None when either is not rated."""
        if self.estimate is None or a not in self.core or b not in self.core:
            return None
        logits, half_width = self.estimate.difference(self.core.index(a), self.core.index(b))
        return Difference(logits * POINTS_PER_LOGIT, half_width * POINTS_PER_LOGIT)


def style_difference(left: float, right: float) -> float:
    """Relative difference of a non-negative style feature (tokens, headers, lists, ...), within (-1, 1).

    One is added to the denominator so that two answers without the feature differ by 0 and not by 0/0. For
    Chinese count tokens or characters, not words.
    """
    return (left - right) / (left + right + 1.0)


# --- who can be rated ---


def _reachable(start: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Entries that a chain of pairs leads to, each with the entry it was reached from (start with itself)."""
    neighbours: defaultdict[str, list[str]] = defaultdict(list)
    for a, b in pairs:
        neighbours[a].append(b)
        neighbours[b].append(a)
    parent, queue = {start: start}, [start]
    for node in queue:
        for other in neighbours[node]:
            if other not in parent:
                parent[other] = node
                queue.append(other)
    return parent


def rated_core(house: str, duels: Sequence[Duel]) -> tuple[set[str], set[str]]:
    """Entries that stay tied to the house whichever one duel is taken away, and all that are tied to it.

    Only the first can be rated. When the tie of an entry to the house runs through one single duel, the fit
    reproduces that duel exactly, nothing is left to estimate its luck from, and no interval is honest. Inside
    the core there are always more duels than differences between strengths, so n / (n - M + 1) is finite.
    (Graph theory calls it the two-edge-connected component of the house.)
    """
    met = Counter((min(duel.left, duel.right), max(duel.left, duel.right)) for duel in duels)
    parent = _reachable(house, met)
    core = set(parent)
    for child, via in parent.items():  # a pair that holds the graph together is in every spanning tree
        pair = (min(child, via), max(child, via))
        if met[pair] == 1:
            core &= set(_reachable(house, (other for other in met if other != pair)))
    return core, set(parent)


# --- how much each duel counts ---


def propensity_weights(pairs: Sequence[tuple[str, str]], floor: int) -> FloatArray:
    """Weight per duel, 1 / max(duels of its pair, floor), scaled to mean 1. Shape (n,).

    Equation 7 of 2403.04132 with duels in place of votes: producers like some pairings better than others,
    and what is on stage more often must not count for more because of that.
    """
    met = Counter(pairs)
    weights = np.array([1.0 / max(met[pair], floor) for pair in pairs])
    return np.asarray(weights / weights.mean(), dtype=np.float64)


def duel_weights(duels: Sequence[Duel], weights: Weights, method: Method) -> dict[Series, FloatArray]:
    """Weight of every (canonical) duel in every series that counts, of shape (n,); together they sum to n.

    A series is divided by its own mass and multiplied by its declared weight: the judges' part of the whole
    is what the season declared, however many viewers there are. A series that nobody used in the whole season
    has no mass, and the other carries the season alone. A duel that lacks one series is heard through the
    other; the price is that judges who sit on few duels weigh heavily there, so let them judge all of them.
    """
    propensity = propensity_weights([(duel.left, duel.right) for duel in duels], method.pair_floor)
    voices: dict[Series, FloatArray] = {}
    for series in SERIES:
        votes = np.array([duel.counts(series).total for duel in duels], dtype=np.float64)
        voice = propensity * votes / np.maximum(votes + method.half_voice, 1.0)
        if weights.of(series) > 0 and voice.sum() > 0:
            voices[series] = voice / voice.sum() * weights.of(series)
    whole = sum(float(voice.sum()) for voice in voices.values())
    return {series: voice * (len(duels) / whole) for series, voice in voices.items()}


# --- the fit ---


def _fit_core(
    core: Sequence[str], duels: Sequence[Duel], weights: Weights, method: Method
) -> Estimate | None:
    """Strengths of the core. None when the style effects leave no duel over to estimate an error from."""
    n = len(duels)
    style = np.array([duel.style for duel in duels], dtype=np.float64).reshape(n, -1)
    parameters = len(core) - 1 + style.shape[1]
    if n <= parameters:
        return None
    # Scaled but not centred: a duel and its mirror image must say the same.
    scale = np.sqrt((style**2).mean(axis=0))
    design = np.zeros((n, len(core)))
    column = {entry: index for index, entry in enumerate(core)}
    for row, duel in enumerate(duels):
        design[row, column[duel.left]], design[row, column[duel.right]] = 1.0, -1.0

    # Judges and crowd of a duel become one row here, so the cluster is summed before the sandwich squares it.
    weight, won, vote_noise = np.zeros(n), np.zeros(n), np.zeros(n)
    for series, part in duel_weights(duels, weights, method).items():
        weight += part
        vote_noise += part**2 / np.array([max(duel.counts(series).total, 1) for duel in duels])
        counts = [duel.counts(series) for duel in duels]
        won += part * np.array([float(count.left_share) if count.total else 0.0 for count in counts])
    design = np.hstack([design, style / np.where(scale > 0.0, scale, 1.0)])
    share = np.clip(won / weight, 0.0, 1.0)
    return estimate(design, share, weight, vote_noise, method.ridge, parameters)


def fit(
    duels: Iterable[Duel],
    house: str,
    entries: Iterable[str] = (),
    weights: Weights = Weights(),
    method: Method = Method(),
) -> Fit:
    """Rate a season.

    `entries` may name contestants without a duel, who then appear as not rated. Duels without a counted
    ballot are left out. The variance shown as lo and hi is that of t_entry - t_house, so doubt about the
    house is inside every interval. Raises ValueError when duels carry different numbers of style features.
    """
    duels = list(duels)
    counted = sorted(
        (
            duel.canonical()
            for duel in duels
            if any(weights.of(series) > 0 and duel.counts(series).total > 0 for series in SERIES)
        ),
        key=repr,
    )
    if len({len(duel.style) for duel in counted}) > 1:
        raise ValueError("duels carry different numbers of style features")
    met = Counter(entry for duel in counted for entry in (duel.left, duel.right))
    tied_twice, tied = rated_core(house, counted)
    core = tuple(sorted(tied_twice))
    inside = [duel for duel in counted if duel.left in tied_twice and duel.right in tied_twice]
    estimated = _fit_core(core, inside, weights, method) if inside else None
    if estimated is None:
        core, inside = (), []
    effects = () if estimated is None else tuple(float(effect) for effect in estimated.beta[len(core) :])
    fitted = Fit((), len(inside), effects, core, estimated)

    rows = []
    for entry in sorted({house, *entries, *(entry for duel in duels for entry in (duel.left, duel.right))}):
        gap = fitted.difference(entry, house)
        if entry == house:
            rows.append(Rating(entry, HOUSE_RATING, None, None, met[entry]))
        elif gap is not None:
            rating = HOUSE_RATING + gap.points
            rows.append(Rating(entry, rating, rating - gap.half_width, rating + gap.half_width, met[entry]))
        else:
            apart = met[entry] > 0 and entry not in tied
            reason = Unrated.NOT_CONNECTED if apart else Unrated.NOT_ENOUGH_DUELS
            rows.append(Rating(entry, None, None, None, met[entry], reason=reason))
    return replace(fitted, ratings=tuple(_ranked(rows)))


def _ranked(rows: Sequence[Rating]) -> list[Rating]:
    """Fill in ranks. The house takes part with its exact 1000; while it stands alone there is no ranking."""
    bounds = {
        row.entry: (row.rating if row.lo is None else row.lo, row.rating if row.hi is None else row.hi)
        for row in rows
        if row.rating is not None
    }
    if len(bounds) < 2:
        return list(rows)
    return [
        replace(row, rank=1 + sum(lo > bounds[row.entry][1] for lo, _ in bounds.values()))
        if row.entry in bounds
        else row
        for row in rows
    ]


# --- what is shown ---


def season_board(fitted: Fit) -> list[Rating]:
    """Rows for the board: the rated ones by rank, then by rating; after them the others, by name."""
    return sorted(
        fitted.ratings,
        key=lambda row: (row.rating is None, row.rank or 0, -(row.rating or 0.0), row.entry),
    )


def too_close(fitted: Fit, a: str, b: str) -> bool:
    """Whether the season cannot tell a from b: their difference may be zero, or one is not rated."""
    gap = fitted.difference(a, b)
    return gap is None or abs(gap.points) <= gap.half_width


def close_call(fitted: Fit) -> bool:
    """Whether the highest rating cannot be told from every other. False while fewer than two are rated."""
    rated = [(row.rating, row.entry) for row in fitted.ratings if row.rating is not None]
    if not rated:
        return False
    leader = max(rated)[1]
    return any(too_close(fitted, leader, entry) for _, entry in rated if entry != leader)


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


def lead(duel: Duel, weights: Weights = Weights()) -> Fraction:
    """Left's lead in one duel, from -1 (all for right) to 1; 0 for a tie, and when no ballot counts. A series without
    ballots on it is left out."""
    return _lead(duel, weights)[0]


def winner(duel: Duel, weights: Weights = Weights()) -> Literal["left", "right", "tie"]:
    """Who won one duel, by the declared weights."""
    ahead = lead(duel, weights)
    return "left" if ahead > 0 else "right" if ahead < 0 else "tie"


def votes_to_flip(duel: Duel, weights: Weights = Weights(), series: Series = "crowd") -> int | None:
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
