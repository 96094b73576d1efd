"""Writes `golden.json`: what evalica and arena-rank say about three small seasons. Needs an environment of its own:

pip install evalica==0.4.2 arena-rank==0.1.1
python tests/arena/ratings/golden/make.py
"""

import json
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import evalica
import jax.numpy as jnp
import numpy as np
import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
from arena_rank.utils.data_utils import ContextualPairDataset, PairDataset

NAMES = ["house", "a", "b", "c", "d", "e"]
WORDS = ("model_a", "model_b", "tie")
PAIR_FLOOR = 3


def halls(draw: np.random.Generator) -> dict[str, Any]:
    """Many voters a duel, with ties: evalica, one weighted row per duel and outcome."""
    duels, rows = [], []
    for a, b in [*combinations(NAMES, 2)] * 2:
        counts = [int(one) for one in draw.multinomial(25, draw.dirichlet([6, 4, 2]))]
        duels.append({"left": a, "right": b, "counts": counts})
        rows += [(a, b, winner, float(n)) for winner, n in zip("XYD", counts, strict=True) if n]
    winner = {"X": evalica.Winner.X, "Y": evalica.Winner.Y, "D": evalica.Winner.Draw}
    lefts, rights, won, weights = (list(column) for column in zip(*rows, strict=True))
    found = evalica.bradley_terry(
        lefts, rights, [winner[one] for one in won], weights=weights, tolerance=1e-13, limit=100_000
    )
    logits = {name: float(np.log(found.scores[name] / found.scores["house"])) for name in NAMES}
    return {"duels": duels, "logits": logits}


def single_votes(draw: np.random.Generator) -> dict[str, Any]:
    """One voter a duel, pairs of different frequency: arena-rank with its weights per pair, and its sandwich."""
    strength = draw.normal(0, 0.7, len(NAMES))
    duels = []
    for a, b in combinations(range(len(NAMES)), 2):
        for _ in range(int(draw.integers(2, 9))):
            chance = 1 / (1 + np.exp(strength[b] - strength[a]))
            outcome = "tie" if draw.random() < 0.2 else "model_a" if draw.random() < chance else "model_b"
            duels.append({"left": NAMES[a], "right": NAMES[b], "winner": outcome})
    seen = pd.DataFrame([(one["left"], one["right"], one["winner"]) for one in duels])
    seen.columns = ["model_a", "model_b", "winner"]
    data = PairDataset.from_pandas(seen, reweighted=True, min_pair_count=PAIR_FLOOR)
    model = BradleyTerry(n_competitors=len(NAMES), ftol=1e-15, gtol=1e-12)
    model.fit(data)
    ratings = np.asarray(model.params["ratings"])
    hessian, scores = model.compute_hessian_and_covariance(
        jnp.asarray(ratings), data.pairs, data.outcomes, data.counts, data.opt_weights, 0.0, len(NAMES)
    )
    inverse = np.linalg.pinv(np.asarray(hessian))
    covariance = inverse @ np.asarray(scores) @ inverse
    place = {name: list(data.competitors).index(name) for name in NAMES}
    errors = {}
    for name in NAMES[1:]:
        contrast = np.zeros(len(NAMES))
        contrast[place[name]], contrast[place["house"]] = 1, -1
        errors[name] = float(np.sqrt(contrast @ covariance @ contrast))
    logits = {name: float(ratings[place[name]] - ratings[place["house"]]) for name in NAMES}
    return {"duels": duels, "pair_floor": PAIR_FLOOR, "logits": logits, "standard_errors": errors}


def styled(draw: np.random.Generator) -> dict[str, Any]:
    """One voter a duel who likes length: arena-rank's contextual model, all but without its prior."""
    strength, likes = draw.normal(0, 0.5, len(NAMES)), np.array([0.9, 0.0])
    duels = []
    for a, b in [*combinations(range(len(NAMES)), 2)] * 6:
        style = draw.uniform(-0.8, 0.8, 2)
        chance = 1 / (1 + np.exp(-(strength[a] - strength[b] + style @ likes)))
        winner = WORDS[0] if draw.random() < chance else WORDS[1]
        duels.append(
            {
                "left": NAMES[a],
                "right": NAMES[b],
                "winner": winner,
                "style": [round(x, 6) for x in style.tolist()],
            }
        )
    rows = [(one["left"], one["right"], one["winner"], *one["style"]) for one in duels]
    seen = pd.DataFrame(rows, columns=["model_a", "model_b", "winner", "x", "y"])
    data = ContextualPairDataset.from_pandas(seen, ["x", "y"], reweighted=False, normalize_features=False)
    model = ContextualBradleyTerry(len(NAMES), 2, reg=1e-12, ftol=1e-15, gtol=1e-12)
    model.fit(data)
    ratings = dict(zip(data.competitors, np.asarray(model.params["ratings"]).tolist(), strict=True))
    coefficients = next(value for key, value in model.params.items() if key != "ratings")
    return {
        "duels": duels,
        "logits": {name: ratings[name] - ratings["house"] for name in NAMES},
        "effects": np.asarray(coefficients).tolist(),
    }


def main() -> None:
    draw = np.random.default_rng(20261122)
    made = {
        "versions": {one: version(one) for one in ("evalica", "arena-rank", "jax", "numpy")},
        "halls": halls(draw),
        "single_votes": single_votes(draw),
        "styled": styled(draw),
    }
    place = Path(__file__).with_name("golden.json")
    place.write_text(json.dumps(made, indent=None, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
