"""How a run lies on its devices, computed from the modules that the base model really has.

Sources. ZeRO (Rajbhandari et al., 2020, arXiv:1910.02054): stage 2 splits gradients and optimiser state over the
processes, stage 3 the parameters too, each evenly as one flat row of numbers. FSDP2 (`fully_shard` of PyTorch) splits
every tensor for itself, along its first dimension, as `torch.chunk` does: a LoRA matrix with fewer rows than there are
processes leaves some without any of it. Data parallelism splits nothing but the batch.

Bytes are exact for what they name. Vectors of norms (less than a thousandth), activations and what a library sets aside
are not in them: how much a run really held is in its record.
"""

from dataclasses import dataclass
from math import prod

from arena.shows.base_models import BaseModel
from arena.shows.training import Profile, TrainingSpec
from arena.training.contracts import DevicePlan, DeviceShare, PlanPart

BYTES = {"bfloat16": 2.0, "float32": 4.0}
TRAINED_BYTES = 4
"""What is trained is float32, and so are its gradients."""
ADAM_BYTES = 8
"""Two float32 moments for every trained number."""
NF4_BYTES = 4.127 / 8
"""QLoRA (Dettmers et al., 2023, arXiv:2305.14314): four bits, and a constant for every 64 that is quantised itself."""


@dataclass(frozen=True)
class Tensor:
    shape: tuple[int, ...]
    bytes_each: float
    trainable: bool = False

    @property
    def size(self) -> int:
        return prod(self.shape)


def plan(base: BaseModel, spec: TrainingSpec, dtype: str) -> DevicePlan:
    """`dtype`: of the base weights, as in `TrainingRules`."""
    parts = _parts(base, spec, dtype)
    shares = [_share(rank, parts, spec) for rank in range(spec.processes)]
    whole = [sum(one.size * one.bytes_each for one in tensors) for tensors in parts.values()]
    return DevicePlan(
        profile=spec.profile,
        parts=[
            PlanPart(
                name=name,
                parameters=sum(one.size for one in tensors),
                trainable=sum(one.size for one in tensors if one.trainable),
            )
            for name, tensors in parts.items()
        ],
        shares=shares,
        gathered_bytes=round(max(whole)) if _splits_weights(spec.profile) and spec.processes > 1 else 0,
    )


def _parts(base: BaseModel, spec: TrainingSpec, dtype: str) -> dict[str, list[Tensor]]:
    plain = BYTES[dtype]
    words = Tensor((int(str(base.config["vocab_size"])), int(str(base.config["hidden_size"]))), plain)
    parts = {"embeddings": [words] if base.config.get("tie_word_embeddings") else [words, words]}
    for layer in range(base.layers):
        parts[f"layers.{layer}"] = [
            tensor
            for module, (inner, outer) in base.modules.items()
            for tensor in _module(inner, outer, module.rpartition(".")[2] in spec.target_modules, spec, plain)
        ]
    return parts


def _module(inner: int, outer: int, trained: bool, spec: TrainingSpec, plain: float) -> list[Tensor]:
    tensors = [Tensor((outer, inner), NF4_BYTES if spec.method == "qlora" else plain)]
    if trained:
        shapes = [(spec.rank, inner), (outer, spec.rank), *([(outer,)] if spec.method == "dora" else [])]
        tensors += [Tensor(shape, TRAINED_BYTES, trainable=True) for shape in shapes]
    return tensors


def _splits_weights(profile: Profile) -> bool:
    return profile in ("fsdp2", "zero3")


def _share(rank: int, parts: dict[str, list[Tensor]], spec: TrainingSpec) -> DeviceShare:
    tensors = [one for part in parts.values() for one in part]
    trained = [one for one in tensors if one.trainable]

    def held(one: Tensor) -> int:
        return _held(one, rank, spec.profile, spec.processes) if _splits_weights(spec.profile) else one.size

    learning = sum(map(held, trained))
    if spec.profile == "zero2":
        learning = _chunk(sum(one.size for one in trained), rank, spec.processes)
    return DeviceShare(
        rank=rank,
        rows=spec.batch_size // spec.processes,
        held=[sum(map(held, part)) for part in parts.values()],
        weight_bytes=round(sum(held(one) * one.bytes_each for one in tensors)),
        gradient_bytes=learning * TRAINED_BYTES,
        optimiser_bytes=learning * ADAM_BYTES,
    )


def _held(one: Tensor, rank: int, profile: Profile, processes: int) -> int:
    if profile == "zero3":
        return _chunk(one.size, rank, processes)
    first, *others = one.shape
    return _chunk(first, rank, processes) * prod(others)


def _chunk(total: int, rank: int, processes: int) -> int:
    """The part of `rank`, as `torch.chunk` cuts: all alike but the last ones, which get what is left."""
    each = -(-total // processes)
    return max(0, min(each, total - rank * each))
