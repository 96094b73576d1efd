"""Both sides of an inspection: `inspect` starts a child over a contestant's files, `inside` is that child's program.

The child gets open descriptors from its parent, locks itself down, and only then looks at the bytes. It prints one JSON
line, a `Findings`. Exit 3 means that the files did not fit into the limits.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ValidationError

from arena.submissions.contracts import Check, Measures, Refusal, VerifyContract
from arena.submissions.datasets.contracts import DatasetReport
from workers.lab.job import Ended, JobContext, JobFailed
from workers.lab.lockdown import Limits, lock_down

OVER_LIMIT = 3


@dataclass(frozen=True)
class Inspection:
    """How a kind of artifact is inspected: by which program, within which limits."""

    module: str
    checks: tuple[str, ...]
    """The lines of its checklist, in order."""
    memory_bytes: int = 512 << 20
    cpu_seconds: int = 10
    cpu_bytes_per_second: int = 32 << 20
    """Ten seconds for the parsing, plus one for every 32 MiB of values, which any core reads several times faster."""
    crash: Refusal | None = None
    """Why a file over which the reader crashes is refused, where the reader is not ours. Else it is our fault."""


class Parameters(BaseModel):
    """What a child is told. Its files are descriptors by name, some to read and some to write."""

    base_model: str
    max_rank: int
    max_system_chars: int
    limits: dict[str, int]
    """Most bytes, by the name of a file to read."""
    sources: dict[str, int]
    targets: dict[str, int]
    max_target_bytes: int
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
    report: DatasetReport | None = None
    idle_bytes: int = 0
    """The most memory that the child had used before it looked at the files, and (`peak_bytes`) at the end."""
    peak_bytes: int = 0


Files = Mapping[str, BinaryIO]
"""By the name that the contract gives them."""


# --- the parent ---------------------------------------------------------------------------------------------------


def inspect(
    how: Inspection,
    contract: VerifyContract,
    job: JobContext,
    sources: Mapping[str, Path],
    targets: Mapping[str, Path],
) -> Findings:
    """Run the inspection in its sandbox.

    Files that exhaust the limits are refused: nothing honest does. A child that breaks otherwise is our fault, and the
    job is retried.
    """
    limits = {file.name: file.max_bytes for file in contract.files}
    size = sum(path.stat().st_size for path in sources.values())
    cpu_seconds = how.cpu_seconds + size // how.cpu_bytes_per_second
    lines: list[bytes] = []
    with ExitStack() as stack:
        reading = {name: stack.enter_context(path.open("rb")) for name, path in sources.items()}
        writing = {name: stack.enter_context(path.open("w+b")) for name, path in targets.items()}
        asked = Parameters(
            base_model=contract.base_model,
            max_rank=contract.max_rank,
            max_system_chars=contract.max_system_chars,
            limits=limits,
            sources={name: file.fileno() for name, file in reading.items()},
            targets={name: file.fileno() for name, file in writing.items()},
            max_target_bytes=max(file.max_bytes for file in contract.canonical),
            memory_bytes=how.memory_bytes,
            cpu_seconds=cpu_seconds,
            parent=os.getpid(),
        )
        ended = job.run_child(
            [sys.executable, "-I", "-m", how.module, asked.model_dump_json()],
            timeout=4.0 * cpu_seconds,
            on_line=lines.append,
            # One thread: a pool of them would not fit into the memory limit, nor be allowed. No plugins: looking for
            # them takes a third of the start. Arrow's own memory pool sets a gigabyte of addresses aside.
            environment={
                "ARROW_DEFAULT_MEMORY_POOL": "system",
                "LC_ALL": "C.UTF-8",
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
                "PYDANTIC_DISABLE_PLUGINS": "1",
            },
            pass_fds=(*asked.sources.values(), *asked.targets.values()),
            stderr=job.folder / "inspect.log",
        )
    if _over_limit(ended):
        return _refused(how.checks, _LIMITS)
    if how.crash is not None and ended.code in _CRASHES:
        return _refused(how.checks, how.crash)
    try:
        (line,) = lines
        return Findings.model_validate_json(line)
    except (ValueError, ValidationError) as error:
        raise JobFailed(f"The inspection broke (exit {ended.code}).", retry=True) from error


def _over_limit(ended: Ended) -> bool:
    return ended.timed_out or ended.code in (OVER_LIMIT, -signal.SIGXCPU, -signal.SIGXFSZ)


_CRASHES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL)
_LIMITS = Refusal(
    code="artifact.inspection_limit",
    message="The files could not be inspected within the limits of memory and time.",
)


def _refused(checks: tuple[str, ...], refusal: Refusal) -> Findings:
    first = Check(
        code=checks[0], status="refused", detail={"problems": [refusal.model_dump() | {"detail": {}}]}
    )
    return Findings(
        checks=[first, *(Check(code=code, status="pending") for code in checks[1:])], refusal=refusal
    )


# --- the child ----------------------------------------------------------------------------------------------------


def inside(look: Callable[[Parameters, Files, Files], Findings]) -> int:
    """The main program of a child: lock down, `look` (parameters, files to read, files to write), say what it found.

    Everything that `look` needs is imported and open before: no file can be opened later.
    """
    asked = Parameters.model_validate_json(sys.argv[1])
    limits = Limits(asked.memory_bytes, asked.cpu_seconds, file_bytes=asked.max_target_bytes)
    memory = Path("/proc/self/status").open("rb", buffering=0)  # noqa: SIM115 - no file can be opened later
    idle = most_memory(memory)
    lock_down(limits, asked.parent)
    with ExitStack() as stack:
        sources = {name: stack.enter_context(os.fdopen(at, "rb")) for name, at in asked.sources.items()}
        targets = {name: stack.enter_context(os.fdopen(at, "w+b")) for name, at in asked.targets.items()}
        try:
            found = look(asked, sources, targets)
        except MemoryError:
            return OVER_LIMIT
    told = found.model_copy(update={"idle_bytes": idle, "peak_bytes": most_memory(memory)})
    print(told.model_dump_json(), flush=True)
    return 0


def most_memory(status: BinaryIO) -> int:
    """The resident memory at its highest, in bytes, from an open /proc/PID/status.

    Not `getrusage`: it counts the parent's memory too, which a child shares until it runs its own program.
    """
    status.seek(0)
    line = next(line for line in status.read().splitlines() if line.startswith(b"VmHWM:"))
    return int(line.split()[1]) << 10
