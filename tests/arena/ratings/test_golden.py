"""The same numbers as other programs give, where they compute the same thing; `golden/make.py` has asked them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arena.ratings.rules import POINTS_PER_LOGIT, Fit, Method, fit
from arena.ratings.tallies import Counts, Duel

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("golden").joinpath("golden.json").read_text())
HOUSE = "house"
ONE_VOTE = {"model_a": Counts(left=1), "model_b": Counts(right=1), "tie": Counts(tie=1)}


def textbook(pair_floor: int) -> Method:
    """Without the ridges, and every duel in full, which is what those programs compute."""
    return Method(ridge=1e-9, style_ridge=1e-9, half_voice=0.0, pair_floor=pair_floor)


def logits(fitted: Fit, names: dict[str, float]) -> dict[str, float]:
    gaps = {name: fitted.difference(name, HOUSE) for name in names if name != HOUSE}
    return {HOUSE: 0.0} | {name: gap.points / POINTS_PER_LOGIT for name, gap in gaps.items() if gap}


def test_halls_with_ties_as_evalica_rates_them() -> None:
    said = GOLDEN["halls"]
    season = [Duel(one["left"], one["right"], Counts(*one["counts"])) for one in said["duels"]]
    found = logits(fit(season, HOUSE, method=textbook(10)), said["logits"])
    assert found == pytest.approx(said["logits"], abs=1e-6)


def test_single_votes_and_their_sandwich_as_arena_rank_has_them() -> None:
    """With one voter a duel, clusters are votes: ours is theirs, times the small-sample correction."""
    said = GOLDEN["single_votes"]
    season = [Duel(one["left"], one["right"], ONE_VOTE[one["winner"]]) for one in said["duels"]]
    fitted = fit(season, HOUSE, method=textbook(said["pair_floor"]))
    assert logits(fitted, said["logits"]) == pytest.approx(said["logits"], abs=1e-5)
    assert fitted.estimate is not None
    n, place = len(season), fitted.core.index
    for name, error in said["standard_errors"].items():
        contrast = fitted.estimate.contrasts([(place(name), place(HOUSE))])[0]
        variance = contrast @ fitted.estimate.clustered @ contrast * (n - len(fitted.core) + 1) / n
        assert np.sqrt(variance) == pytest.approx(error, rel=1e-4)


def test_style_as_arena_rank_takes_it_out() -> None:
    said = GOLDEN["styled"]
    season = [
        Duel(one["left"], one["right"], ONE_VOTE[one["winner"]], style=tuple(one["style"]))
        for one in said["duels"]
    ]
    fitted = fit(season, HOUSE, method=textbook(1000))
    assert logits(fitted, said["logits"]) == pytest.approx(said["logits"], abs=1e-5)
    scale = np.sqrt((np.array([one["style"] for one in said["duels"]]) ** 2).mean(axis=0))
    effects = [effect.points / POINTS_PER_LOGIT for effect in fitted.style_effects]
    assert effects == pytest.approx(list(said["effects"] * scale), abs=1e-5)
