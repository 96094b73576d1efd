"""The corpus of hostile adapters through the real sandbox: its memory, its time limit, its end."""

from pathlib import Path

import pytest

from arena.submissions.artifacts import ALIGNMENT, CONFIG, MAX_CONFIG_BYTES, WEIGHTS
from arena.submissions.contracts import FileIn, FileOut, VerifyContract
from tests.support import hostile_adapters as hostile
from tests.support.hostile_adapters import CASES
from workers.lab import verify
from workers.lab.job import JobContext
from workers.lab.sandbox import Findings, inspect

LIMITS = {CONFIG: MAX_CONFIG_BYTES, WEIGHTS: hostile.MAX_BYTES}
CONTRACT = VerifyContract(
    submission_id="s",
    artifact="adapter",
    base_model=hostile.BASE.id,
    max_rank=hostile.MAX_RANK,
    files=[FileIn(name=name, url="", sha256="", max_bytes=most) for name, most in LIMITS.items()],
    canonical=[FileOut(name=name, put_url="", max_bytes=most + ALIGNMENT) for name, most in LIMITS.items()],
)
HOW = verify.INSPECTIONS["adapter"]

HEAVY = {18, 19, 20}
"""Rows about files that are costly to read: every case goes through the sandbox. Of the others, one for each row and
code; in the process itself all of them are tested (tests/arena/submissions)."""


def chosen() -> list[str]:
    found: dict[tuple[int, str], str] = {}
    for name, case in CASES.items():
        found.setdefault((case.row, case.code), name)
    heavy = [name for name, case in CASES.items() if case.row in HEAVY or "nested" in name or "bomb" in name]
    return list(dict.fromkeys([*heavy, *found.values()]))


def through_the_sandbox(config: bytes, weights: bytes, folder: Path) -> Findings:
    sources, targets = ({name: folder / f"{name}.{end}" for name in LIMITS} for end in ("in", "out"))
    sources[CONFIG].write_bytes(config)
    sources[WEIGHTS].write_bytes(weights)
    return inspect(HOW, CONTRACT, JobContext(folder), sources, targets)


@pytest.mark.parametrize("name", chosen())
def test_the_sandbox_gives_each_case_its_own_code(name: str, tmp_path: Path) -> None:
    """`artifact.inspection_limit` would be an answer too, but the wrong one: none of these has to meet a limit."""
    found = through_the_sandbox(*CASES[name].make(), tmp_path)
    assert found.refusal is not None, "admitted"
    assert found.refusal.code == CASES[name].code
    assert found.peak_bytes <= HOW.memory_bytes
    assert (tmp_path / f"{WEIGHTS}.out").stat().st_size == 0, "nothing is written of what is refused"


def test_an_honest_adapter_passes_the_sandbox(tmp_path: Path) -> None:
    assert through_the_sandbox(hostile.config(), hostile.weights(), tmp_path).refusal is None
    assert (tmp_path / f"{WEIGHTS}.out").stat().st_size > 0
