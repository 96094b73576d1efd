"""What is proposed and what it is likely to take."""

import pytest

from arena.kit.errors import Invalid
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.rules import Track
from arena.shows.training import FORM, Budget, RecipeId, TrainingRules, TrainingSpec
from arena.training.rules import CURVE, check, estimate, presets, stride

TRACK = Track(training=TrainingRules(recipes=tuple(FORM)), max_rank=4)


@pytest.mark.parametrize("recipe", list(FORM))
def test_every_proposal_can_be_ordered(recipe: RecipeId) -> None:
    for spec in presets(recipe, TRACK).values():
        check(spec, FORM[spec.recipe], TRACK)
        assert spec.max_length == HOUSE_MODEL.context


def test_whatever_ends_first_decides_what_a_run_takes() -> None:
    spec = TrainingSpec(batch_size=4)
    budget = Budget(steps=100, tokens=10_000, seconds=1000)
    assert estimate(spec, budget, 50, 20, None).steps == 100
    assert estimate(spec, budget, 50, 50, None).steps == 50, "its tokens"
    by_clock = estimate(spec, budget, 50, 20, 2.0)
    assert (by_clock.steps, by_clock.seconds) == (25, 1000.0)
    assert (by_clock.rows, by_clock.passes, by_clock.tokens) == (100, 2.0, 2000)


def test_an_adapter_that_the_gate_would_not_take_is_not_trained() -> None:
    """Nobody's budget is spent on it. Two bytes a number; DoRA comes out at the highest rank of the track."""
    wide = Track(training=TrainingRules(), max_bytes=2 * 18 * 4 * (640 + 1024 + 640 + 256))
    check(TrainingSpec(rank=4, alpha=8), "messages", wide)
    for larger in (TrainingSpec(rank=5, alpha=8), TrainingSpec(rank=4, alpha=8, method="dora")):
        with pytest.raises(Invalid, match="make an adapter of"):
            check(larger, "messages", wide)


def test_a_curve_only_grows_until_it_is_thinned() -> None:
    assert [stride(steps) for steps in (0, CURVE, CURVE + 1, 2 * CURVE + 2, 1_000_000)] == [1, 1, 2, 4, 8192]
