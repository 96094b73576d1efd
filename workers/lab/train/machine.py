"""The machine that trains: what it is, what it holds, and how a processor is kept from clearing memory twice."""

import contextlib
import ctypes
import os
import platform
import resource
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

LIBRARIES = ("accelerate", "peft", "safetensors", "torch", "transformers", "trl")


def keep_freed_memory() -> None:
    """Tell glibc to reuse large freed blocks instead of handing each back to the kernel.

    A step frees and asks again for the same hundred megabytes; on a processor, clearing fresh pages took half its time.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library: only slower
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(-4, 0)  # M_MMAP_MAX: no block of its own for a large request
        mallopt(-1, -1)  # M_TRIM_THRESHOLD: never shrink the heap; a large number is only a large number


def machine() -> dict[str, Any]:
    """The hardware, in words; no host name, which would say nothing about the run."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = names[0] if names else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.system(),
    }


def accelerators() -> list[str]:
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]


def libraries() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def peak_bytes() -> int:
    """The most that this process has held: of its GPU when it has one, else of memory."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    with contextlib.suppress(OSError), Path("/proc/self/status").open() as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    # Elsewhere than on Linux, where this would count what the process that started this one has held, too.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
