"""The rates: counted over what should pass and what should be refused, each apart."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arena.cli.main import app
from arena.moderation.evaluation import BadSet, evaluate, read_cases
from arena.moderation.rules import Action
from tests.support.wordlists import lines

SET = Path(__file__).parents[3] / "infra" / "moderation" / "eval.jsonl"
CASES = b"""{"text": "a fine day", "expect": "pass", "category": "innocent"}
{"text": "darn", "expect": "flag"}
{"text": "\xe8\xb5\x8c\xe5\x8d\x9a", "expect": "hold", "category": "gambling"}

{"text": "heck", "expect": "block", "category": "profanity"}
"""


def test_rates_count_what_was_let_through_and_what_was_refused() -> None:
    report = evaluate(read_cases(CASES), [Action.HOLD, Action.FLAG, Action.BLOCK, Action.FLAG])
    assert (report.total.passed, report.total.good, report.total.pass_rate) == (1, 2, 0.5)
    assert (report.total.refused, report.total.bad, report.total.refusal_rate) == (1, 2, 0.5)
    assert report.total.exact == 1
    assert report.languages["zh"].refusal_rate == 1
    assert report.languages["zh"].pass_rate is None, "a missing rate is never a number"
    assert set(report.categories) == {"innocent", "other", "gambling", "profanity"}
    assert [miss.line for miss in report.false_positives] == [1, 3]
    assert [miss.line for miss in report.false_negatives] == [5]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"7",
        b'{"text": "a"}',
        b'{"text": "a", "expect": "maybe"}',
        b'{"text": 1, "expect": "pass"}',
        b'{"text": "a", "expect": "pass", "more": "b"}',
    ],
)
def test_a_malformed_line_is_named(line: bytes) -> None:
    with pytest.raises(BadSet) as bad:
        read_cases(CASES + line)
    assert [problem.line for problem in bad.value.problems] == [6]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["moderation", "eval", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_our_own_set_holds_what_the_starter_lists_promise() -> None:
    code, out, _ = run(str(SET), "--json")
    report = json.loads(out)
    assert code == 0
    assert report["total"]["lines"] >= 150
    assert set(report["languages"]) == {"en", "zh"}
    assert report["false_positives"] == []
    beyond = report["categories"].pop("beyond lists")
    assert [name for name, rates in report["categories"].items() if rates["refused"] < rates["bad"]] == []
    assert beyond["refused"] == 0, "a line that is caught now belongs to another category"


def test_another_list_can_be_tried(tmp_path: Path) -> None:
    cases, words = tmp_path / "cases.jsonl", tmp_path / "mine.jsonl"
    cases.write_bytes(CASES)
    words.write_bytes(lines(("heck", "block"), ("fine", "hold"), ("darn", "flag"), ("赌博", "hold")))
    code, out, _ = run(str(cases), "--list", str(words))
    assert code == 0
    assert "line 1: hold instead of pass: a fine day" in out
    assert "line 5" not in out


def test_a_malformed_file_is_exit_code_one(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_bytes(CASES + b"{}\n")
    code, out, err = run(str(cases))
    assert (code, out) == (1, "")
    assert "line 6" in err


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    code, _, err = run(str(tmp_path / "nowhere.jsonl"))
    assert (code, "Cannot read" in err) == (2, True)
