"""One number out of three axes: what it says of known cases, and whether its interval holds."""

import random

import pytest

from arena.benchmarks.public import Accuracy
from arena.leaderboard.overall import Axis, Share, missing, of_accuracy, of_rating, of_speed, overall
from arena.shows.public import OverallWeights

WEIGHTS = OverallWeights(creativity=0.5, accuracy=0.3, speed=0.2)


def test_the_house_is_halfway_on_what_is_measured_against_it() -> None:
    assert of_rating(1000, None, None) == Share(0.5, 0.5, 0.5)
    assert of_speed(1, None, None) == Share(0.5, 0.5, 0.5)
    assert of_rating(1400, 1400, 1400).value == pytest.approx(10 / 11)
    assert of_speed(2, 1, 4) == Share(2 / 3, 0.5, 0.8)


def test_weights_count_by_their_ratio() -> None:
    shares: dict[Axis, Share | None] = {
        "creativity": Share(0.6, 0.5, 0.8),
        "accuracy": Share(0.4, 0.4, 0.4),
        "speed": Share(0.5, 0.4, 0.6),
    }
    found = overall(shares, WEIGHTS)
    assert found is not None
    assert found.value == pytest.approx(52)
    halved = OverallWeights(creativity=0.25, accuracy=0.15, speed=0.1)
    assert overall(shares, halved) == found
    alone = overall(shares, OverallWeights(creativity=1, accuracy=0, speed=0))
    assert alone is not None
    assert (alone.lo, alone.value, alone.hi) == pytest.approx((50, 60, 80)), "one axis keeps its own interval"


def test_a_missing_score_is_never_a_number() -> None:
    shares: dict[Axis, Share | None] = {"creativity": Share(0.6, 0.5, 0.7), "accuracy": None, "speed": None}
    assert overall(shares, WEIGHTS) is None
    assert missing(shares, WEIGHTS) == ["accuracy", "speed"]
    only = OverallWeights(creativity=1, accuracy=0, speed=0)
    assert missing(shares, only) == []


def test_a_score_that_somebody_has_set_leaves_the_interval_open() -> None:
    given = of_accuracy(Accuracy(0.5, None, overridden=True))
    found = overall(
        {"creativity": Share(0.6, 0.5, 0.7), "accuracy": given, "speed": Share(0.5, 0.4, 0.6)}, WEIGHTS
    )
    assert found is not None
    assert found.value == pytest.approx(55) and found.lo is None and found.hi is None


def test_weights_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one axis"):
        OverallWeights(creativity=0, accuracy=0, speed=0)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Ratings, accuracies and speeds drawn around known truths, each with the interval it would be shown with."""
    chance = random.Random(40)
    rating, accuracy, pace = 1080.0, 0.55, 1.4
    spread = (40.0, 0.04, 0.06)
    truth = overall(
        {
            "creativity": of_rating(rating, rating, rating),
            "accuracy": of_accuracy(Accuracy(accuracy, 0.0)),
            "speed": of_speed(pace, pace, pace),
        },
        WEIGHTS,
    )
    assert truth is not None
    held = 0
    for _ in range(2000):
        points, right = chance.gauss(rating, spread[0]), chance.gauss(accuracy, spread[1])
        times = pace * 2.718281828 ** chance.gauss(0, spread[2])
        factor = 2.718281828 ** (1.96 * spread[2])
        seen = overall(
            {
                "creativity": of_rating(points, points - 1.96 * spread[0], points + 1.96 * spread[0]),
                "accuracy": of_accuracy(Accuracy(right, spread[1])),
                "speed": of_speed(times, times / factor, times * factor),
            },
            WEIGHTS,
        )
        assert seen is not None and seen.lo is not None and seen.hi is not None
        held += seen.lo <= truth.value <= seen.hi
    assert 0.935 <= held / 2000 <= 0.965
