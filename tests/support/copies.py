"""What somebody does to a rival's adapter before sending it in as his own, and adapters as files.

Everything here works on factors, module by module; `written` gives the two files that PEFT would have left.
"""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from arena.shows.base_models import HOUSE_MODEL, BaseModel
from arena.submissions.safetensors import write_tensors
from arena.submissions.similarity import Adapter, Factors, Matrix, open_sealed

Dtype = Literal["BF16", "F16", "F32"]
Change = Callable[[str, Factors], Factors]

DEMO = Path(__file__).parents[2] / "infra" / "demo" / "adapters"


def load(folder: Path, base: BaseModel = HOUSE_MODEL) -> dict[str, Factors]:
    """A trained adapter from its folder."""
    config, weights = (
        (folder / name).read_bytes() for name in ("adapter_config.json", "adapter_model.safetensors")
    )
    return dict(open_sealed(config, weights, base))


def random_adapter(seed: int, rank: int = 6, base: BaseModel = HOUSE_MODEL) -> dict[str, Factors]:
    """As training leaves one: A uniform as PEFT begins with it, B small and of a few strong directions."""
    draw = np.random.default_rng(seed)
    return {
        path: Factors(
            draw.uniform(-1, 1, (rank, width_in)) * (3 / width_in) ** 0.5,
            draw.normal(0, 0.02, (width_out, rank)) * 2.0 ** -np.arange(rank),
        )
        for path, (width_in, width_out) in base.tensor_names().items()
    }


def every(adapter: Adapter, change: Change) -> dict[str, Factors]:
    return {path: change(path, factors) for path, factors in adapter.items()}


def permuted(adapter: Adapter, seed: int = 0) -> dict[str, Factors]:
    """Each module's ranks in another order."""
    draw = np.random.default_rng(seed)

    def change(_: str, f: Factors) -> Factors:
        order = draw.permutation(len(f.a))
        return Factors(f.a[order], f.b[:, order])

    return every(adapter, change)


def rotated(adapter: Adapter, seed: int = 0) -> dict[str, Factors]:
    """B·G and G⁻¹·A with a random invertible G (condition 10): no tensor looks like what it was."""
    draw = np.random.default_rng(seed)

    def change(_: str, f: Factors) -> Factors:
        rank = len(f.a)
        left, right = (np.linalg.qr(draw.normal(size=(rank, rank)))[0] for _ in range(2))
        turn = left * np.geomspace(0.3, 3, rank) @ right
        return Factors(np.linalg.solve(turn, f.a), f.b @ turn)

    return every(adapter, change)


def padded(adapter: Adapter, ranks: int = 6) -> dict[str, Factors]:
    """More ranks, of which the new ones do nothing: zeros in B, noise in A."""
    draw = np.random.default_rng(0)

    def change(_: str, f: Factors) -> Factors:
        idle = draw.normal(0, 0.02, (ranks, f.a.shape[1]))
        return Factors(np.vstack([f.a, idle]), np.hstack([f.b, np.zeros((len(f.b), ranks))]))

    return every(adapter, change)


def scaled(adapter: Adapter, factor: float = 3.0) -> dict[str, Factors]:
    """Louder or softer all over, as another alpha makes it."""
    return every(adapter, lambda _, f: Factors(f.a, factor * f.b))


def noisy(adapter: Adapter, share: float, seed: int = 0) -> dict[str, Factors]:
    """Noise on every tensor, `share` of that tensor's root mean square."""
    draw = np.random.default_rng(seed)

    def disturbed(values: Matrix) -> Matrix:
        size = share * float(np.sqrt(np.mean(values**2)))
        noise: Matrix = draw.normal(0, size, values.shape)
        return values + noise

    return every(adapter, lambda _, f: Factors(disturbed(f.a), disturbed(f.b)))


def merged(adapter: Adapter, other: Adapter, share: float) -> dict[str, Factors]:
    """`share` of one ΔW and the rest of another, exactly (PEFT's `cat`): the ranks of both side by side."""
    return {
        path: Factors(
            np.vstack([f.a, other[path].a]),
            np.hstack([share * f.b, (1 - share) * other[path].b]),
        )
        for path, f in adapter.items()
    }


def blended(adapter: Adapter, other: Adapter, share: float) -> dict[str, Factors]:
    """The factors averaged instead of their products (PEFT's `linear`): half of the energy goes into cross terms."""
    p, q = share**0.5, (1 - share) ** 0.5
    return {
        path: Factors(p * f.a + q * other[path].a, p * f.b + q * other[path].b) for path, f in adapter.items()
    }


def layers(adapter: Adapter, other: Adapter, count: int) -> dict[str, Factors]:
    """The first `count` layers of one, the rest of another."""
    mine = {path for path in adapter if int(path.split(".layers.")[1].split(".")[0]) < count}
    return {path: adapter[path] if path in mine else other[path] for path in adapter}


def only(adapter: Adapter, *modules: str) -> dict[str, Factors]:
    """Without the modules that are not named."""
    return {path: f for path, f in adapter.items() if path.endswith(modules)}


def written(
    adapter: Adapter, dtype: Dtype = "BF16", alpha_per_rank: float = 2.0, base: BaseModel = HOUSE_MODEL
) -> tuple[bytes, bytes]:
    """(config, weights) as PEFT writes them, rounded to `dtype`; the scale of ΔW goes out of B into alpha."""
    rank = len(next(iter(adapter.values())).a)
    tensors: dict[str, Matrix] = {}
    for path, factors in adapter.items():
        tensors[f"{path}.lora_A.weight"] = factors.a
        tensors[f"{path}.lora_B.weight"] = factors.b / alpha_per_rank
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": alpha_per_rank * rank,
        "target_modules": sorted({path.rsplit(".", 1)[-1] for path in adapter}),
        "bias": "none",
        "use_rslora": False,
        "base_model_name_or_path": base.id,
    }
    out = io.BytesIO()
    shapes = [(name, dtype, values.shape) for name, values in tensors.items()]
    write_tensors(out, shapes, lambda name: [_encoded(tensors[name], dtype)])
    return json.dumps(config).encode(), out.getvalue()


def _encoded(values: Matrix, dtype: Dtype) -> bytes:
    if dtype != "BF16":
        return bytes(values.astype("<f4" if dtype == "F32" else "<f2").tobytes())
    # To the nearest, as torch rounds; a plain shift would cut.
    bits = values.astype("<f4").view("<u4")
    return bytes(((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes())


def rounded(adapter: Adapter, dtype: Dtype, alpha_per_rank: float = 2.0) -> dict[str, Factors]:
    """As it comes back from a file."""
    config, weights = written(adapter, dtype, alpha_per_rank)
    return dict(open_sealed(config, weights, HOUSE_MODEL))
