"""A data set through its check in the sandbox. This process never looks at the contestant's bytes."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from arena.submissions.datasets.check import Caps
from arena.submissions.datasets.contracts import Source
from workers.lab.dataset_child import Findings, Parameters
from workers.lab.inspect_child import OVER_LIMIT
from workers.lab.job import JobContext, JobFailed

MEMORY_BYTES = 1 << 30
"""Of addresses: a third of it is libraries, and room for the index of a million rows another."""
CPU_SECONDS = 60
CPU_BYTES_PER_SECOND = 1 << 20
"""A minute for the start, plus one second for every MiB, which any core reads several times faster."""

_CRASHES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL)
_LIMITS = (OVER_LIMIT, -signal.SIGXCPU, -signal.SIGXFSZ)

ENVIRONMENT: Mapping[str, str] = {
    "LC_ALL": "C.UTF-8",
    # One thread: a pool of them would not fit into the memory limit, nor be allowed.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "ARROW_IO_THREADS": "1",
    "PYDANTIC_DISABLE_PLUGINS": "1",
    # Blocks of a batch go back to the system when they are freed, and never gather.
    "MALLOC_ARENA_MAX": "1",
}


class Files(NamedTuple):
    """What was sent, what it is judged with, and where the two versions go."""

    file: Path
    word_lists: Path
    private: Path
    canonical: Path
    cleaned: Path


def check(source: Source, caps: Caps, files: Files, job: JobContext) -> Findings | None:
    """The findings; None when the file exhausted the limits or broke the reader, which nothing honest does.

    A child that breaks otherwise is our fault, and the job is retried.
    """
    cpu_seconds = CPU_SECONDS + caps.max_bytes // CPU_BYTES_PER_SECOND
    lines: list[bytes] = []
    with (
        files.file.open("rb") as a,
        files.word_lists.open("rb") as b,
        files.private.open("rb") as c,
        files.canonical.open("w+b") as d,
        files.cleaned.open("w+b") as e,
    ):
        descriptors = [one.fileno() for one in (a, b, c, d, e)]
        asked = Parameters(
            source=source,
            max_rows=caps.max_rows,
            max_row_bytes=caps.max_row_bytes,
            max_bytes=caps.max_bytes,
            file_in=descriptors[0],
            word_lists_in=descriptors[1],
            private_in=descriptors[2],
            canonical_out=descriptors[3],
            cleaned_out=descriptors[4],
            memory_bytes=MEMORY_BYTES,
            cpu_seconds=cpu_seconds,
            parent=os.getpid(),
        )
        ended = job.run_child(
            [sys.executable, "-I", "-m", "workers.lab.dataset_child", asked.model_dump_json()],
            timeout=4.0 * cpu_seconds,
            on_line=lines.append,
            environment=ENVIRONMENT,
            pass_fds=descriptors,
            stderr=job.folder / "dataset.log",
        )
    if ended.timed_out or ended.code in (*_LIMITS, *_CRASHES):
        return None
    try:
        (line,) = lines
        return Findings.model_validate_json(line)
    except (ValueError, ValidationError) as error:
        raise JobFailed(f"The check of the data set broke (exit {ended.code}).", retry=True) from error
