"""`gavel bench`: the form of a result, and that the intake's measurements measure admissible adapters."""

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arena.cli import bench, bench_intake
from arena.cli.bench import Figure, figure
from arena.cli.main import app
from arena.submissions.inspection import inspect_adapter
from tests.support.adapter_files import TINY


def figures_that_hold() -> list[Figure]:
    return [
        figure("speed", 6.0, "s", 2.0, 3),
        figure("memory", 150.0, "MiB", 50.0, 200, of="value"),
        figure("rate", 6.0, "MB/s", 10.0, 0.6, least=True),
    ]


def a_missed_aim() -> list[Figure]:
    return [
        figure("speed", 6.1, "s", 2.0, 3),
        figure("rate", 5.0, "MB/s", 10.0, 0.6, least=True),
        figure("scan", 49.0, "MB/s", 10.0, 50, of="value", least=True),
    ]


@pytest.mark.parametrize(("function", "code"), [("figures_that_hold", 0), ("a_missed_aim", 1)])
def test_the_result_has_the_agreed_form(monkeypatch: pytest.MonkeyPatch, function: str, code: int) -> None:
    made = {"figures_that_hold": figures_that_hold, "a_missed_aim": a_missed_aim}[function]
    monkeypatch.setattr(bench_intake, "figures", made)
    done = CliRunner().invoke(app, ["bench", "intake", "--json"])
    assert done.exit_code == code
    said = json.loads(done.stdout)
    assert said.keys() == {"name", "machine", "figures"}
    assert (said["name"], "cores" in said["machine"]) == ("intake", True)
    for one in said["figures"]:
        assert one.keys() == {"name", "value", "unit", "baseline", "ratio", "aim", "holds"}
        assert one["holds"] is (code == 0)
    assert CliRunner().invoke(app, ["bench", "intake"]).exit_code == code


def test_an_unknown_bench_is_named() -> None:
    done = CliRunner().invoke(app, ["bench", "nothing"])
    assert done.exit_code == 2
    assert "intake" in done.output


def test_every_bench_is_there() -> None:
    for place in bench.BENCHES.values():
        module, _, name = place.partition(":")
        assert callable(getattr(__import__(module, fromlist=[name]), name))


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_what_is_measured_is_an_admissible_adapter(tmp_path: Path, dtype: str) -> None:
    config = bench_intake.make_adapter(tmp_path / "w", TINY, 4, dtype)
    found = inspect_adapter(config, io.BytesIO((tmp_path / "w").read_bytes()), TINY, 8, 1 << 20)
    assert found.refusal is None
