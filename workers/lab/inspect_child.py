"""The sandboxed half of verification: `python -I -m workers.lab.inspect_child PARAMETERS`.

Gets open descriptors from its parent, locks itself down, and only then looks at the contestant's bytes. Prints one JSON
line, a `Findings`. Exit 3 means that the file did not fit into the limits.
"""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel

from arena.shows.base_models import BASE_MODELS
from arena.submissions.contracts import Check, Measures, Refusal
from arena.submissions.inspection import inspect_adapter
from arena.submissions.similarity import StoredAdapter, measure
from workers.lab.lockdown import Limits, lock_down

OVER_LIMIT = 3


class Parameters(BaseModel):
    """Descriptors by number: two to read, two to write."""

    base_model: str
    max_rank: int
    max_bytes: int
    config_in: int
    weights_in: int
    config_out: int
    weights_out: int
    memory_bytes: int
    cpu_seconds: int
    parent: int
    """The process that started this one: they end together."""


class Findings(BaseModel):
    checks: list[Check]
    refusal: Refusal | None
    rank: int | None = None
    modules: list[str] = []
    measures: Measures | None = None
    idle_bytes: int = 0
    """The most memory that this process had used before it looked at the files, and (`peak_bytes`) at the end."""
    peak_bytes: int = 0


def main() -> int:
    asked = Parameters.model_validate_json(sys.argv[1])
    base = BASE_MODELS[asked.base_model]
    # The canonical file is never larger than its source plus a header that names every tensor.
    limits = Limits(asked.memory_bytes, asked.cpu_seconds, file_bytes=asked.max_bytes + (2 << 20))
    memory = Path("/proc/self/status").open("rb", buffering=0)  # noqa: SIM115 - no file can be opened later
    idle = most_memory(memory)
    lock_down(limits, asked.parent)
    with (
        os.fdopen(asked.config_in, "rb") as config_in,
        os.fdopen(asked.weights_in, "rb") as weights_in,
        os.fdopen(asked.config_out, "wb") as config_out,
        os.fdopen(asked.weights_out, "wb") as weights_out,
    ):
        measures = None
        try:
            found = inspect_adapter(config_in.read(), weights_in, base, asked.max_rank, asked.max_bytes)
            if found.config is not None:
                found.write_canonical(weights_in, base, config_out, weights_out)
                measures = measure(StoredAdapter(weights_in, found.entries, found.config.scale), base)
        except MemoryError:
            return OVER_LIMIT
    findings = Findings(
        checks=found.checks,
        refusal=found.refusal,
        rank=found.config.rank if found.config else None,
        modules=found.modules,
        measures=measures,
        idle_bytes=idle,
        peak_bytes=most_memory(memory),
    )
    print(findings.model_dump_json(), flush=True)
    return 0


def most_memory(status: BinaryIO) -> int:
    """The resident memory at its highest, in bytes, from an open /proc/PID/status.

    Not `getrusage`: it counts the parent's memory too, which a child shares until it runs its own program.
    """
    status.seek(0)
    line = next(line for line in status.read().splitlines() if line.startswith(b"VmHWM:"))
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    sys.exit(main())
