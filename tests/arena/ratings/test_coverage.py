"""Do the intervals hold the truth as often as they say?

Seasons are simulated whose truth is known (`tests/support/season.py`): every duel has luck of its own, in common to all
of its voters. A rating aims at the strength that fits the chances averaged over that luck, so this is what the interval
must hold. The seeds are fixed: the figures below are what these seeds give, with some room.
"""

from itertools import combinations

import numpy as np
import pytest

from arena.ratings.bootstrap import check
from arena.ratings.bradley_terry import FloatArray, Observations, estimate
from arena.ratings.rules import HOUSE_RATING, POINTS_PER_LOGIT, fit, season_board
from arena.ratings.tallies import Counts, Duel
from tests.support.season import ENTRIES, JUDGES, LUCK, PAIRS, VIEWERS, Pairs, chance, round_robin

HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(41)


def target(strength: FloatArray, pairs: Pairs, weight: FloatArray) -> FloatArray:
    """Points over entry 0 that the averaged chances ask for, shape (entries,)."""
    left, right = np.array(pairs).T
    logit = (strength[left] - strength[right])[:, None] + LUCK * HERMITE_X
    share = (HERMITE_W * chance(logit)).sum(axis=1) / HERMITE_W.sum()
    no_style = np.zeros((len(pairs), 0))
    seen = Observations.of(left, right, len(strength), no_style, share, 1000 * weight, weight)
    beta = estimate(seen, np.full(len(strength), 1e-3), parameters=0).beta
    return np.asarray((beta - beta[0]) * POINTS_PER_LOGIT)


def simulated(
    pairs: Pairs,
    names: list[str],
    strength: FloatArray,
    voters: int,
    rng: np.random.Generator,
    judges: int = 0,
) -> list[Duel]:
    season = []
    for a, b in pairs:
        for_a = chance(strength[a] - strength[b] + LUCK * rng.normal())
        crowd, jury = (int(rng.binomial(voices, for_a)) for voices in (voters, judges))
        season.append(Duel(names[a], names[b], Counts(crowd, voters - crowd), Counts(jury, judges - jury)))
    return season


def coverage(
    pairs: Pairs, voters: int, repeats: int, seed: int, judges: int = 0
) -> tuple[float, float, float]:
    """Part of the intervals that hold the truth: by duel, by vote; and the worst entry's part by duel."""
    rng = np.random.default_rng(seed)
    entries = 1 + max(max(pair) for pair in pairs)
    names = [f"e{entry:02}" for entry in range(entries)]  # e00 is the house
    met = [pairs.count(pair) for pair in pairs]
    weight = np.array([1 / max(count, 3) for count in met])
    by_duel, by_vote = np.zeros(entries), np.zeros(entries)
    for _ in range(repeats):
        strength = rng.normal(0, 0.5, entries)
        truth = HOUSE_RATING + target(strength, pairs, weight)
        season = simulated(pairs, names, strength, voters, rng, judges)
        fitted = fit(season, names[0])
        assert fitted.estimate is not None
        for entry in range(1, entries):
            row = fitted.rating(names[entry])
            assert row.rating is not None and row.lo is not None and row.hi is not None
            contrast = np.zeros(entries)
            contrast[entry], contrast[0] = 1, -1
            naive = 1.96 * POINTS_PER_LOGIT * np.sqrt(contrast @ fitted.estimate.sampling @ contrast)
            by_duel[entry] += row.lo <= truth[entry] <= row.hi
            by_vote[entry] += abs(row.rating - truth[entry]) <= naive
    by_duel, by_vote = by_duel[1:] / repeats, by_vote[1:] / repeats
    return float(by_duel.mean()), float(by_vote.mean()), float(by_duel.min())


@pytest.mark.parametrize("times", [1, 3, 8])
@pytest.mark.parametrize(("voters", "by_vote_at_most"), [(20, 0.8), (200, 0.4), (2000, 0.2)])
def test_an_interval_by_duel_holds_the_truth_where_one_by_vote_does_not(
    voters: int, by_vote_at_most: float, times: int
) -> None:
    by_duel, by_vote, _ = coverage(round_robin(8, times), voters, repeats=60, seed=20261121)
    assert 0.92 <= by_duel <= 0.985
    assert by_vote <= by_vote_at_most


def test_it_holds_in_a_season_of_fifty_duels() -> None:
    """Exactly the season that `test_season.py` plays through the doors: 8 entries, 200 viewers, 5 judges."""
    assert (ENTRIES, len(PAIRS)) == (8, 50)
    by_duel, _, worst = coverage(PAIRS, VIEWERS, repeats=400, seed=20261126, judges=JUDGES)
    assert by_duel >= 0.92
    assert worst >= 0.90


NEWCOMER = [*round_robin(6, 2), (0, 6), (1, 6)]


@pytest.mark.parametrize(
    "pairs",
    [[(0, 1)] * 3, round_robin(4, 1), round_robin(3, 2), [(0, 1), (0, 2), (0, 3)] * 3, NEWCOMER],
    ids=["two entries, three duels", "four, once each", "three, twice", "only the house", "a newcomer"],
)
def test_it_holds_with_a_handful_of_duels(pairs: Pairs) -> None:
    """With 1.96 standard errors these are between 66 and 89 %."""
    by_duel, _, worst = coverage(pairs, voters=100, repeats=150, seed=20261122)
    assert by_duel >= 0.92
    assert worst >= 0.88


def test_not_one_place_is_wrong_in_more_than_one_season_of_ten() -> None:
    """All places of a board at once. By intervals of one pair each it is more than one season of four."""
    rng = np.random.default_rng(20261123)
    pairs, seasons = round_robin(6, 2), 80
    names = [f"e{entry:02}" for entry in range(6)]
    weight = np.full(len(pairs), 1 / 3)
    right, by_pair = 0, 0
    for _ in range(seasons):
        strength = rng.normal(0, 0.5, 6)
        truth = target(strength, pairs, weight)
        fitted = fit(simulated(pairs, names, strength, 100, rng), names[0])
        right += all(
            row.rank is not None
            and row.rank_to is not None
            and row.rank <= 1 + int((truth > truth[names.index(row.entry)]).sum()) <= row.rank_to
            for row in season_board(fitted)
        )
        gaps = fitted.differences([*combinations(range(6), 2)])
        by_pair += all(
            abs(gap.points - (truth[a] - truth[b])) <= gap.half_width
            for gap, (a, b) in zip(gaps, combinations(range(6), 2), strict=True)
        )
    assert right / seasons >= 0.9
    assert by_pair / seasons < 0.9


def test_resampling_duels_says_the_same_as_the_formula() -> None:
    """Two ways to one figure, in a season with enough duels for both; and the same seed gives the same check."""
    rng = np.random.default_rng(20261124)
    names = [f"e{entry:02}" for entry in range(6)]
    season = simulated(round_robin(6, 8), names, rng.normal(0, 0.5, 6), 50, rng)
    fitted = fit(season, names[0])
    found = check(fitted, names[0], "seed")
    assert found is not None
    assert 0.85 <= found.least <= found.ratio <= found.most <= 1.15
    assert check(fit(season[::-1], names[0]), names[0], "seed") == found != check(fitted, names[0], "other")
    assert check(fit(season[:1], names[0]), names[0], "seed") is None
