"""A variant that cannot be served becomes a plain LoRA that can, and nobody is left to guess what was lost."""

import io
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")

import torch
from typer.testing import CliRunner

from arena.cli.main import app
from arena.submissions.inspection import Inspection, inspect_adapter
from tests.support import peft_adapters as peft
from tests.support.peft_adapters import Recipe
from workers.lab.convert import CannotConvert, convert, nearest

FULL = 32
"""No module of the tiny models has more singular values."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    peft.model_of("llama").save_pretrained(folder)
    return folder


def variant(folder: Path, **changes: Any) -> Path:
    return peft.save(Recipe("llama", "attention", 4, "F32"), folder, **changes)


def inspected(folder: Path) -> Inspection:
    config, weights = peft.files(folder)
    return inspect_adapter(config, io.BytesIO(weights), peft.base_of("llama"), FULL, peft.MAX_BYTES)


def test_dora_at_full_rank_loses_nothing_and_is_admitted(base: Path, tmp_path: Path) -> None:
    dora = variant(tmp_path / "dora", use_dora=True)
    before = inspected(dora)
    assert before.refusal is not None
    assert before.refusal.code == "config.variant_not_supported"
    assert "gavel convert" in before.refusal.message
    residual = convert(dora, base, FULL, tmp_path / "plain")
    assert residual.overall < 1e-5
    assert len(residual.modules) == 8
    after = inspected(tmp_path / "plain")
    assert {check.status for check in after.checks} == {"passed"}
    said, meant = peft.logits("llama", tmp_path / "plain"), peft.logits("llama", dora)
    assert torch.allclose(said, meant, rtol=0, atol=1e-5)


def test_what_a_lower_rank_loses_is_said(base: Path, tmp_path: Path) -> None:
    dora = variant(tmp_path / "dora", use_dora=True)
    losses = [convert(dora, base, rank, tmp_path / f"r{rank}").overall for rank in (1, 4, 16)]
    assert 0.9 > losses[0] > losses[1] > losses[2] > 0.01


def test_a_plain_lora_comes_back_as_itself(base: Path, tmp_path: Path) -> None:
    residual = convert(variant(tmp_path / "plain"), base, 4, tmp_path / "again")
    assert max(residual.modules.values()) < 1e-4
    assert inspected(tmp_path / "again").refusal is None


def test_whole_modules_cannot_become_a_lora(base: Path, tmp_path: Path) -> None:
    saved = variant(tmp_path / "saved", modules_to_save=["lm_head"])
    tensors = dict(peft.tensors(saved))
    head = next(name for name in tensors if "lm_head" in name)
    tensors[head] += 1
    peft.write_tensors(saved, tensors)
    with pytest.raises(CannotConvert, match="lm_head"):
        convert(saved, base, 4, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_nearest_product_is_as_near_as_the_singular_values_allow() -> None:
    torch.manual_seed(3)
    delta = torch.randn(20, 30)
    values = torch.linalg.svdvals(delta)
    for rank in (1, 7, 20, 24):
        a, b = nearest(delta, rank)
        assert (a.shape, b.shape) == ((rank, 30), (20, rank))
        assert torch.linalg.norm(delta - b @ a) == pytest.approx(
            float(torch.linalg.norm(values[rank:])), abs=1e-4
        )


def test_the_command_says_what_is_lost(base: Path, tmp_path: Path) -> None:
    dora = variant(tmp_path / "dora", use_dora=True)
    out = tmp_path / "plain"
    arguments = ["convert", str(dora), "--base", str(base), "--rank", "4", "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "% of the change is lost" in done.output
    assert inspected(out).refusal is None


@pytest.mark.parametrize(("folder", "code"), [("nothing", 1), ("dora", 2)])
def test_the_command_refuses_what_it_cannot_do(base: Path, tmp_path: Path, folder: str, code: int) -> None:
    variant(tmp_path / "dora", use_dora=True)
    out = tmp_path / ("dora" if code == 2 else "out")
    arguments = ["convert", str(tmp_path / folder), "--base", str(base), "--rank", "4", "--out", str(out)]
    assert CliRunner().invoke(app, arguments).exit_code == code
