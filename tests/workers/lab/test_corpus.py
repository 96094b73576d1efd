"""The corpus of hostile adapters through the real sandbox: its memory, its time limit, its end."""

from pathlib import Path

import pytest

from arena.submissions.contracts import VerifyContract
from tests.support import hostile_adapters as hostile
from tests.support.hostile_adapters import CASES
from workers.lab import verify
from workers.lab.inspect_child import Findings
from workers.lab.job import JobContext

CONTRACT = VerifyContract(
    submission_id="s", base_model=hostile.BASE.id, max_rank=hostile.MAX_RANK, max_bytes=hostile.MAX_BYTES,
    config_url="", weights_url="", weights_sha256="", sealed_config_put_url="", sealed_weights_put_url="",
)  # fmt: skip

HEAVY = {18, 19, 20}
"""Rows about files that are costly to read: every case goes through the sandbox. Of the others, the first and the last
per code; in the process itself all of them are tested (tests/arena/submissions)."""


def chosen() -> list[str]:
    found: dict[tuple[int, str], list[str]] = {}
    for name, case in CASES.items():
        found.setdefault((case.row, case.code), []).append(name)
    heavy = [name for name, case in CASES.items() if case.row in HEAVY or "nested" in name or "bomb" in name]
    ends = [name for names in found.values() for name in (names[0], names[-1])]
    return list(dict.fromkeys(heavy + ends))


def through_the_sandbox(config: bytes, weights: bytes, folder: Path) -> Findings:
    sources, outs = (
        (folder / "config.in", folder / "weights.in"),
        (folder / "config.out", folder / "weights.out"),
    )
    for path, data in zip(sources, (config, weights), strict=True):
        path.write_bytes(data)
    return verify.inspect(CONTRACT, JobContext(folder), (*sources, *outs))


@pytest.mark.parametrize("name", chosen())
def test_the_sandbox_gives_each_case_its_own_code(name: str, tmp_path: Path) -> None:
    """`artifact.inspection_limit` would be an answer too, but the wrong one: none of these has to meet a limit."""
    found = through_the_sandbox(*CASES[name].make(), tmp_path)
    assert found.refusal is not None, "admitted"
    assert found.refusal.code == CASES[name].code
    assert found.peak_bytes <= verify.MEMORY_BYTES
    assert (tmp_path / "weights.out").stat().st_size == 0, "nothing is written of what is refused"


def test_an_honest_adapter_passes_the_sandbox(tmp_path: Path) -> None:
    assert through_the_sandbox(hostile.config(), hostile.weights(), tmp_path).refusal is None
    assert (tmp_path / "weights.out").stat().st_size > 0
