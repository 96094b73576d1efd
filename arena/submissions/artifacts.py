"""What can be entered, and the files that each kind is made of. Anything else is refused before a byte is taken in.

A name is only ever judged, never used: what is stored has a name of ours.
"""

from typing import Literal

from arena.kit.errors import Invalid, TooLarge, WrongType
from arena.shows.public import Track
from arena.submissions.refusals import shown

Artifact = Literal["adapter"]

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MAX_CONFIG_BYTES = 64 << 10

_NEVER = (
    ".bin", ".pt", ".pth", ".pt2", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".npy", ".gguf", ".ggml", ".h5",
    ".hdf5", ".keras", ".onnx", ".pb", ".tflite", ".msgpack", ".mar", ".py", ".pyc", ".so", ".dll", ".exe", ".sh",
    ".js", ".html", ".svg",
)  # fmt: skip
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".rar")


def file_limits(track: Track) -> dict[Artifact, dict[str, int]]:
    """Artifact → file name → most bytes."""
    return {"adapter": {CONFIG: MAX_CONFIG_BYTES, WEIGHTS: track.max_bytes}}


def check_files(sizes: dict[str, int], limits: dict[str, int]) -> None:
    """Raises WrongType for a file that does not belong, Invalid for a missing or empty one, TooLarge."""
    for name in sizes:
        if name not in limits:
            raise _foreign(name, limits)
    for name, limit in limits.items():
        if name not in sizes:
            raise Invalid("upload.file_missing", f"The file {name} is missing.", file=name)
        if sizes[name] == 0:
            raise Invalid("upload.empty_file", f"The file {name} is empty.", file=name)
        if sizes[name] > limit:
            raise TooLarge(
                "upload.too_large", f"{name} is larger than {limit} bytes.", file=name, max_bytes=limit
            )


def _foreign(name: str, limits: dict[str, int]) -> WrongType:
    """Templates, tokenizers, model code and the like come from the season's base model or not at all."""
    kind = next((ending for ending in (*_NEVER, *_ARCHIVES) if name.lower().endswith(ending)), "")
    only = f"Only these files are taken: {', '.join(limits)}."
    detail = {"file": shown(name), "looks_like": kind, "allowed": sorted(limits)}
    if kind in _NEVER:
        return WrongType("artifact.type_not_allowed", f"A file of this kind is never taken. {only}", **detail)
    if kind in _ARCHIVES:
        return WrongType("artifact.archive_not_allowed", f"Archives are not opened. {only}", **detail)
    return WrongType("artifact.unexpected_file", f"This file is not asked for. {only}", **detail)
