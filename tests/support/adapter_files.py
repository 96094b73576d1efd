"""Adapter files for tests to spoil byte by byte, on a base model small enough to write out whole."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arena.shows.base_models import BaseModel

TINY = BaseModel(
    id="tiny-base",
    source="file:nowhere",
    layers=2,
    modules={"self_attn.q_proj": (8, 12), "mlp.down_proj": (16, 8)},
    context=64,
    max_rank=8,
    template="{prompt}",
    system_template="{system}\n{prompt}",
    stop="<eos>",
    frame="\n### ",
    config={},
    licence="none",
    licence_url="",
)
"""Its modules have different shapes, so that a transposed tensor shows."""

RANK = 4


def config(**changes: Any) -> bytes:
    """A config with every field that PEFT writes; `changes` replace or add fields, `...` removes one."""
    fields: dict[str, Any] = {
        "alora_invocation_tokens": None, "alpha_pattern": {}, "arrow_config": None, "auto_mapping": None,
        "base_model_name_or_path": "someone/tiny-base", "bias": "none", "corda_config": None,
        "ensure_weight_tying": False, "eva_config": None, "exclude_modules": None, "fan_in_fan_out": False,
        "inference_mode": True, "init_lora_weights": True, "layer_replication": None, "layers_pattern": None,
        "layers_to_transform": None, "loftq_config": {}, "lora_alpha": 8, "lora_bias": False, "lora_dropout": 0.05,
        "megatron_config": None, "megatron_core": "megatron.core", "modules_to_save": None, "peft_type": "LORA",
        "peft_version": "0.21.2", "qalora_group_size": 16, "r": RANK, "rank_pattern": {}, "revision": None,
        "target_modules": ["q_proj", "down_proj"], "target_parameters": None, "task_type": "CAUSAL_LM",
        "trainable_token_indices": None, "use_dora": False, "use_qalora": False, "use_rslora": False,
    }  # fmt: skip
    fields |= changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def tensors(base: BaseModel = TINY, rank: int = RANK, seed: int = 1) -> dict[str, NDArray[np.float32]]:
    """A complete adapter with small random values."""
    draw = np.random.default_rng(seed)
    made = {}
    for path, (width_in, width_out) in base.tensor_names().items():
        made[f"{path}.lora_A.weight"] = draw.normal(0, 0.05, (rank, width_in)).astype(np.float32)
        made[f"{path}.lora_B.weight"] = draw.normal(0, 0.05, (width_out, rank)).astype(np.float32)
    return made


Header = dict[str, Any]


def layout(arrays: Mapping[str, NDArray[Any]], dtype: str = "F32") -> tuple[Header, bytes]:
    """(header, data) of a plain safetensors file, for a test to spoil before `pack`."""
    header: Header = {}
    data = b""
    for name, array in arrays.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    return header, data


def pack(header: Header | bytes, data: bytes) -> bytes:
    """A file with this header, which may be raw bytes that no JSON writer would make."""
    raw = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def weights(base: BaseModel = TINY, rank: int = RANK, seed: int = 1) -> bytes:
    return pack(*layout(tensors(base, rank, seed)))
