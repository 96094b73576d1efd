"""What can be entered, and the files that each kind is made of. Anything else is refused before a byte is taken in.

A name is only ever judged, never used: what is stored has a name of ours.
"""

import re
from collections.abc import Collection, Mapping
from typing import get_args

from arena.kit.errors import Invalid, TooLarge, WrongType
from arena.shows.rules import Artifact, Track
from arena.submissions.datasets.contracts import GROWTH
from arena.submissions.refusals import shown

KINDS: tuple[Artifact, ...] = get_args(Artifact)

JUDGED_ONLY: tuple[Artifact, ...] = ("dataset", "model")
"""Their way ends with the verdict: nothing that follows can take them yet."""

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
DATA_JSONL = "data.jsonl"
DATA_PARQUET = "data.parquet"
DATA_CLEANED = "cleaned.jsonl"
"""What the lab calls the data set as its own check would have it; sealed, it is a data set like any other."""
PROMPT = "prompt.txt"
MODEL_CONFIG = "config.json"
MODEL_WEIGHTS = "model.safetensors"
MODEL_INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"model-([0-9]{5})-of-([0-9]{5})\.safetensors")

MAX_CONFIG_BYTES = 64 << 10
MAX_PROMPT_BYTES = 16 << 10
MAX_INDEX_BYTES = 2 << 20
MAX_SHARDS = 60
ALIGNMENT = 4096
"""The canonical form pads its header, so it may be a few bytes longer than what was sent."""

_NEVER = (
    ".bin", ".pt", ".pth", ".pt2", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy", ".gguf", ".ggml", ".h5",
    ".hdf5", ".keras", ".onnx", ".pb", ".tflite", ".msgpack", ".mar", ".py", ".pyc", ".so", ".dll", ".exe", ".sh",
    ".js", ".html", ".svg",
)  # fmt: skip
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar")


def asked_files(artifact: Artifact, track: Track, names: Collection[str] = ()) -> dict[str, int]:
    """The files that a version of this kind is made of, with the most bytes of each.

    Where a kind has several forms, the `names` that were announced decide which one it is.
    """
    if artifact == "adapter":
        return {CONFIG: MAX_CONFIG_BYTES, WEIGHTS: track.max_bytes}
    if artifact == "dataset":
        return {DATA_PARQUET if DATA_PARQUET in names else DATA_JSONL: track.max_dataset_bytes}
    if artifact == "prompt":
        return {PROMPT: MAX_PROMPT_BYTES}
    shards = _shards(names)
    if not shards:
        return {MODEL_CONFIG: MAX_CONFIG_BYTES, MODEL_WEIGHTS: track.max_model_bytes}
    return {
        MODEL_CONFIG: MAX_CONFIG_BYTES,
        MODEL_INDEX: MAX_INDEX_BYTES,
        **dict.fromkeys(shards, track.max_model_bytes),
    }


def _shards(names: Collection[str]) -> list[str]:
    """All files of the set to which the first shard among `names` says it belongs."""
    counts = [int(found[2]) for name in names if (found := SHARD.fullmatch(name))]
    if not counts or not 1 <= counts[0] <= MAX_SHARDS:
        return []
    return [f"model-{number:05d}-of-{counts[0]:05d}.safetensors" for number in range(1, counts[0] + 1)]


def canonical_files(artifact: Artifact, track: Track) -> dict[str, int]:
    """The files that the lab makes of an admitted version, in the order in which they are hashed, and their limits."""
    return {
        "adapter": {CONFIG: MAX_CONFIG_BYTES, WEIGHTS: track.max_bytes + ALIGNMENT},
        "dataset": {DATA_JSONL: GROWTH * track.max_dataset_bytes},
        "prompt": {PROMPT: MAX_PROMPT_BYTES},
        "model": {MODEL_CONFIG: MAX_CONFIG_BYTES, MODEL_WEIGHTS: track.max_model_bytes + ALIGNMENT},
    }[artifact]


def check_files(artifact: Artifact, sizes: Mapping[str, int], track: Track) -> None:
    """Raises Invalid for a kind that the track does not take, for a missing or an empty file; WrongType for a file
    that does not belong; TooLarge.
    """
    if artifact not in track.artifacts:
        raise Invalid(
            "artifact.kind_not_taken",
            f"This track takes no {artifact}. It takes: {', '.join(track.artifacts)}.",
            kind=artifact,
            allowed=list(track.artifacts),
        )
    limits = asked_files(artifact, track, sizes)
    for name in sizes:
        if name not in limits:
            raise _foreign(name, artifact)
    for name, limit in limits.items():
        if name not in sizes:
            raise Invalid("upload.file_missing", f"The file {name} is missing.", file=name)
        if sizes[name] == 0:
            raise Invalid("upload.empty_file", f"The file {name} is empty.", file=name)
        if sizes[name] > limit:
            raise _too_large(name, limit)
    if (
        artifact == "model"
        and sum(sizes[name] for name in sizes if SHARD.fullmatch(name)) > track.max_model_bytes
    ):
        raise _too_large("model-*.safetensors", track.max_model_bytes)


_FORMS: Mapping[Artifact, tuple[tuple[str, ...], ...]] = {
    "adapter": ((CONFIG, WEIGHTS),),
    "dataset": ((DATA_JSONL,), (DATA_PARQUET,)),
    "prompt": ((PROMPT,),),
    "model": ((MODEL_CONFIG, MODEL_WEIGHTS), (MODEL_CONFIG, MODEL_INDEX, "model-00001-of-0000N.safetensors")),
}
"""As people are told."""


def _too_large(name: str, limit: int) -> TooLarge:
    return TooLarge("upload.too_large", f"{name} is larger than {limit} bytes.", file=name, max_bytes=limit)


def _foreign(name: str, artifact: Artifact) -> WrongType:
    """Templates, tokenizers, model code and the like come from the season's base model or not at all."""
    kind = next((ending for ending in (*_NEVER, *_ARCHIVES) if name.lower().endswith(ending)), "")
    forms = _FORMS[artifact]
    only = f"Only these files are taken: {', or else '.join(' and '.join(form) for form in forms)}."
    allowed = sorted({file for form in forms for file in form})
    detail = {"file": shown(name), "looks_like": kind, "allowed": allowed}
    if kind in _NEVER:
        return WrongType("artifact.type_not_allowed", f"A file of this kind is never taken. {only}", **detail)
    if kind in _ARCHIVES:
        return WrongType("artifact.archive_not_allowed", f"Archives are not opened. {only}", **detail)
    return WrongType("artifact.unexpected_file", f"This file is not asked for. {only}", **detail)
