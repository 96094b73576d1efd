"""What computing a season's ratings costs: the fit with its clustered intervals, beside evalica's Bradley-Terry.

Both are given what the halls have said, in the form that each takes: ours one object per duel, evalica one weighted row
per duel and outcome. evalica computes no interval at all.
"""

import statistics
import time
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import typer

from arena.cli.bench import Figure, figure
from arena.ratings.bootstrap import check
from arena.ratings.rules import fit, season_board
from arena.ratings.tallies import Counts, Duel, Weights

RUNS = 7
CROWD = Weights(judges=0, crowd=1)
SEASONS = ((64, 20_000), (32, 5_000), (8, 200))
VOTERS = 200


def figures() -> list[Figure]:
    try:
        import evalica
    except ImportError as error:
        raise typer.BadParameter(
            "this bench compares with evalica, which is not installed: pip install 'evalica>=0.4.2'"
        ) from error
    found = [_beside(evalica, *season) for season in SEASONS]
    largest = make_season(*SEASONS[0])
    fitted = fit(largest, "e00", weights=CROWD)
    alone = _seconds(lambda: fit(largest, "e00", weights=CROWD))
    whole = alone + _seconds(lambda: season_board(fitted)) + _seconds(lambda: check(fitted, "e00", "bench"))
    said = "the same with places for all pairs and 200 resamples, as a snapshot has it (baseline: without)"
    return [*found, figure(said, whole, "s", alone, 10, of="value")]


def _beside(evalica: Any, entries: int, duels: int) -> Figure:
    season = make_season(entries, duels)
    *rows, weights = _rows(season, evalica.Winner)
    ours, theirs = _alternately(
        lambda: fit(season, "e00", weights=CROWD), lambda: evalica.bradley_terry(*rows, weights=weights)
    )
    said = f"fit and clustered intervals, {entries} entries, {duels:,} duels ÷ evalica's Bradley-Terry"
    if (entries, duels) == SEASONS[0]:
        return figure(said, 1000 * ours, "ms", 1000 * theirs, 1)
    return figure(said, 1000 * ours, "ms", 1000 * theirs, 50, of="value")


def make_season(entries: int, duels: int) -> list[Duel]:
    """Every pair about as often; halls of 200 with ties, and luck that a duel's voters have in common."""
    draw = np.random.default_rng(1)
    names = [f"e{entry:02}" for entry in range(entries)]
    strength = draw.normal(0, 0.5, entries)
    pairs = np.array(list(combinations(range(entries), 2)))
    a, b = pairs[np.arange(duels) % len(pairs)].T
    chance = 1 / (1 + np.exp(strength[b] - strength[a] + draw.normal(0, 0.8, duels)))
    voted = draw.multinomial(
        VOTERS, np.stack([0.9 * chance, 0.9 * (1 - chance), np.full(duels, 0.1)], axis=1)
    )
    sides = zip(a.tolist(), b.tolist(), voted.tolist(), strict=True)
    return [Duel(names[one], names[other], Counts(*said)) for one, other, said in sides]


def _rows(season: list[Duel], winner: Any) -> tuple[list[str], list[str], list[Any], list[float]]:
    lefts: list[str] = []
    rights: list[str] = []
    winners: list[Any] = []
    weights: list[float] = []
    for duel in season:
        crowd = duel.crowd
        for won, voters in ((winner.X, crowd.left), (winner.Y, crowd.right), (winner.Draw, crowd.draws)):
            if voters:
                lefts.append(duel.left)
                rights.append(duel.right)
                winners.append(won)
                weights.append(float(voters))
    return lefts, rights, winners, weights


def _alternately(*runs: Callable[[], object]) -> list[float]:
    """Medians of processor seconds, in turns, so that what else the machine does falls on both; the first is thrown
    away."""
    taken = [[_seconds(run) for run in runs] for _ in range(RUNS + 1)]
    return [statistics.median(each) for each in zip(*taken[1:], strict=True)]


def _seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start
