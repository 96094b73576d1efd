"""The four ways to change a base: what they need, the model that is trained, and the plain LoRA that comes out.

What leaves a run is always what the gate takes: LoRA pairs in bfloat16, and a config generated from a few facts. DoRA
also scales whole columns, which no engine of ours serves: its merged change is taken apart again, and what that loses
is said. (PEFT's own converter leaves the magnitudes out without a word.)
"""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import torch
from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model,
    get_peft_model_state_dict,
    prepare_model_for_kbit_training,
)
from peft.tuners.lora import LoraLayer
from safetensors.torch import save
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, PreTrainedModel

from arena.shows.base_models import BaseModel
from arena.shows.training import TrainingSpec
from arena.submissions.adapter_config import MAX_ALPHA_PER_RANK, AdapterConfig, read_config
from arena.submissions.artifacts import CONFIG
from workers.lab.convert import nearest
from workers.lab.train.checkpoints import whole
from workers.lab.train.recipe import CannotTrain

TRAINED = "default"
"""PEFT's name of the adapter that is trained; others in the model are references."""


@dataclass(frozen=True)
class Finished:
    config: bytes
    weights: bytes
    residual: float | None
    """‖what a plain LoRA of this rank cannot say‖ / ‖what was learned‖, of a method that was converted."""


def check(spec: TrainingSpec, base: BaseModel, max_rank: int, parent: Path | None) -> None:
    """Raises CannotTrain for what the numbers alone forbid, before anything large is loaded."""
    known = sorted({module.rsplit(".", 1)[-1] for module in base.modules})
    if unknown := sorted(set(spec.target_modules) - set(known)):
        raise CannotTrain(
            "training.module_unknown",
            f"{base.id} has no module {', '.join(unknown)}; it has {', '.join(known)}.",
            modules=unknown,
            known=known,
        )
    if spec.rank > max_rank:
        raise CannotTrain(
            "training.rank_too_high",
            f"Rank {spec.rank} is above the limit of {max_rank}.",
            rank=spec.rank,
            limit=max_rank,
        )
    if spec.alpha > MAX_ALPHA_PER_RANK * spec.rank:
        raise CannotTrain(
            "training.alpha_too_high",
            f"Alpha {spec.alpha} is above {MAX_ALPHA_PER_RANK:g} times the rank: no such adapter is admitted.",
            alpha=spec.alpha,
            limit=MAX_ALPHA_PER_RANK * spec.rank,
        )
    if spec.method == "qlora":
        _check_four_bits()
    if parent is not None:
        _check_parent(spec, base, max_rank, parent)


def _check_four_bits() -> None:
    missing = [] if torch.cuda.is_available() else ["a CUDA device"]
    if find_spec("bitsandbytes") is None:
        missing.append("bitsandbytes")
    if missing:
        raise CannotTrain(
            "training.method_unavailable",
            f"QLoRA needs {' and '.join(missing)}, which this machine has not. LoRA learns the same with more memory.",
            method="qlora",
            missing=missing,
        )


def _check_parent(spec: TrainingSpec, base: BaseModel, max_rank: int, parent: Path) -> None:
    """To go on with an adapter means to keep its form."""
    facts = read_config((parent / CONFIG).read_bytes(), base, max_rank).config
    if facts is None:
        raise CannotTrain("training.bad_parent", f"The adapter to begin with is none for {base.id}.")
    said = (spec.rank, float(spec.alpha), spec.method == "rslora", tuple(sorted(spec.target_modules)))
    has = (facts.rank, float(facts.alpha), facts.use_rslora, facts.targets)
    if spec.method == "dora" or said != has:
        raise CannotTrain(
            "training.bad_parent",
            f"The adapter to begin with has rank {facts.rank}, alpha {facts.alpha:g}, "
            f"{'rsLoRA' if facts.use_rslora else 'LoRA'} on {', '.join(facts.targets)}; a run that goes on with it "
            "has the same.",
            rank=facts.rank,
            alpha=facts.alpha,
            method="rslora" if facts.use_rslora else "lora",
            target_modules=list(facts.targets),
        )


def load(model_dir: Path, spec: TrainingSpec, dtype: str, parent: Path | None) -> PeftModel:
    """The base in `dtype`, frozen, with the adapter to be trained in float32. Seed torch before."""
    four_bits = None
    if spec.method == "qlora":
        four_bits = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    base: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        model_dir,
        dtype=getattr(torch, dtype),
        quantization_config=four_bits,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    if four_bits is not None:
        base = prepare_model_for_kbit_training(base, use_gradient_checkpointing=False)
    lora = LoraConfig(
        r=spec.rank,
        lora_alpha=spec.alpha,
        lora_dropout=spec.dropout,
        target_modules=sorted(spec.target_modules),
        use_rslora=spec.method == "rslora",
        use_dora=spec.method == "dora",
        bias="none",
        task_type="CAUSAL_LM",
    )
    if parent is not None:
        model = PeftModel.from_pretrained(base, str(parent), TRAINED, is_trainable=True, config=lora)
    else:
        model = get_peft_model(base, lora, TRAINED)
    assert all(p.dtype == torch.float32 for p in model.parameters() if p.requires_grad)
    return model


def finish(model: PeftModel, spec: TrainingSpec, base: BaseModel, max_rank: int) -> Finished:
    """The adapter as files. Raises CannotTrain when something in it is not a number any more."""
    rank, alpha, rslora, residual = spec.rank, float(spec.alpha), spec.method == "rslora", None
    with _gathered(model):
        if spec.method == "dora":
            state, residual = _plain(model, max_rank)
            rank, alpha = max_rank, float(max_rank)
        else:
            state = get_peft_model_state_dict(model, adapter_name=TRAINED, save_embedding_layers=False)
        tensors = {
            name: whole(state[name]).to("cpu", torch.bfloat16).contiguous()
            for name in sorted(state)
            if ".lora_" in name
        }
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise CannotTrain("training.diverged", "The weights are not numbers any more: the rate is too high.")
    facts = AdapterConfig(rank, alpha, rslora, tuple(sorted(spec.target_modules)))
    return Finished(facts.canonical(base), save(tensors), residual)


def _gathered(model: PeftModel) -> AbstractContextManager[None]:
    """ZeRO-3 leaves a process only its share of each parameter, outside of this."""
    shares = [parameter for parameter in model.parameters() if hasattr(parameter, "ds_id")]
    if not shares:
        return nullcontext()
    gathered: AbstractContextManager[None] = import_module("deepspeed").zero.GatheredParameters(shares)
    return gathered


def _plain(model: PeftModel, rank: int) -> tuple[dict[str, torch.Tensor], float]:
    """The LoRA of `rank` with scale 1 nearest to what DoRA changed, and how much of that it leaves out."""
    tensors: dict[str, torch.Tensor] = {}
    lost, whole = [0.0], [0.0]
    for path, layer in model.named_modules():
        if isinstance(layer, LoraLayer):
            delta = change(layer)
            a, b = nearest(delta, rank)
            tensors[f"{path}.lora_A.weight"], tensors[f"{path}.lora_B.weight"] = a, b
            lost.append(float(torch.linalg.norm(delta - b @ a)))
            whole.append(float(torch.linalg.norm(delta)))
    return tensors, math.hypot(*lost) / (math.hypot(*whole) or 1.0)


def change(layer: LoraLayer) -> torch.Tensor:
    """What DoRA adds to a layer's weight, in float32: m · (W + s·BA) / ‖W + s·BA‖ − W, norms taken row by row of the
    (out, in) matrix (Liu et al., 2024, equation 5, as PEFT computes it)."""
    learned = layer.lora_B[TRAINED].weight, layer.lora_A[TRAINED].weight
    b, a = (whole(matrix).float().cpu() for matrix in learned)
    weight = whole(layer.get_base_layer().weight).float().cpu()
    moved = weight + layer.scaling[TRAINED] * b @ a
    magnitude = whole(layer.lora_magnitude_vector[TRAINED].weight).float().cpu()
    return magnitude[:, None] * moved / torch.linalg.norm(moved, dim=1, keepdim=True) - weight
