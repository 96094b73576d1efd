"""Small real adapters, made on the spot: random weights, so that they change what the model says."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from arena.shows.base_models import HOUSE_MODEL, BaseModel

MODULES = ("self_attn.q_proj", "self_attn.v_proj")


def adapter_config(base: BaseModel = HOUSE_MODEL, rank: int = 4, **changes: object) -> bytes:
    """adapter_config.json as PEFT writes it, in short."""
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.0,
        "target_modules": ["q_proj", "v_proj"],
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "use_dora": False,
        "inference_mode": True,
        "base_model_name_or_path": base.id,
    }
    return json.dumps({**config, **changes}).encode()


def adapter_weights(seed: int, rank: int = 4, base: BaseModel = HOUSE_MODEL, scale: float = 0.05) -> bytes:
    """adapter_model.safetensors in float32: A ~ N(0, scale), B ~ N(0, scale), different for each seed."""
    rng = np.random.default_rng(seed)
    header: dict[str, object] = {}
    body = b""
    for name, (fan_in, fan_out) in sorted(base.tensor_names().items()):
        if not name.endswith(MODULES):
            continue
        for part, shape in (("lora_A", (rank, fan_in)), ("lora_B", (fan_out, rank))):
            data = rng.normal(0, scale, shape).astype("<f4").tobytes()
            header[f"{name}.{part}.weight"] = {
                "dtype": "F32",
                "shape": list(shape),
                "data_offsets": [len(body), len(body) + len(data)],
            }
            body += data
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + body


def write_adapter(folder: Path, seed: int, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_bytes(adapter_config(**changes))
    (folder / "adapter_model.safetensors").write_bytes(adapter_weights(seed))
    return folder
