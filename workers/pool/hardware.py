"""What this machine is, in the words that speed figures are compared by."""

import os
import platform
import re
import subprocess
from pathlib import Path

import psutil

from workers.pool.protocol import Hardware

_VECTORS = (
    ("amx_bf16", "amx"),
    ("avx512_bf16", "avx512bf16"),
    ("avx512f", "avx512"),
    ("avx2", "avx2"),
    ("bf16", "neonbf16"),
    ("asimd", "neon"),
)
"""Flag -> the name it gives the hardware class; the widest first."""


def describe(override: str | None = None) -> Hardware:
    """`override` replaces the derived hardware class (a site may name its own)."""
    model, flags = _cpu()
    widest = next((name for flag, name in _VECTORS if flag in flags), "plain")
    cores = len(os.sched_getaffinity(0))
    accelerator = _accelerator()
    derived = _slug(accelerator) if accelerator else f"cpu-{platform.machine()}-{widest}-{cores}c"
    return Hardware(
        hardware_class=override or derived,
        cpu=model,
        cores=cores,
        memory_bytes=psutil.virtual_memory().total,
        accelerator=accelerator,
    )


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself."""
    return bool(_cpu()[1] & {"avx512_bf16", "amx_bf16", "bf16"})


def _cpu() -> tuple[str, frozenset[str]]:
    """(model name, instruction set flags)."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown", frozenset()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    return (found[1].strip() if found else platform.machine()), frozenset(flags[1].split() if flags else ())


def _accelerator() -> str | None:
    """The GPUs by name, "2x NVIDIA H200"; None without any."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split(
            "\n"
        )
    except (OSError, subprocess.SubprocessError):
        return None
    names = [line.strip() for line in listed if line.strip()]
    if not names:
        return None
    return names[0] if len(names) == 1 else f"{len(names)}x {names[0]}"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
