"""The rating of a season: golden values, what must not change it, and what it must refuse to say."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.ratings import rules, style, tallies
from arena.ratings.bradley_terry import FloatArray
from arena.ratings.columns import Columns, duel_weights, propensity_weights, rated_core
from arena.ratings.rules import Fit, Method, Unrated, fit
from arena.ratings.tallies import Counts, Duel, Series, Weights

HOUSE = "house"


def crowd(left: str, right: str, won: int, lost: int, tie: int = 0, both_bad: int = 0) -> Duel:
    return Duel(left, right, crowd=Counts(won, lost, tie, both_bad))


def weights_of(duels: list[Duel], weights: Weights = tallies.HALF_EACH) -> dict[Series, FloatArray]:
    """In the order of `Columns`."""
    method = Method()
    return duel_weights(Columns.of(duels), weights, method.pair_floor, method.half_voice, {})


def points(fitted: Fit, a: str, b: str) -> float:
    gap = fitted.difference(a, b)
    assert gap is not None
    return gap.points


# --- golden values ---


def test_two_entries_by_hand() -> None:
    """Four duels, three of four votes each: n (s - p) = ridge * d / 2, solved with pencil and bisection."""
    fitted = fit([crowd("a", HOUSE, 30, 10)] * 4, HOUSE)
    low, high = 0.0, 5.0
    for _ in range(80):
        d = (low + high) / 2
        low, high = (d, high) if 4 * (0.75 - 1 / (1 + math.exp(-d))) > 0.1 * d / 2 else (low, d)
    assert fitted.rating("a").rating == pytest.approx(1000 + 400 / math.log(10) * low, abs=1e-6)
    assert fitted.rating("a").rating == pytest.approx(1179.1, abs=0.1)


def test_a_season_with_judges_and_crowd() -> None:
    """Ratings as a general-purpose optimiser finds them; intervals worked out apart from this code."""
    season = [
        Duel("a", HOUSE, Counts(30, 10, 5, 1), Counts(3, 0)),
        Duel(HOUSE, "b", Counts(12, 20), Counts(1, 2)),
        Duel("a", "b", Counts(25, 22, 3), Counts(1, 1, 1)),
        Duel("b", "a", Counts(18, 9), Counts(2, 1)),
        Duel("a", HOUSE, Counts(15, 14), Counts(2, 1)),
    ]
    fitted = fit(season, HOUSE, weights=Weights(judges=0.4, crowd=0.6))
    assert [(r.entry, r.duels, r.rank) for r in rules.season_board(fitted)] == GOLDEN_ORDER
    for entry, (rating, lo, hi) in GOLDEN.items():
        row = fitted.rating(entry)
        assert (row.rating, row.lo, row.hi) == pytest.approx((rating, lo, hi), abs=0.01)


GOLDEN_ORDER = [("b", 3, 1), ("a", 4, 1), (HOUSE, 3, 1)]
GOLDEN = {"a": (1114.10, 851.02, 1377.18), "b": (1137.39, 942.20, 1332.57)}


def test_the_house_is_the_origin() -> None:
    row = fit([crowd("a", HOUSE, 3, 2), crowd(HOUSE, "a", 1, 4)], HOUSE).rating(HOUSE)
    assert (row.rating, row.lo, row.hi, row.reason) == (1000.0, None, None, None)


def test_equal_duels_give_equal_ratings() -> None:
    fitted = fit([crowd("a", HOUSE, 7, 3), crowd("a", HOUSE, 3, 7)], HOUSE)
    assert fitted.rating("a").rating == pytest.approx(1000.0)


def test_an_undefeated_entry_is_finite() -> None:
    """Plain maximum likelihood is infinite here, and evalica answers zero for everybody without a word."""
    season = [crowd("a", "b", 5, 0), crowd("b", "c", 5, 0), crowd("c", HOUSE, 5, 0), crowd("a", HOUSE, 5, 0)]
    fitted = fit(season * 2, HOUSE)
    ratings = [fitted.rating(entry).rating for entry in ("a", "b", "c", HOUSE)]
    assert all(rating is not None and math.isfinite(rating) for rating in ratings)
    assert ratings == sorted(ratings, key=lambda rating: -(rating or 0.0))
    assert len(set(ratings)) == 4


# --- what must not change a rating ---

ENTRIES = st.sampled_from([HOUSE, "a", "b", "c", "d"])
COUNTS = st.builds(Counts, *[st.integers(0, 30)] * 4)
DUELS = st.builds(
    lambda pair, viewers, jury: Duel(pair[0], pair[1], viewers, jury),
    st.tuples(ENTRIES, ENTRIES).filter(lambda pair: pair[0] != pair[1]),
    COUNTS,
    st.builds(Counts, *[st.integers(0, 4)] * 4),
)
SEASONS = st.lists(DUELS, max_size=14)
few = settings(max_examples=60, deadline=None)


@few
@given(st.data(), SEASONS)
def test_neither_order_nor_side_matters_to_the_last_bit(data: st.DataObject, season: list[Duel]) -> None:
    shuffled = data.draw(st.permutations(season))
    turned = [
        Duel(d.right, d.left, d.crowd.swapped(), d.judges.swapped()) if data.draw(st.booleans()) else d
        for d in shuffled
    ]
    assert fit(turned, HOUSE).ratings == fit(season, HOUSE).ratings


@few
@given(SEASONS)
def test_both_bad_is_a_draw(season: list[Duel]) -> None:
    merged = [
        Duel(d.left, d.right, Counts(d.crowd.left, d.crowd.right, d.crowd.tie + d.crowd.both_bad), d.judges)
        for d in season
    ]
    ratings = [row.rating for row in fit(season, HOUSE).ratings]
    assert [row.rating for row in fit(merged, HOUSE).ratings] == pytest.approx(ratings, nan_ok=True)


@few
@given(SEASONS)
def test_gaps_do_not_depend_on_who_is_the_house(season: list[Duel]) -> None:
    """The origin moves, the distances stay: same fit, other zero. (Only where both origins rate the same entries.)"""
    one, other = fit(season, HOUSE), fit(season, "a")
    if set(one.core) == set(other.core):
        for entry in one.core:
            assert points(one, entry, "a") == pytest.approx(points(other, entry, "a"), abs=1e-6)
            assert one.difference(entry, "a") == other.difference(entry, "a")


@few
@given(SEASONS.filter(bool), st.integers(2, 50))
def test_more_viewers_do_not_move_the_judges_weight(season: list[Duel], factor: int) -> None:
    def judges_part(times: int) -> float:
        duels = [
            Duel(
                d.left,
                d.right,
                Counts(*(times * n for n in (d.crowd.left, d.crowd.right, d.crowd.tie, d.crowd.both_bad))),
                d.judges,
            )
            for d in season
        ]
        parts = weights_of(duels, Weights(judges=0.3, crowd=0.7))
        mass = {series: float(part.sum()) for series, part in parts.items()}
        return mass.get("judges", 0.0) / sum(mass.values())

    if any(d.crowd.total or d.judges.total for d in season):
        assert judges_part(factor) == pytest.approx(judges_part(1))
        if any(d.crowd.total for d in season) and any(d.judges.total for d in season):
            assert judges_part(factor) == pytest.approx(0.3)


def test_a_crowd_ten_times_as_large_says_the_same() -> None:
    def season(factor: int) -> list[Duel]:
        return [
            Duel("a", HOUSE, Counts(12 * factor, 8 * factor), Counts(1, 2)),
            Duel("b", HOUSE, Counts(9 * factor, 11 * factor), Counts(3, 0)),
            Duel("a", "b", Counts(5 * factor, 15 * factor), Counts(2, 1)),
        ]

    small, large = fit(season(1), HOUSE), fit(season(10), HOUSE)
    assert points(large, "a", "b") == pytest.approx(points(small, "a", "b"))


@few
@given(SEASONS)
def test_a_series_that_nobody_used_leaves_the_other_alone(season: list[Duel]) -> None:
    unjudged = [Duel(d.left, d.right, d.crowd) for d in season]
    declared, alone = Weights(judges=0.9, crowd=0.1), Weights(judges=0.0, crowd=1.0)
    ratings = [row.rating for row in fit(unjudged, HOUSE, weights=declared).ratings]
    assert [row.rating for row in fit(unjudged, HOUSE, weights=alone).ratings] == pytest.approx(ratings)


def test_a_series_with_weight_zero_is_not_counted_at_all() -> None:
    season = [crowd("a", HOUSE, 9, 1)] * 5
    row = fit(season, HOUSE, weights=Weights(judges=1.0, crowd=0.0)).rating("a")
    assert (row.rating, row.duels, row.reason) == (None, 0, Unrated.NOT_ENOUGH_DUELS)


def test_a_pair_shown_often_does_not_drown_the_others() -> None:
    said = [("a", "b")] * 12 + [("a", "c")] * 4 + [("b", "c")]
    seen = Columns.of([crowd(*pair, 1, 0) for pair in said])
    weights = propensity_weights(seen, 3, {})
    of_pair = [weights[seen.pair == pair] for pair in dict.fromkeys(sorted(seen.pair.tolist()))]
    assert [len(each) for each in of_pair] == [12, 4, 1]
    assert weights.mean() == pytest.approx(1.0)
    assert of_pair[0].sum() == pytest.approx(of_pair[1].sum())
    assert of_pair[2][0] == pytest.approx(
        of_pair[1][0] * 4 / 3
    )  # the floor: one duel weighs like one of three


def test_a_pair_that_a_rule_liked_weighs_by_the_rule_and_not_by_its_luck() -> None:
    """Both pairs met four times; the rule was to show one of them eight times, and the other one as often as it did."""
    seen = Columns.of([crowd("a", "b", 1, 0)] * 4 + [crowd("a", "c", 1, 0)] * 4)
    weights = propensity_weights(seen, 3, {("a", "b"): 8.0})
    liked, chosen = (weights[seen.right == seen.names.index(name)] for name in "bc")
    assert chosen == pytest.approx(2 * liked)


def test_one_friend_is_not_a_duel_and_a_fan_club_is_only_one() -> None:
    found = weights_of([crowd("a", "b", 1, 0), crowd("a", "c", 6, 0), crowd("b", "c", 2000, 0)])["crowd"]
    friend, hall, club = sorted(found)
    assert hall / friend == pytest.approx(3.5)
    assert club / hall == pytest.approx(2.0, rel=0.01)


# --- what it refuses to say ---


@few
@given(SEASONS)
def test_a_row_is_whole_or_it_has_a_reason(season: list[Duel]) -> None:
    board = rules.season_board(fit(season, HOUSE, entries=["a", "newcomer"]))
    assert {"a", "newcomer", HOUSE} <= {row.entry for row in board}
    for row in board:
        if row.entry == HOUSE:
            continue
        if row.rating is None:
            assert (row.lo, row.hi, row.rank, row.rank_to) == (None, None, None, None)
            assert row.reason is not None
        else:
            assert row.reason is None and row.rank is not None
            assert row.lo is not None and row.hi is not None
            assert math.isfinite(row.lo) and row.lo < row.rating < row.hi


@few
@given(st.lists(DUELS, max_size=9))
def test_the_core_is_what_survives_the_loss_of_any_duel(season: list[Duel]) -> None:
    def tied(duels: list[Duel]) -> set[str]:
        found = {HOUSE}
        for _ in duels:
            found |= {e for d in duels if {d.left, d.right} & found for e in (d.left, d.right)}
        return found

    met = Counter((min(d.left, d.right), max(d.left, d.right)) for d in season)
    core, connected = rated_core(HOUSE, met)
    assert connected == tied(season)
    assert core == connected.intersection(*(tied(season[:i] + season[i + 1 :]) for i in range(len(season))))


def test_an_entry_on_a_single_duel_gets_no_number() -> None:
    """The fit would reproduce its one duel exactly and the interval would shrink to nothing."""
    season = [crowd("a", HOUSE, 11, 9), crowd(HOUSE, "a", 12, 8), crowd("a", "new", 4, 16)]
    row = fit(season, HOUSE).rating("new")
    assert (row.rating, row.duels, row.reason) == (None, 1, Unrated.NOT_ENOUGH_DUELS)
    without = fit(season[:2], HOUSE)
    assert fit(season, HOUSE).rating("a") == replace(without.rating("a"), duels=3)


def test_its_second_duel_gives_it_a_wide_interval() -> None:
    season = [crowd("a", HOUSE, 11, 9), crowd(HOUSE, "a", 12, 8), crowd("a", HOUSE, 9, 11)]
    row = fit([*season, crowd("a", "new", 4, 16), crowd("new", HOUSE, 11, 9)], HOUSE).rating("new")
    assert row.rating is not None and row.lo is not None and row.hi is not None
    assert row.hi - row.lo > 200


def test_an_island_is_not_connected() -> None:
    row = fit([crowd("a", HOUSE, 3, 2), crowd("a", HOUSE, 2, 3), *[crowd("x", "y", 3, 2)] * 5], HOUSE).rating(
        "x"
    )
    assert (row.rating, row.duels, row.reason) == (None, 5, Unrated.NOT_CONNECTED)


def test_nothing_at_all() -> None:
    fitted = fit([Duel("a", HOUSE)], HOUSE, entries=["a"])
    assert [(r.entry, r.rating, r.rank) for r in rules.season_board(fitted)] == [
        (HOUSE, 1000.0, None),
        ("a", None, None),
    ]
    assert not rules.close_call(rules.season_board(fitted))
    with pytest.raises(KeyError):
        fitted.rating("nobody")


def test_duels_that_agree_to_the_last_vote_are_not_certainty() -> None:
    """Two to one, three times over: no residual, but nine voters. The voters alone give more than 100 points."""
    row = fit([crowd("a", HOUSE, 2, 1)] * 3, HOUSE).rating("a")
    assert row.rating is not None and row.hi is not None
    assert row.hi - row.rating > 100


# --- the board ---


@few
@given(SEASONS)
def test_ranks_and_order(season: list[Duel]) -> None:
    """An entry's best place is one below all that are surely above it, its worst one above all surely below it; sure is
    what holds for all pairs at once."""
    fitted = fit(season, HOUSE)
    board = rules.season_board(fitted)
    rated = [row for row in board if row.rating is not None]
    assert board[: len(rated)] == rated
    if len(rated) < 2:
        assert [row.rank for row in board] == [None] * len(board)
        return
    assert [row.rank for row in rated] == sorted(row.rank or 0 for row in rated)
    assert fitted.estimate is not None
    alone = fitted.estimate.contrasts([(0, 1)])
    comparisons = len(rated) * (len(rated) - 1) // 2
    widened = [fitted.estimate.intervals(alone, 1 - 0.05 / n)[1][0] for n in (1, comparisons)]
    assert widened[1] >= widened[0]
    for row in rated:
        assert row.rank is not None and row.rank_to is not None
        others = [other for other in rated if other != row]
        # Nobody is surely above who is not above by the interval of that pair alone.
        above = [one for one in others if (one.rating or 0) > (row.rating or 0)]
        assert row.rank <= 1 + sum(not rules.too_close(fitted, row.entry, one.entry) for one in above)
        assert row.rank <= 1 + len(above) and row.rank <= row.rank_to <= len(rated)


def test_too_close_to_call_and_not() -> None:
    season = [crowd("a", HOUSE, 70 + i, 30) for i in range(6)] + [
        crowd("b", HOUSE, 71 - i, 30) for i in range(6)
    ]
    fitted = fit([*season, crowd("a", "b", 50, 50)], HOUSE)
    assert rules.too_close(fitted, "a", "b")
    assert not rules.too_close(fitted, "a", HOUSE)
    assert rules.too_close(fitted, "a", "never seen")
    assert rules.close_call(rules.season_board(fitted))
    clear = fit(season[:6], HOUSE)
    board = rules.season_board(clear)
    assert not rules.close_call(board)
    assert [(row.rank, row.rank_to) for row in board] == [(1, 1), (2, 2)]


# --- style ---


def test_style_takes_length_out_of_the_rating() -> None:
    """Voters like length and nothing else; a is the longer one two times in three. Only the raw rating rises."""
    long, short = style.difference(90, 30), style.difference(30, 90)
    season = [
        Duel("a", HOUSE, Counts(28 + i, 12), style=(long,))
        if i % 3
        else Duel("a", HOUSE, Counts(12, 28 + i), style=(short,))
        for i in range(12)
    ]
    raw = fit([Duel(d.left, d.right, d.crowd) for d in season], HOUSE)
    adjusted = fit(season, HOUSE)
    assert points(raw, "a", HOUSE) > 40
    assert abs(points(adjusted, "a", HOUSE)) < 15
    effect = adjusted.style_effects[0]
    assert effect.points - effect.half_width > 50
    turned = [Duel(d.right, d.left, d.crowd.swapped(), style=(-d.style[0],)) for d in season]
    assert fit(turned, HOUSE).ratings == adjusted.ratings


def test_more_style_features_than_duels_is_not_enough() -> None:
    season = [
        Duel("a", HOUSE, Counts(3, 2), style=(0.1, 0.2)),
        Duel("a", HOUSE, Counts(2, 3), style=(0.3, 0.1)),
    ]
    fitted = fit(season, HOUSE)
    assert fitted.rating("a").reason is Unrated.NOT_ENOUGH_DUELS
    assert (fitted.duels, fitted.style_effects) == (0, ())


def test_style_difference() -> None:
    assert style.difference(0, 0) == 0
    assert style.difference(10, 4) == -style.difference(4, 10) == pytest.approx(0.4)


# --- one duel ---

WEIGHTS = st.sampled_from([Weights(), Weights(0.3, 0.7), Weights(1, 0), Weights(0, 1), Weights(0.9, 0.1)])
SMALL = st.builds(Counts, *[st.integers(0, 5)] * 4)


def test_who_won() -> None:
    assert tallies.winner(Duel("a", "b", Counts(5, 4), Counts(0, 3))) == "right"
    assert tallies.winner(Duel("a", "b", Counts(5, 4))) == "left"
    assert tallies.winner(Duel("a", "b", Counts(1, 1, 7, 2))) == "tie"
    assert tallies.winner(Duel("a", "b")) == "tie"


def test_a_tie_is_exact_in_the_declared_decimals() -> None:
    """0.3 * 1 - 0.7 * 3/7 is zero on paper and 5e-17 in floating point."""
    duel = Duel("a", "b", crowd=Counts(2, 5), judges=Counts(3, 0))
    assert tallies.winner(duel, Weights(judges=0.3, crowd=0.7)) == "tie"


@settings(max_examples=200, deadline=None)
@given(SMALL, SMALL, WEIGHTS, st.sampled_from(["crowd", "judges"]))
def test_votes_to_flip_is_the_least(viewers: Counts, jury: Counts, weights: Weights, series: Series) -> None:
    """Against trying everything: some ballots of the winner and some draws go to the loser."""
    duel = Duel("a", "b", viewers, jury)
    before = tallies.winner(duel, weights)
    flips = tallies.votes_to_flip(duel, weights, series)
    if before == "tie":
        assert flips == 0
        return
    counts = duel.counts(series)
    least = None
    for wins in range((counts.left if before == "left" else counts.right) + 1):
        for draws in range(counts.draws + 1):
            ties = max(0, counts.tie - draws)
            bad = counts.both_bad - max(0, draws - counts.tie)
            gained = (counts.left - wins, counts.right + wins + draws)
            if before == "right":
                gained = (counts.left + wins + draws, counts.right - wins)
            moved = Counts(*gained, ties, bad)
            other = Duel("a", "b", moved, jury) if series == "crowd" else Duel("a", "b", viewers, moved)
            if tallies.winner(other, weights) not in ("tie", before) and (
                least is None or wins + draws < least
            ):
                least = wins + draws
    assert flips == least


def test_votes_to_flip_reads_as_one_would_say_it() -> None:
    assert tallies.votes_to_flip(Duel("a", "b", Counts(60, 40))) == 11
    assert tallies.votes_to_flip(Duel("a", "b", Counts(60, 40), Counts(3, 0))) is None
    assert tallies.votes_to_flip(Duel("a", "b", Counts(60, 40), Counts(3, 0)), series="judges") == 2


# --- what cannot be said ---


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="meet itself"):
        Duel("a", "a")
    with pytest.raises(ValueError, match="negative"):
        Counts(-1)
    with pytest.raises(ValueError, match="weights"):
        Weights(0, 0)
    with pytest.raises(ValueError, match="ridge"):
        Method(ridge=0)
    with pytest.raises(ValueError, match="finite"):
        Duel("a", "b", style=(math.nan,))
    with pytest.raises(ValueError, match="style features"):
        fit([Duel("a", HOUSE, Counts(1, 0), style=(0.1,)), crowd("a", HOUSE, 1, 0)], HOUSE)
