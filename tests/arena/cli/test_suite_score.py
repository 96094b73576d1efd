"""`gavel suite score` on the command line. What it says about a whole run: `tests/workers/lab/test_reproduce.py`."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from arena.benchmarks import harness
from arena.benchmarks.suites import load, shipped_files
from arena.cli.suite import suite

SPEC = load("format")
FAMILY = next(family for family in SPEC.families if family.kind == "generate")


def folder(tmp_path: Path, answer: str) -> Path:
    """As it lies in a run's .zip, with one question."""
    spec = SPEC.model_copy(update={"families": [FAMILY]})
    (tmp_path / "suite.json").write_text(spec.model_dump_json())
    (tmp_path / "suite").mkdir()
    for digest in spec.files:
        (tmp_path / "suite" / f"{digest}.jsonl").write_bytes(shipped_files()[digest].read_bytes())
    said = {"task": FAMILY.name, "index": 0, "answer": answer, "correct": False, "logprobs": []}
    (tmp_path / "expected.json").write_text(json.dumps([said]))
    return tmp_path


def logged(output: Path, answer: str) -> None:
    output.mkdir()
    line = {"doc": {"index": 0}, "filtered_resps": [answer]}
    name = f"samples_{harness.group(SPEC)}_{FAMILY.name}_2026-11-21T20-00-00.jsonl"
    (output / name).write_text(json.dumps(line) + "\n")


def score(*arguments: object) -> Any:
    return CliRunner().invoke(suite, ["score", *map(str, arguments)])


def test_it_ends_with_0_when_every_answer_is_the_same_and_with_1_when_not(tmp_path: Path) -> None:
    here = folder(tmp_path, "zzz")
    logged(tmp_path / "same", "zzz ")
    same = score(here, tmp_path / "same", "--json")
    assert same.exit_code == 0, same.output
    (judged,) = json.loads(same.stdout)
    assert (judged["n"], judged["recorded"], judged["differing"]) == (1, 0, [])
    logged(tmp_path / "other", "something else")
    other = score(here, tmp_path / "other")
    assert other.exit_code == 1
    assert FAMILY.name in other.stdout


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    nothing = score(tmp_path, tmp_path / "out")
    assert nothing.exit_code == 2
    assert "suite.json" in nothing.stderr
    unlogged = score(folder(tmp_path, "zzz"), tmp_path / "out")
    assert unlogged.exit_code == 2
    assert "--log_samples" in unlogged.stderr
