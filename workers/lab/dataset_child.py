"""The sandboxed half of the check of a data set: `python -I -m workers.lab.dataset_child PARAMETERS`.

Builds what it judges with (the word lists, the hashes of private items) from files of ours, shuts itself in, and only
then looks at the contestant's bytes. Prints one JSON line, a `Findings`. Exit 3 means that the file did not fit into
the limits.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import BaseModel

from arena.moderation.engine import Engine
from arena.moderation.wordlists import read_lists
from arena.submissions.datasets.check import GROWTH, Caps, check_dataset
from arena.submissions.datasets.contracts import DatasetReport, Source
from workers.lab.inspect_child import OVER_LIMIT, most_memory
from workers.lab.lockdown import Limits, lock_down


class Parameters(BaseModel):
    """Descriptors by number: three to read, two to write."""

    source: Source
    max_rows: int
    max_row_bytes: int
    max_bytes: int
    file_in: int
    word_lists_in: int
    private_in: int
    canonical_out: int
    cleaned_out: int
    memory_bytes: int
    cpu_seconds: int
    parent: int
    """The process that started this one: they end together."""


class Findings(BaseModel):
    report: DatasetReport
    idle_bytes: int
    """The most memory that this process had used before it looked at the file, and (`peak_bytes`) at the end."""
    peak_bytes: int


def main() -> int:
    asked = Parameters.model_validate_json(sys.argv[1])
    limits = Limits(asked.memory_bytes, asked.cpu_seconds, file_bytes=GROWTH * asked.max_bytes)
    memory = Path("/proc/self/status").open("rb", buffering=0)  # noqa: SIM115 - no file can be opened later
    with os.fdopen(asked.word_lists_in, "rb") as lists, os.fdopen(asked.private_in, "rb") as grams:
        engine = Engine(read_lists(lists.read()))
        private = np.frombuffer(grams.read(), np.uint64)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    pa.set_memory_pool(pa.system_memory_pool())
    idle = most_memory(memory)
    lock_down(limits, asked.parent)
    caps = Caps(asked.max_rows, asked.max_row_bytes, asked.max_bytes)
    with (
        os.fdopen(asked.file_in, "rb") as file,
        os.fdopen(asked.canonical_out, "w+b") as canonical,
        os.fdopen(asked.cleaned_out, "w+b") as cleaned,
    ):
        try:
            report = check_dataset(file, asked.source, caps, engine, private, canonical, cleaned)
        except MemoryError:
            return OVER_LIMIT
    findings = Findings(report=report, idle_bytes=idle, peak_bytes=most_memory(memory))
    print(findings.model_dump_json(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
