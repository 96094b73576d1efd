"""From a basis to a board. Pure: the site and a stranger who checks it run this same function."""

from dataclasses import asdict

from arena.ratings.bootstrap import check
from arena.ratings.columns import Pair
from arena.ratings.contracts import Basis, BootstrapCheck, Computed, DuelBasis, RatingRow, StyleEffect
from arena.ratings.rules import METHOD, Fit, close_call, fit, season_board
from arena.ratings.style import differences
from arena.ratings.tallies import Counts, Duel, Weights


def fitted(basis: Basis) -> Fit:
    """Raises ValueError for a basis of another method."""
    if basis.method != METHOD:
        raise ValueError(
            f"the ratings were computed by {basis.method}; this version of Gavel computes {METHOD}"
        )
    expected: dict[Pair, float] = {
        (min(one.a, one.b), max(one.a, one.b)): one.meetings for one in basis.expected
    }
    return fit(
        [_duel(one, basis) for one in basis.duels],
        basis.house,
        basis.entries,
        Weights(judges=basis.weights.judges, crowd=basis.weights.crowd),
        basis.declared(),
        expected,
    )


def _duel(one: DuelBasis, basis: Basis) -> Duel:
    unseen = (0.0,) * len(basis.style)
    style = differences(*one.style, basis.style) if one.style else unseen
    return Duel(one.left, one.right, Counts(*one.crowd), Counts(*one.judges), style)


def compute(basis: Basis) -> Computed:
    """Raises ValueError for a basis of another method."""
    found = fitted(basis)
    board = season_board(found)
    checked = check(found, basis.house, f"{basis.method}/{len(basis.duels)}")
    return Computed(
        duels=found.duels,
        close_call=close_call(board),
        rows=tuple(RatingRow.model_validate(asdict(row)) for row in board),
        effects=tuple(
            StyleEffect(
                feature=feature,
                points=effect.points,
                lo=effect.points - effect.half_width,
                hi=effect.points + effect.half_width,
            )
            for feature, effect in zip(basis.style, found.style_effects, strict=False)
        ),
        check=BootstrapCheck(**asdict(checked)) if checked else None,
    )
