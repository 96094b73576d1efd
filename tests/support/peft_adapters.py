"""Adapters as honest contestants have them: made and saved by `peft` itself, on tiny models with random weights."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from arena.shows.architectures import ARCHITECTURES, read_layers
from arena.shows.base_models import BaseModel

MAX_RANK = 8
MAX_BYTES = 1 << 20
SIZES = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 64, "max_position_embeddings": 64, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
"""Every projection has another shape, so that a mistaken one cannot fit."""

PROMPT = torch.tensor([[1, 5, 9, 33, 60, 17, 2, 8]])
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
INITS = (True, False, "gaussian", "orthogonal", "eva")


@dataclass(frozen=True)
class Recipe:
    kind: str
    """The `model_type` of an architecture."""
    targets: str
    rank: int
    dtype: str
    rslora: bool = False
    init: bool | str = True

    def __str__(self) -> str:
        scaled = "rs" if self.rslora else "plain"
        return f"{self.kind}-{self.targets}-r{self.rank}-{self.dtype}-{scaled}-{self.init}"


def recipes() -> list[Recipe]:
    """Every architecture with every set of modules; every rank in every dtype; every initialisation."""
    found: list[Recipe] = []
    for kind in ARCHITECTURES:
        for targets in ("two", "attention", "mlp", "all-linear"):
            n = len(found)
            init = INITS[n % 3]  # what starts from the model or the data is tried below
            found.append(Recipe(kind, targets, n % MAX_RANK + 1, list(DTYPES)[n % 3], n % 2 == 1, init))
    for rank in range(1, MAX_RANK + 1):
        found += [Recipe("gemma3_text", "two", rank, dtype, rank % 2 == 0) for dtype in DTYPES]
    found += [Recipe("qwen3", "attention", 4, "F32", init=init) for init in INITS]
    return list(dict.fromkeys(found))


@cache
def model_of(kind: str) -> Any:
    """The tiny model of an architecture, with the base model's name where PEFT looks for it."""
    torch.manual_seed(1)
    config = AutoConfig.for_model(kind, **SIZES)
    model = AutoModelForCausalLM.from_config(config).eval()
    model.config._name_or_path = model.name_or_path = f"someone/tiny-{kind}"
    return model


@cache
def base_of(kind: str) -> BaseModel:
    config = json.loads(model_of(kind).config.to_json_string())
    read = read_layers(config)
    return BaseModel(
        id=f"tiny-{kind}", source="file:nowhere", layers=read.layers, modules=read.modules, context=64,
        max_rank=MAX_RANK,
        template="{prompt}", system_template="{system}\n{prompt}",
        stop="<eos>", frame="\n### ", config=config, licence="none", licence_url="",
    )  # fmt: skip


def targets_of(recipe: Recipe) -> str | list[str]:
    names = [module.split(".") for module in base_of(recipe.kind).modules]
    attention = [last for block, last in names if block == "self_attn"]
    return {
        "two": [name for name in attention if name in ("q_proj", "v_proj", "qkv_proj")],
        "attention": attention,
        "mlp": [last for block, last in names if block == "mlp"],
    }.get(recipe.targets, "all-linear")


def save(recipe: Recipe, folder: Path, **changes: Any) -> Path:
    """Make an adapter that changes something and let PEFT save it, as after a training."""
    torch.manual_seed(recipe.rank)
    asked = LoraConfig(
        r=recipe.rank, lora_alpha=2 * recipe.rank, lora_dropout=0.05, target_modules=targets_of(recipe),
        use_rslora=recipe.rslora, init_lora_weights=recipe.init, task_type="CAUSAL_LM", **changes,
    )  # fmt: skip
    adapted = get_peft_model(model_of(recipe.kind), asked)
    for name, parameter in adapted.named_parameters():
        if "lora_" in name:
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.05)
            if "lora_magnitude" in name:
                parameter.data *= 1.2
            parameter.data = parameter.data.to(DTYPES[recipe.dtype])
    adapted.save_pretrained(
        str(folder), save_embedding_layers=False
    )  # "auto" asks a hub about the vocabulary
    adapted.unload()
    return folder


def logits(kind: str, folder: Path) -> torch.Tensor:
    """What the tiny model says with the adapter in `folder`, in float32."""
    adapted = PeftModel.from_pretrained(model_of(kind), str(folder)).eval()
    with torch.no_grad():
        said: torch.Tensor = adapted(PROMPT).logits
    adapted.unload()
    return said


def plain_logits(kind: str) -> torch.Tensor:
    with torch.no_grad():
        said: torch.Tensor = model_of(kind)(PROMPT).logits
    return said


def files(folder: Path) -> Iterator[bytes]:
    """(config, weights)"""
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        yield (folder / name).read_bytes()


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = load_file(folder / "adapter_model.safetensors")
    return loaded


def write_tensors(folder: Path, changed: dict[str, torch.Tensor]) -> None:
    save_file(changed, folder / "adapter_model.safetensors")
