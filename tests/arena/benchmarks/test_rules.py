import math
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.rules import (
    NOISE,
    REPHRASED_GAP,
    Accuracy,
    Made,
    Present,
    clustered,
    contaminated,
    gap,
    over_tasks,
    overall,
    score,
    stale,
    weighted,
)
from arena.benchmarks.suites import load


@pytest.mark.parametrize(
    ("correct", "n", "chance", "expected"),
    [(2, 8, 0.25, 0.0), (8, 8, 0.25, 1.0), (0, 8, 0.25, -1 / 3), (5, 8, 0.25, 0.5), (3, 6, 0.0, 0.5)],
)
def test_guessing_is_zero_and_everything_right_is_one(
    correct: int, n: int, chance: float, expected: float
) -> None:
    got = score(correct, n, chance)
    assert got.score == pytest.approx(expected)
    assert got.accuracy == correct / n


def test_the_error_is_on_the_scale_of_the_score_and_never_zero() -> None:
    assert score(5, 8, 0.5).stderr == pytest.approx(2 * score(5, 8, 0.0).stderr)
    assert score(4, 8, 0.0).stderr == pytest.approx(math.sqrt(0.25 / 12))
    assert all(score(correct, 8, 0.25).stderr > 0.1 for correct in range(9))


@pytest.mark.parametrize("n", [100, 285, 1000])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.25, 0.5, 0.9, 0.98])
def test_the_intervals_hold_what_they_promise(n: int, share: float) -> None:
    """Counted out over all numbers of right answers, not drawn: 95 % of the time the truth is inside."""

    def chance_of(correct: int) -> float:
        logs = math.lgamma(n + 1) - math.lgamma(correct + 1) - math.lgamma(n - correct + 1)
        return math.exp(logs + correct * math.log(share) + (n - correct) * math.log(1 - share))

    def holds(correct: int) -> bool:
        got = score(correct, n, 0.0)
        return abs(got.score - share) <= NOISE * got.stderr

    assert sum(chance_of(correct) for correct in range(n + 1) if holds(correct)) >= 0.93


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(correct: int, n: int) -> None:
    with pytest.raises(ValueError, match="within"):
        score(correct, n, 0.25)


# --- clusters ---------------------------------------------------------------------------------------------------------

marks = st.lists(st.booleans(), min_size=1, max_size=60)


@given(marks, st.integers(1, 10))
def test_clusters_never_make_a_score_more_certain(right: list[bool], size: int) -> None:
    plain = score(sum(right), len(right), 0.25)
    together = clustered(right, [place // size for place in range(len(right))], 0.25)
    assert (together.accuracy, together.score) == (plain.accuracy, plain.score)
    assert together.stderr >= plain.stderr


def test_passages_that_stand_and_fall_together_count_as_what_they_are() -> None:
    """Ten passages of ten questions, each all right or all wrong, are ten observations and no hundred."""
    right = [passage % 2 == 0 for passage in range(10) for _ in range(10)]
    passages = [passage for passage in range(10) for _ in range(10)]
    assert clustered(right, passages, 0.0).stderr == pytest.approx(math.sqrt(10 / 9 * 10 * 25) / 100)
    alone = clustered(right, list(range(100)), 0.0)
    assert alone.stderr == pytest.approx(math.sqrt(100 / 99 * 100 * 0.25) / 100)
    assert clustered(right, ["one"] * 100, 0.0) == score(50, 100, 0.0), "one cluster says nothing of itself"


def test_an_answer_without_a_cluster_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="one cluster"):
        clustered([True, False], ["a"], 0.0)


# --- sums -------------------------------------------------------------------------------------------------------------


def near(found: Accuracy | None, value: float, stderr: float | None, **marks: bool) -> bool:
    assert found is not None
    assert (found.stderr is None) == (stderr is None)
    assert stderr is None or found.stderr == pytest.approx(stderr)
    assert (found.overridden, found.stale) == (marks.get("overridden", False), marks.get("stale", False))
    return found.value == pytest.approx(value)


def test_no_task_is_no_number_and_tasks_are_independent() -> None:
    assert overall([]) is None
    assert near(overall([(0.5, 0.3), (0.7, 0.4)]), 0.6, 0.25)


def test_suites_count_by_their_weights_and_a_missing_one_leaves_no_number() -> None:
    scores = {"a": Accuracy(0.2, 0.03), "b": Accuracy(0.8, 0.04, stale=True), "c": None}
    both = weighted(scores, {"a": 3, "b": 1})
    assert near(both, 0.35, math.hypot(0.75 * 0.03, 0.25 * 0.04), stale=True)
    assert near(weighted(scores, {"a": 1}), 0.2, 0.03)
    assert weighted(scores, {"a": 1, "c": 1}) is None
    assert weighted(scores, {"a": 1, "unheard_of": 1}) is None
    assert weighted(scores, {}) is None


def test_a_score_that_was_set_has_no_error_and_neither_has_what_it_is_in() -> None:
    scores = {"a": Accuracy(0.2, None, overridden=True), "b": Accuracy(0.8, 0.1)}
    assert near(weighted(scores, {"a": 1, "b": 1}), 0.5, None, overridden=True)


accuracies = st.builds(Accuracy, st.floats(-1, 1), st.floats(0, 1))


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(accuracies, st.floats(0.01, 100)), min_size=1))
def test_an_overall_score_lies_among_its_suites_whatever_the_unit_of_the_weights(
    suites: dict[str, tuple[Accuracy, float]],
) -> None:
    scores = {name: one for name, (one, _) in suites.items()}
    weights = {name: weight for name, (_, weight) in suites.items()}
    found = weighted(scores, weights)
    assert found is not None
    values = [one.value for one in scores.values()]
    assert min(values) - 1e-9 <= found.value <= max(values) + 1e-9
    doubled = weighted(scores, {name: 2 * weight for name, weight in weights.items()})
    assert doubled is not None and doubled.value == pytest.approx(found.value)


# --- two entries ------------------------------------------------------------------------------------------------------

answers = st.dictionaries(st.integers(0, 40), st.booleans(), min_size=1)


@given(answers, answers, st.sampled_from([0.0, 0.25, 0.5]))
def test_a_gap_is_the_opposite_seen_from_the_other_side(
    mine: dict[int, bool], theirs: dict[int, bool], chance: float
) -> None:
    one, other = gap(mine, theirs, chance), gap(theirs, mine, chance)
    if not mine.keys() & theirs.keys():
        assert one is other is None
        return
    assert one is not None and other is not None
    assert (one.value, one.stderr, one.tie, one.items) == (-other.value, other.stderr, other.tie, other.items)
    both = mine.keys() & theirs.keys()
    share = sum(mine[index] - theirs[index] for index in both) / len(both)
    assert one.value == pytest.approx(share / (1 - chance))
    assert one.stderr > 0


@given(answers)
def test_the_same_answers_are_a_tie(mine: dict[int, bool]) -> None:
    found = gap(mine, mine, 0.25)
    assert found is not None and found.tie and found.value == 0


def test_pairs_tell_more_than_two_scores_do() -> None:
    """Both are right on the easy half. What differs is on the others alone."""
    mine = {index: index < 60 for index in range(100)}
    theirs = {index: index < 50 for index in range(100)}
    found = gap(mine, theirs, 0.0)
    assert found is not None and not found.tie
    assert found.stderr == pytest.approx(math.sqrt(11 - 100 / 102) / 102)
    apart = math.hypot(score(60, 100, 0.0).stderr, score(50, 100, 0.0).stderr)
    assert found.value <= NOISE * apart, "two unpaired scores would be a tie"


@pytest.mark.parametrize("n", [40, 100])
def test_entries_that_are_equally_good_are_rarely_told_apart(n: int) -> None:
    """Counted out: of pairs in which each is as often ahead as the other, about 5 % are no tie."""
    told = 0.0
    for mine, theirs in product(range(n + 1), repeat=2):
        if mine + theirs > n:
            continue
        logs = math.lgamma(n + 1) - math.lgamma(mine + 1) - math.lgamma(theirs + 1)
        logs -= math.lgamma(n - mine - theirs + 1)
        likely = math.exp(logs + (mine + theirs) * math.log(0.15) + (n - mine - theirs) * math.log(0.7))
        ahead = {index: index < mine for index in range(n)}
        found = gap(ahead, {index: mine <= index < mine + theirs for index in range(n)}, 0.0)
        assert found is not None
        told += likely * (not found.tie)
    assert told <= 0.065


def test_the_gap_on_a_suite_is_the_mean_of_its_tasks() -> None:
    one = gap({0: True, 1: True}, {0: False, 1: True}, 0.0)
    other = gap({0: False}, {0: True}, 0.0)
    assert one is not None and other is not None
    both = over_tasks([one, other])
    assert both is not None
    assert both.items == 3
    assert both.value == pytest.approx((0.5 - 1) / 2)
    assert both.stderr == pytest.approx(math.hypot(one.stderr, other.stderr) / 2)
    assert over_tasks([]) is None


# --- contamination ----------------------------------------------------------------------------------------------------


def first(count: int, of: int = 100) -> dict[int, bool]:
    return {index: index < count for index in range(of)}


def test_a_gap_between_public_and_rephrased_questions_is_flagged_when_it_is_large_and_sure() -> None:
    found = contaminated(first(90), first(60))
    assert found is not None and found.value == pytest.approx(0.3)
    assert contaminated(first(69), first(60)) is None, "sure, and below what is published"
    assert contaminated(first(3, 10), first(1, 10)) is None, "large, and as likely chance"
    assert contaminated(first(60), first(90)) is None, "the other way round proves nothing"
    assert contaminated({}, {}) is None


@given(answers, answers)
def test_a_flag_is_always_above_the_threshold_and_clear_of_chance(
    public: dict[int, bool], rephrased: dict[int, bool]
) -> None:
    found = contaminated(public, rephrased)
    if found is not None:
        assert found.value > REPHRASED_GAP and found.value - NOISE * found.stderr > 0


# --- what has changed -------------------------------------------------------------------------------------------------

MADE = Made(suite="s", scorer="c", data="d", base="b", engine="e")
PRESENT = Present(
    suite="s", scorer="c", data="d", bases=frozenset({"b", "b2"}), engines=frozenset({"e", "e2"})
)


def test_every_change_is_named_and_nothing_else() -> None:
    assert stale(MADE, PRESENT) == []
    changed = Present("s2", "c2", "d2", frozenset({"b2"}), frozenset({"e2"}))
    assert stale(MADE, changed) == ["suite", "scorer", "data", "base", "engine"]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (Present("s2", "c", "d", PRESENT.bases, PRESENT.engines), ["suite"]),
        (Present("s", "c2", "d", PRESENT.bases, PRESENT.engines), ["scorer"]),
        (Present("s", "c", "d2", PRESENT.bases, PRESENT.engines), ["data"]),
        (Present("s", "c", "d", frozenset({"x"}), PRESENT.engines), ["base"]),
        (Present("s", "c", "d", PRESENT.bases, frozenset({"x"})), ["engine"]),
        (Present(None, None, None, frozenset(), frozenset()), []),
    ],
)
def test_what_nobody_knows_makes_nothing_stale(now: Present, expected: list[str]) -> None:
    assert stale(MADE, now) == expected
    older = Made(suite="s", scorer=None, data=None, base=None, engine=None)
    assert stale(older, now) == [one for one in expected if one == "suite"]


@given(st.builds(Made, *[st.sampled_from("xy")] * 5))
def test_what_was_made_now_is_never_stale(made: Made) -> None:
    assume(made.base and made.engine)
    now = Present(
        made.suite, made.scorer, made.data, frozenset({made.base or ""}), frozenset({made.engine or ""})
    )
    assert stale(made, now) == []


# --- suites -----------------------------------------------------------------------------------------------------------


def test_the_digest_of_a_suite_covers_every_field() -> None:
    suite = load("reasoning")
    spec = suite.model_dump(mode="json")
    changed = [spec | {"seed": spec["seed"] + 1}, spec | {"version": spec["version"] + 1}]
    first, *others = spec["families"]
    changed += [
        spec | {"families": [first | {"items": first["items"] + 1}, *others]},
        spec | {"families": others},
    ]
    digests = {SuiteSpec.model_validate(other).digest for other in changed}
    assert len(digests | {suite.digest}) == 5
    assert SuiteSpec.model_validate(spec).digest == suite.digest
