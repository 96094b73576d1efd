"""Full models for tests to spoil, of an architecture small enough to write out whole."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arena.shows.architectures import read_layers, read_tensors
from arena.shows.base_models import BaseModel
from tests.support.adapter_files import layout, pack

CONFIG: dict[str, Any] = {
    "_sliding_window_pattern": 6, "architectures": ["Gemma3ForCausalLM"], "attention_bias": False, "head_dim": 4,
    "hidden_size": 8, "intermediate_size": 12, "layer_types": ["sliding_attention", "full_attention"],
    "model_type": "gemma3_text", "num_attention_heads": 4, "num_hidden_layers": 2, "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06, "tie_word_embeddings": True, "vocab_size": 24,
    "rope_parameters": {
        "full_attention": {"rope_theta": 1000000.0, "rope_type": "default"},
        "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"},
    },
}  # fmt: skip
READ = read_layers(CONFIG)
TINY = BaseModel(
    id="tiny-gemma", source="file:nowhere", layers=READ.layers, modules=READ.modules, context=64, max_rank=8,
    template="{prompt}", system_template="{system}\n{prompt}", stop="<eos>", frame="\n### ", config=CONFIG,
    licence="none", licence_url="",
)  # fmt: skip
Arrays = dict[str, NDArray[Any]]


def config(**changes: Any) -> bytes:
    """As transformers saves it; `changes` replace or add fields, `...` removes one."""
    saved = {
        "dtype": "bfloat16",
        "transformers_version": "5.19.0",
        "use_cache": True,
        "eos_token_id": [1, 106],
    }
    fields = CONFIG | saved | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def tensors(seed: int = 1) -> Arrays:
    draw = np.random.default_rng(seed)
    shapes = read_tensors(CONFIG)
    return {name: draw.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}


def stored(arrays: Mapping[str, NDArray[Any]], dtype: str = "F32") -> bytes:
    """A safetensors file of them; BF16 is the upper half of each float."""
    if dtype == "BF16":
        halves = {name: (array.view("<u4") >> 16).astype("<u2") for name, array in arrays.items()}
        return pack(*layout(halves, "BF16"))
    return pack(*layout({n: a.astype("<f2" if dtype == "F16" else "<f4") for n, a in arrays.items()}, dtype))


def whole(arrays: Arrays | None = None, dtype: str = "F32") -> dict[str, bytes]:
    return {"model.safetensors": stored(arrays or tensors(), dtype)}


def split(arrays: Arrays | None = None, count: int = 2, dtype: str = "F32") -> dict[str, bytes]:
    """The same in `count` shards, every one-in-`count` tensor in each."""
    arrays = arrays or tensors()
    names = sorted(arrays)
    return {
        f"model-{number + 1:05d}-of-{count:05d}.safetensors": stored(
            {name: arrays[name] for name in names[number::count]}, dtype
        )
        for number in range(count)
    }


def index(arrays: Arrays | None = None, count: int = 2, **changes: Any) -> bytes:
    """The index to `split`; `changes` are of its fields."""
    names = sorted(arrays or tensors())
    listed = {
        name: f"model-{place % count + 1:05d}-of-{count:05d}.safetensors" for place, name in enumerate(names)
    }
    return json.dumps({"metadata": {"total_size": 1}, "weight_map": listed} | changes).encode()


def weight_map(changes: Mapping[str, Any], count: int = 2) -> bytes:
    """The index with other entries, `...` removes one."""
    listed = json.loads(index(count=count))["weight_map"] | dict(changes)
    return index(weight_map={name: file for name, file in listed.items() if file is not ...})
