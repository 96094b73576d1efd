"""What can be entered, and the files that each kind is made of. Anything else is refused before a byte is taken in."""

import re
from typing import Literal

from arena.kit.errors import Invalid, TooLarge, WrongType
from arena.shows.public import Track

Artifact = Literal["adapter"]

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MAX_CONFIG_BYTES = 64 << 10

_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,80}")


def file_limits(track: Track) -> dict[Artifact, dict[str, int]]:
    """Artifact → file name → most bytes."""
    return {"adapter": {CONFIG: MAX_CONFIG_BYTES, WEIGHTS: track.max_bytes}}


def check_files(sizes: dict[str, int], limits: dict[str, int]) -> None:
    """Raises WrongType for a file that does not belong, Invalid for a missing or empty one, TooLarge."""
    for name in sizes:
        if name not in limits:
            raise WrongType(
                "artifact.unexpected_file",
                f"Only these files are taken: {', '.join(limits)}.",
                file=name if _NAME.fullmatch(name) else "(not printable)",
                allowed=sorted(limits),
            )
    for name, limit in limits.items():
        if name not in sizes:
            raise Invalid("upload.file_missing", f"The file {name} is missing.", file=name)
        if sizes[name] == 0:
            raise Invalid("upload.empty_file", f"The file {name} is empty.", file=name)
        if sizes[name] > limit:
            raise TooLarge(
                "upload.too_large", f"{name} is larger than {limit} bytes.", file=name, max_bytes=limit
            )
