"""An export from its wake-up to its files, on a base that is small enough; and once for real."""

import json
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from arena.exports.contracts import CARD, NO_ENVIRONMENT, ExportJob, Scheme
from arena.shows.base_models import HOUSE_MODEL
from tests.support.engine import ROOT, model_cache
from tests.support.export_lab import QUESTIONS, offer, result, save_adapter
from tests.support.lab_portal import LabPortal
from tests.support.tiny_training import BOS, CONVERSATIONS, EOS, save_tiny_base, write_rows
from workers.lab import runner
from workers.lab.export import child, environment
from workers.lab.runner import run_job
from workers.pool.model_store import check_model, write_manifest


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On the disk of a lab that cannot quantise."""
    monkeypatch.setattr(runner, "_leaving", threading.Event())
    monkeypatch.setenv("GAVEL_DATA_DIR", str(tmp_path / "lab"))
    monkeypatch.setenv(environment.PLACE, str(tmp_path / "nowhere"))
    folder = save_tiny_base(tmp_path / "lab" / "models" / HOUSE_MODEL.id)
    (folder / "NOTICE").write_text("the terms of the tiny base")
    write_manifest(folder, HOUSE_MODEL.id, "file:nowhere", "0" * 64, {})
    return folder


ROWS = 40


def job(base: Path, scheme: Scheme, data: Path | None = None) -> ExportJob:
    return ExportJob(
        scheme=scheme,
        base_model=HOUSE_MODEL.id,
        base_digest="b" * 64,
        model_dir=str(base),
        adapter_digest="a" * 64,
        data=str(data) if data else None,
        form="messages" if data else None,
        rows=ROWS,
        asked=[],
    )


def logits(model: torch.nn.Module) -> torch.Tensor:
    ids = torch.randint(4, 100, (2, 24), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=ids).logits.float()
    return found


def test_the_merged_model_answers_as_the_base_with_the_adapter(base: Path, tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path / "adapter")
    child.merge(job(base, "bf16"), tmp_path)
    load = AutoModelForCausalLM.from_pretrained
    exact = load(base, dtype=torch.float32)
    plain = logits(exact)
    wanted = logits(PeftModel.from_pretrained(exact, str(adapter)))
    merged = logits(load(tmp_path / "model", dtype=torch.float32))
    moved = float((wanted - plain).abs().max())
    # bfloat16 keeps eight bits of a weight; the adapter moves the answer by far more.
    assert float((merged - wanted).abs().max()) < 0.05 * moved


def test_what_is_taken_home_can_be_asked_as_it_was_served(base: Path, tmp_path: Path) -> None:
    save_adapter(tmp_path / "adapter")
    child.merge(job(base, "bf16"), tmp_path)
    model = tmp_path / "model"
    assert (model / "NOTICE").read_text() == "the terms of the tiny base"
    assert AutoTokenizer.from_pretrained(model)("a").input_ids[0] == BOS
    card = json.loads((model / CARD).read_text())
    assert (card["template"], card["template_sha256"]) == (HOUSE_MODEL.template, HOUSE_MODEL.template_digest)
    assert HOUSE_MODEL.licence_url in card["notice"]["en"]
    assert "人工智能生成" in card["notice"]["zh"]


@pytest.mark.parametrize("scheme", ["bf16", "int8", "fp8"])
def test_a_rounding_that_asks_for_no_rows_names_none(base: Path, tmp_path: Path, scheme: Scheme) -> None:
    save_adapter(tmp_path / "adapter")
    assert child.merge(job(base, scheme), tmp_path)["calibration"] is None


def test_it_is_calibrated_on_its_own_rows_or_on_those_that_ship(base: Path, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "data.jsonl", CONVERSATIONS)
    own = child._calibration(job(base, "int8", data), tmp_path)
    rows = json.loads((tmp_path / "calibration.json").read_text())
    assert (own.source, own.rows) == ("data_set", len(CONVERSATIONS))
    shipped = child._calibration(job(base, "int8"), tmp_path)
    rows += json.loads((tmp_path / "calibration.json").read_text())
    assert (shipped.source, shipped.rows) == ("shipped", ROWS)
    assert all(ids[0] == BOS and ids.count(BOS) == 1 and ids[-1] == EOS for ids in rows)
    assert child._calibration(job(base, "int8"), tmp_path) == shipped, "the same rows every time"


@pytest.mark.timeout(600)
def test_a_lab_merges_and_measures_both(portal: LabPortal, base: Path, tmp_path: Path) -> None:
    digest = check_model(base).base_digest
    offer(portal, "bf16", digest, save_adapter(tmp_path / "adapter"))
    assert run_job(portal.job_url) == "done", portal.calls[-1]
    done = result(portal)
    assert done.record is not None
    weights = portal.files["/out/model.safetensors"]
    assert done.files["model.safetensors"] == (sha256(weights).hexdigest(), len(weights))
    assert done.files.keys() >= {"config.json", "gavel-export.json", "tokenizer.json", "NOTICE"}
    assert (done.record.bytes, done.record.original_bytes) == (len(weights), len(weights))
    for one in done.measured:
        task, count = QUESTIONS[one.suite]
        assert (len(one.original[task]), len(one.exported[task])) == (count, count)
    assert list(done.record.seconds) == ["merge", "original", "exported"]


def test_a_lab_that_cannot_quantise_names_the_command(portal: LabPortal, base: Path, tmp_path: Path) -> None:
    offer(portal, "int8", "0" * 64, save_adapter(tmp_path / "adapter"))
    assert run_job(portal.job_url) == "done"
    refusal = result(portal).refusal
    assert refusal is not None
    assert refusal.code == NO_ENVIRONMENT
    assert "`gavel quantise setup`" in refusal.message


def test_how_many_rows_it_is_calibrated_on_is_the_labs_setting(
    portal: LabPortal, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment.rows() == 128
    monkeypatch.setenv(environment.ROWS, "48")
    assert environment.rows() == 48
    monkeypatch.setenv(environment.ROWS, "few")
    offer(portal, "bf16", "0" * 64, save_adapter(tmp_path / "adapter"))
    assert run_job(portal.job_url) == "failed"
    (failed,) = portal.bodies("fail")
    assert failed["retry"] is False
    assert "GAVEL_QUANTISE_ROWS is 'few'" in failed["reason"]


def test_the_other_environment_sees_our_code_and_nothing_else_of_ours(tmp_path: Path) -> None:
    other = Path(sys._base_executable)  # type: ignore[attr-defined]
    words = environment.command(other, "workers.lab.secluded", tmp_path)
    ran = subprocess.run([*words, "0", "/bin/echo", "ran"], capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("ran\n", 0), ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arena", "workers"]


def test_it_judges_with_what_the_platform_judges_with() -> None:
    """Its scores are compared with nothing but each other, and yet they are to be those of the board."""

    def pinned(lock: str) -> dict[str, str]:
        lines = (ROOT / "infra" / "locks" / lock).read_text().splitlines()
        return dict(line.split("==") for line in lines if line and not line.startswith("#"))

    ours, theirs = pinned("platform.txt"), pinned("quantise.txt")
    same = ("lm-eval", "reasoning-gym", "peft", "torch", "pydantic", "rfc8785", "tokenizers")
    assert {name: theirs[name] for name in same} == {name: ours[name] for name in same}
    assert "llmcompressor" in theirs


@pytest.mark.engine
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scheme", ["int8", "w4a16_gptq", "w4a16_awq"])
def test_a_demo_adapter_is_quantised_for_real(
    portal: LabPortal, scheme: Scheme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment.here() is None:
        pytest.skip("there is no .venv-quantise; `gavel quantise setup` builds it")
    house = model_cache() / HOUSE_MODEL.id
    if not house.is_dir():
        pytest.skip(f"the house model is not prepared in {house}")
    monkeypatch.setattr(runner, "_leaving", threading.Event())
    monkeypatch.setenv("GAVEL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(environment.ROWS, "32")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / HOUSE_MODEL.id).symlink_to(house)
    offer(portal, scheme, check_model(house).base_digest, ROOT / "infra/demo/adapters/lantern")
    assert run_job(portal.job_url) == "done", portal.calls[-1]
    done = result(portal)
    assert done.record is not None
    assert done.record.bytes < 0.9 * done.record.original_bytes
    assert done.record.libraries["llmcompressor"] == "0.14.0.1"
    assert (
        json.loads(portal.files["/out/config.json"])["quantization_config"]["quant_method"]
        == "compressed-tensors"
    )
    assert {one.suite for one in done.measured} == set(QUESTIONS)
    rows = done.record.calibration.rows if done.record.calibration is not None else None
    assert rows == (None if scheme == "int8" else 32), "only a rounding that is fitted asks for rows"
