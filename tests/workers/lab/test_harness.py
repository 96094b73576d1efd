"""Harness tasks as question banks: a local one is read by the harness, the hub's are refused while it is away."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arena.benchmarks.checking import BadSuite
from arena.benchmarks.importing import NewSuite, build
from arena.benchmarks.rows import BankRow
from workers.lab import harness

CHOICE = """
task: local_choice
dataset_path: json
dataset_kwargs: {data_files: {test: "FILE"}, cache_dir: "CACHE"}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question.strip()}}\\nA. {{choices[0]}}\\nB. {{choices[1]}}\\nAnswer:"
doc_to_choice: ["A", "B"]
doc_to_target: answer
metric_list: [{metric: acc}]
"""
WRITTEN = """
task: local_sums
dataset_path: json
dataset_kwargs: {data_files: {test: "FILE"}, cache_dir: "CACHE"}
test_split: test
output_type: generate_until
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_target: "{{reason}} #### {{sum}}"
generation_kwargs: {until: ["Question:"], max_gen_toks: 90}
metric_list: [{metric: exact_match}]
"""
PICTURES = CHOICE.replace("local_choice", "local_pictures") + 'doc_to_image: "picture"\n'
ROLLING = WRITTEN.replace("local_sums", "local_rolling").replace("generate_until", "loglikelihood")
DOCS = [
    {"question": f" What is {n} + {n}?", "choices": [str(2 * n), str(n)], "answer": n % 2, "subject": "adding",
     "reason": f"{n} and {n} more.", "sum": 2 * n, "picture": "none"}
    for n in range(1, 13)
]  # fmt: skip


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    data = tmp_path / "docs.jsonl"
    data.write_text("".join(json.dumps(doc) + "\n" for doc in DOCS))
    folder = tmp_path / "tasks"
    folder.mkdir()
    for number, task in enumerate((CHOICE, WRITTEN, PICTURES, ROLLING)):
        text = task.replace("FILE", str(data)).replace("CACHE", str(tmp_path / "cache"))
        (folder / f"{number}.yaml").write_text(text)
    return folder


def rows_of(text: str) -> list[BankRow]:
    return [BankRow.model_validate_json(line) for line in text.splitlines()]


def test_a_choice_is_written_down_as_the_harness_would_ask_it(tasks: Path) -> None:
    (task,) = harness.tasks(["local_choice"], tasks)
    listed = rows_of(task.text)
    assert (task.name, len(listed)) == ("local_choice", 12)
    assert listed[0] == BankRow(
        question="What is 1 + 1?\nA. 2\nB. 1\nAnswer:", answer="B", options=("A", "B"), stratum="adding"
    )
    assert [row.answer for row in listed[:4]] == ["B", "A", "B", "A"]


def test_a_written_answer_keeps_its_number_and_what_ends_it(tasks: Path) -> None:
    (task,) = harness.tasks(["local_sums"], tasks, limit=11)
    listed = rows_of(task.text)
    assert (task.scorer, task.until, task.max_tokens) == ("number", ("Question:",), 90)
    assert [row.answer for row in listed] == [str(2 * n) for n in range(1, 12)]
    suite, _ = build(NewSuite(id="sums", name={"en": "Sums", "zh": "加法"}, licence="own", tasks=[task]))
    assert [(family.kind, family.items, family.scorer) for family in suite.families] == [
        ("generate", 11, "number")
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("local_pictures", "suite.images"),
        ("local_rolling", "suite.task_unfit"),
        ("local_choise", "suite.task_unknown"),
    ],
)
def test_what_cannot_be_taken_is_said_by_name(tasks: Path, name: str, code: str) -> None:
    with pytest.raises(BadSuite) as bad:
        harness.tasks([name], tasks)
    (problem,) = bad.value.problems
    assert (problem.code, problem.task) == (code, name)
    if code == "suite.task_unknown":
        assert "local_choice" in problem.message


def test_a_hub_that_is_away_is_said_before_anything_is_written(tmp_path: Path) -> None:
    """The harness's own task by its own name; the command of an operator whose machine has no way out."""
    away: dict[str, Any] = {
        **os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub"),
        "GAVEL_DATA_DIR": str(tmp_path / "site"),
    }  # fmt: skip
    command = [sys.executable, "-m", "arena.cli.main", "suite", "import", "algebra"]
    done = subprocess.run(
        [*command, "--harness", "mmlu_abstract_algebra", "--licence", "MIT"],
        env=away, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "suite.hub_unreachable" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "site").exists()
