"""`gavel train` on the command line. The process that trains is stood in for: what it does is its own tests' matter."""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from arena.cli import train as command
from arena.cli.main import app
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import Budget, TrainingSpec
from arena.training.commands import Recipe
from tests.support.training import point, record
from workers.pool.model_store import write_manifest

DATA = b'{"messages": []}\n'
PROGRAM = """
import json, pathlib, sys
job = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(job["out"]) / "adapter"
folder.mkdir()
(folder / "adapter_config.json").write_text(json.dumps(job))
for line in EVENTS:
    print(json.dumps(line))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe, its data set, and a prepared model of a few bytes."""
    base = tmp_path / "models" / HOUSE_MODEL.id
    base.mkdir(parents=True)
    (base / "model.safetensors").write_bytes(b"weights")
    digest = write_manifest(base, HOUSE_MODEL.id, "made", "0" * 64, {}).base_digest
    recipe = Recipe(
        spec=TrainingSpec(profile="ddp", processes=2, batch_size=4),
        budget=Budget(steps=3),
        dtype="bfloat16",
        max_rank=16,
        base_model=HOUSE_MODEL.id,
        base_digest=digest,
        data=sha256(DATA).hexdigest(),
        form="messages",
        parent=None,
        template=HOUSE_MODEL.template,
        libraries={},
    )
    (tmp_path / "recipe.json").write_text(
        json.dumps({"recipe": recipe.model_dump(mode="json"), "command": "x"})
    )
    (tmp_path / "data.jsonl").write_bytes(DATA)
    return tmp_path


def says(monkeypatch: pytest.MonkeyPatch, folder: Path, events: list[Any]) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM.replace("EVENTS", repr(events)))
    monkeypatch.setattr(command, "CHILD", [sys.executable, str(program)])


def train(folder: Path, **changes: object) -> Any:
    said = {"data": folder / "data.jsonl", "out": folder / "out", "data-dir": folder} | changes
    options = [word for name, value in said.items() for word in (f"--{name}", str(value))]
    return CliRunner().invoke(app, ["train", str(folder / "recipe.json"), *options])


def said(result: Any) -> str:
    """A narrow screen breaks lines anywhere."""
    return " ".join(result.stderr.split())


def test_a_run_is_made_again_in_one_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = {"kind": "trained", "stopped": "steps", "record": record(3).model_dump(mode="json")}
    says(monkeypatch, folder, [{"kind": "ready", "steps": 3, "rows": 1}, point(1), trained])
    done = train(folder)
    assert done.exit_code == 0, done.output
    assert "step 1/3 loss 3.0000" in said(done)
    job = json.loads((folder / "out" / "adapter_config.json").read_text())
    assert (job["spec"]["profile"], job["spec"]["processes"], job["spec"]["batch_size"]) == ("single", 1, 4)
    assert job["model_dir"] == str(folder / "models" / HOUSE_MODEL.id)
    assert json.loads((folder / "out" / "record.json").read_text())["final_loss"] == 0.6
    again = train(folder)
    assert (again.exit_code, "is not empty" in said(again)) == (2, True)


def test_what_is_refused_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = {"code": "training.diverged", "message": "The loss is not a number after step 2."}
    says(monkeypatch, folder, [point(1), {"kind": "refused", "refusal": reason}])
    refused = train(folder)
    assert refused.exit_code == 1
    assert "training.diverged" in said(refused)
    says(monkeypatch, folder, [point(1)])
    assert train(folder).exit_code == 2, "it ended without a word"


def test_only_the_same_data_and_weights_are_trained(folder: Path) -> None:
    other = folder / "other.jsonl"
    other.write_bytes(b"{}")
    assert "is not the data set of this run" in said(train(folder, data=other))
    assert "--parent" in said(train(folder, parent=folder))
    base = folder / "models" / HOUSE_MODEL.id
    (base / "gavel-manifest.json").unlink()
    (base / "model.safetensors").write_bytes(b"others")
    write_manifest(base, HOUSE_MODEL.id, "made", "0" * 64, {})
    assert "other weights" in said(train(folder))
    (folder / "recipe.json").write_text("{}")
    nothing = train(folder)
    assert (nothing.exit_code, "is no recipe" in said(nothing)) == (2, True)
