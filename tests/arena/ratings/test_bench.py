"""`gavel bench ratings` compares like with like, and says what it needs."""

import sys

import pytest
from typer.testing import CliRunner

from arena.cli import bench_ratings
from arena.cli.main import app


def test_evalica_is_given_the_votes_that_we_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    evalica = pytest.importorskip("evalica")
    monkeypatch.setattr(bench_ratings, "SEASONS", ((5, 40), (3, 9)))
    season = bench_ratings.make_season(5, 40)
    *_, weights = bench_ratings._rows(season, evalica.Winner)
    assert sum(weights) == sum(duel.crowd.total for duel in season) == 40 * 200
    largest, smaller, whole = bench_ratings.figures()
    assert (largest.aim, smaller.aim, whole.aim) == ("≤ 1", "≤ 50 ms", "≤ 10 s")
    assert min(largest.value, smaller.value, whole.value) > 0


def test_without_evalica_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evalica", None)
    done = CliRunner().invoke(app, ["bench", "ratings"])
    assert done.exit_code == 2
    assert "evalica" in done.output and "pip" in done.output
