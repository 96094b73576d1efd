"""What plain PEFT saves is admitted, untouched, for every architecture on the list; and its canonical form is the same
adapter."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("peft")

import torch
from safetensors.torch import load_file

from arena.shows.architectures import ARCHITECTURES, UnknownArchitecture, read_layers, read_tensors
from arena.shows.base_models import GEMMA_3_270M
from arena.submissions.inspection import inspect_adapter
from tests.support import peft_adapters as peft
from tests.support.peft_adapters import MAX_BYTES, MAX_RANK, Recipe

RECIPES = peft.recipes()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Recipe, Path]]:
    """All of them, made once."""
    folder, threads = tmp_path_factory.mktemp("peft"), torch.get_num_threads()
    torch.set_num_threads(1)  # on models this small, handing work to a second thread costs more than the work
    yield {recipe: peft.save(recipe, folder / str(recipe)) for recipe in RECIPES}
    torch.set_num_threads(threads)


def canonical(kind: str, config: bytes, weights: bytes) -> tuple[bytes, bytes]:
    base, source = peft.base_of(kind), io.BytesIO(weights)
    found = inspect_adapter(config, source, base, MAX_RANK, MAX_BYTES)
    assert found.refusal is None, [check for check in found.checks if check.status == "refused"]
    assert {check.status for check in found.checks} == {"passed"}
    config_out, weights_out = io.BytesIO(), io.BytesIO()
    found.write_canonical(source, base, config_out, weights_out)
    return config_out.getvalue(), weights_out.getvalue()


def test_there_is_every_rank_dtype_module_set_and_architecture() -> None:
    assert len(RECIPES) >= 60
    assert {recipe.kind for recipe in RECIPES} == set(ARCHITECTURES)
    assert {recipe.rank for recipe in RECIPES} == set(range(1, MAX_RANK + 1))
    assert {recipe.init for recipe in RECIPES} == set(peft.INITS)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_it_is_admitted_and_its_canonical_form_is_the_same_adapter(
    saved: dict[Recipe, Path], recipe: Recipe, tmp_path: Path
) -> None:
    once = canonical(recipe.kind, *peft.files(saved[recipe]))
    assert canonical(recipe.kind, *once) == once, "the canonical form of the canonical form is itself"
    (tmp_path / "adapter_config.json").write_bytes(once[0])
    (tmp_path / "adapter_model.safetensors").write_bytes(once[1])
    sent, served = peft.logits(recipe.kind, saved[recipe]), peft.logits(recipe.kind, tmp_path)
    assert torch.allclose(sent, served, rtol=0, atol=1e-6)
    assert not torch.allclose(sent, peft.plain_logits(recipe.kind), rtol=0, atol=1e-6), "a test of nothing"


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_table_of_modules_is_that_of_the_model(kind: str) -> None:
    model, base = peft.model_of(kind), peft.base_of(kind)
    assert type(model).__name__ == ARCHITECTURES[kind].name
    linear = {
        f"base_model.model.{path}": (module.in_features, module.out_features)
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and path != "lm_head"
    }
    assert base.tensor_names() == linear


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_table_of_tensors_is_that_of_the_saved_model(kind: str, tmp_path: Path) -> None:
    model = peft.model_of(kind)
    model.save_pretrained(tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    config = json.loads((tmp_path / "config.json").read_text()) | {
        "tie_word_embeddings": model.config.tie_word_embeddings
    }
    assert read_tensors(config) == {name: tuple(tensor.shape) for name, tensor in saved.items()}


def test_the_house_model_s_table_follows_from_its_config() -> None:
    """config.json of Gemma 3 270M."""
    read = read_layers(GEMMA_3_270M.config)
    assert len(read_tensors(GEMMA_3_270M.config)) == 236
    assert (read.layers, read.modules) == (GEMMA_3_270M.layers, GEMMA_3_270M.modules)


LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 96,
    "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "mamba"},
        {"model_type": None},
        {"model_type": ["llama"]},
        {"architectures": ["EvilForCausalLM"]},
        {"architectures": "LlamaForCausalLM"},
        {"hidden_size": None},
        {"hidden_size": 64.0},
        {"hidden_size": "64"},
        {"hidden_size": -64},
        {"hidden_size": 1 << 40},
        {"num_hidden_layers": True},
        {"num_hidden_layers": 10**9},
        {"num_attention_heads": 0},
        {"num_key_value_heads": 8},
        {"head_dim": 0},
        {"model_type": "mistral", "architectures": None, "num_key_value_heads": None},
        {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]},
    ],
)
def test_a_config_that_does_not_say_is_not_guessed(changes: dict[str, object]) -> None:
    assert read_layers(LLAMA).modules["self_attn.v_proj"] == (64, 32)
    with pytest.raises(UnknownArchitecture):
        read_layers(LLAMA | changes)
