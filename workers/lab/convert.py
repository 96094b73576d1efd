"""Any adapter that PEFT can merge -> the plain LoRA nearest to it, and how far off that is.

For variants that the engine cannot serve. Runs on the contestant's machine, on his own files: it loads them with PEFT,
which the platform never does. PEFT's own converter is not used: it leaves out DoRA's magnitudes without a word.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"


class CannotConvert(ValueError):
    """The adapter changes something that no LoRA can express. The text says what."""


@dataclass(frozen=True)
class Residual:
    """What the plain LoRA does not reproduce: ‖ΔW − B·A‖ / ‖ΔW‖ (Frobenius), per module and over all of them."""

    modules: Mapping[str, float]
    overall: float
    rank: int


def convert(adapter: Path, base: Path, rank: int, out: Path) -> Residual:
    """Merge `adapter` into the model in `base` (both folders), and write the plain LoRA of `rank` nearest to the
    difference into `out`. Every module that changed in any layer gets a pair in all layers, as the platform wants it.

    Raises CannotConvert, and OSError or ValueError for folders that hold no model or no adapter.
    """
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    before = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    linear = {
        f"{path}.weight"
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and ".layers." in f".{path}"
    }
    merged = PeftModel.from_pretrained(model, str(adapter), torch_device="cpu").merge_and_unload()
    after = merged.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    if after.keys() != before.keys() or changed - linear:
        others = ", ".join(sorted((changed - linear) | (after.keys() ^ before.keys()))[:5])
        raise CannotConvert(
            f"The adapter changes more than linear layers, which no LoRA can express: {others}."
        )
    if not changed:
        raise CannotConvert("The adapter changes nothing.")
    targets = sorted({_module(name).rsplit(".", 1)[-1] for name in changed})
    tensors: dict[str, torch.Tensor] = {}
    lost: dict[str, float] = {}
    whole: dict[str, float] = {}
    for name in sorted(linear):
        path = _module(name)
        if path.rsplit(".", 1)[-1] not in targets:
            continue
        delta = after[name] - before[name]
        a, b = nearest(delta, rank)
        tensors[f"base_model.model.{path}.lora_A.weight"] = a
        tensors[f"base_model.model.{path}.lora_B.weight"] = b
        lost[path] = float(torch.linalg.norm(delta - b @ a))
        whole[path] = float(torch.linalg.norm(delta))
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / WEIGHTS)
    (out / CONFIG).write_text(json.dumps(_config(adapter, rank, targets), indent=2))
    return Residual(
        modules={path: lost[path] / whole[path] if whole[path] else 0.0 for path in lost},
        overall=math.hypot(*lost.values()) / math.hypot(*whole.values()),
        rank=rank,
    )


def nearest(delta: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A (rank, in) and B (out, rank) with B·A as near to `delta` as a product of this rank can be (Eckart–Young).

    Both get the square root of the singular values, so that neither is large; a matrix with fewer of them is padded.
    """
    u, s, v = torch.linalg.svd(delta, full_matrices=False)
    kept = min(rank, len(s))
    root = s[:kept].sqrt()
    a, b = torch.zeros(rank, delta.shape[1]), torch.zeros(delta.shape[0], rank)
    a[:kept], b[:, :kept] = root[:, None] * v[:kept], u[:, :kept] * root
    return a, b


def _module(weight: str) -> str:
    return weight.removesuffix(".weight")


def _config(adapter: Path, rank: int, targets: list[str]) -> dict[str, object]:
    """Alpha equals the rank: the scale is 1, and B·A is the difference itself."""
    said = json.loads((adapter / CONFIG).read_text())
    return {
        "base_model_name_or_path": said.get("base_model_name_or_path"),
        "bias": "none",
        "lora_alpha": rank,
        "peft_type": "LORA",
        "r": rank,
        "target_modules": targets,
        "task_type": "CAUSAL_LM",
        "use_rslora": False,
    }
