import math

import pytest

from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.rules import score
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
    assert score(4, 8, 0.0).stderr == pytest.approx(math.sqrt(0.25 / 10))
    assert all(score(correct, 8, 0.25).stderr > 0.1 for correct in range(9))


@pytest.mark.parametrize(("correct", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_impossible_counts_are_refused(correct: int, n: int) -> None:
    with pytest.raises(ValueError, match="within"):
        score(correct, n, 0.25)


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
