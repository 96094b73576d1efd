"""Data sets through the real sandbox: the corpus, its memory, its end; and what only a sandbox can survive."""

import random
import signal
from pathlib import Path

import numpy as np
import pytest

from arena.moderation.wordlists import shipped, write_lists
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.artifacts import DATA_CLEANED, DATA_JSONL, DATA_PARQUET
from arena.submissions.contracts import FileIn, FileOut, VerifyContract
from arena.submissions.datasets.contracts import CANARIES, PRIVATE, WORD_LISTS, Source
from arena.submissions.datasets.overlap import private_grams
from tests.support.dataset_files import CASES, PARQUET, jsonl, parquet, rows
from workers.lab import sandbox
from workers.lab.dataset import INSPECTION
from workers.lab.job import Ended, JobContext
from workers.lab.sandbox import Findings

MAX_BYTES = 1 << 20


def through_the_sandbox(
    data: bytes, source: Source, folder: Path, items: list[str] | None = None, canaries: str = ""
) -> Findings:
    name = DATA_JSONL if source == "jsonl" else DATA_PARQUET
    sources = {name: folder / name, WORD_LISTS: folder / "lists", PRIVATE: folder / "private"}
    sources[CANARIES] = folder / "canaries"
    sources[CANARIES].write_text(canaries)
    sources[name].write_bytes(data)
    sources[WORD_LISTS].write_bytes(write_lists(shipped()))
    sources[PRIVATE].write_bytes(np.asarray(private_grams(items or [])).tobytes())
    outs = [FileOut(name=one, put_url="", max_bytes=2 * MAX_BYTES) for one in (DATA_JSONL, DATA_CLEANED)]
    contract = VerifyContract(
        submission_id="s", artifact="dataset", base_model=HOUSE_MODEL.id, max_rank=1,
        files=[FileIn(name=name, url="", sha256="", max_bytes=MAX_BYTES)], canonical=outs[:1],
    )  # fmt: skip
    targets = {one.name: folder / f"{one.name}.out" for one in outs}
    return sandbox.inspect(INSPECTION, contract, JobContext(folder), sources, targets)


SMALL_CAPS = {"dataset.row_too_long", "dataset.too_many_rows", "dataset.text_too_large"}
"""Made for other limits than the sandbox has (tests/arena/submissions/datasets has those)."""


def chosen() -> list[str]:
    """One case per code of Parquet, where the reader is not ours, and some of JSONL. All of them are tested in the
    process itself.
    """
    found = {(case.code, case.source): name for name, case in CASES.items() if case.code not in SMALL_CAPS}
    return [name for (_, source), name in found.items() if source == "parquet" or name in OTHERS]


OTHERS = ("one pretty JSON array", "a pickle", "nested 1,900 deep and broken", "a large file", "all NUL")


@pytest.mark.parametrize("name", chosen())
def test_the_sandbox_gives_each_case_its_own_code(name: str, tmp_path: Path) -> None:
    found = through_the_sandbox(CASES[name].make(), CASES[name].source, tmp_path)
    assert found.refusal is not None, "admitted"
    assert found.refusal.code == CASES[name].code
    assert found.peak_bytes <= 512 << 20
    statuses = [check.status for check in found.checks]
    assert statuses.count("refused") == 1
    if found.report is not None and found.report.rows == 0:
        at = statuses.index("refused")
        assert set(statuses[:at]) <= {"passed"} and set(statuses[at + 1 :]) <= {"pending"}


@pytest.mark.parametrize("source", ["jsonl", "parquet"])
def test_an_honest_data_set_passes_the_sandbox(source: Source, tmp_path: Path) -> None:
    made = rows("preference", 60)
    data = jsonl(made) if source == "jsonl" else parquet(made, compression="zstd")
    found = through_the_sandbox(
        data, source, tmp_path, ["Which of the four lanterns is lit by the last judge?"]
    )
    assert found.refusal is None
    assert {check.status for check in found.checks} == {"passed"}
    assert found.report is not None
    assert found.report.private_grams == 4
    assert found.report.canonical is not None
    assert (tmp_path / "data.jsonl.out").stat().st_size == found.report.canonical.bytes


def test_a_page_that_unpacks_to_more_than_there_is_memory_is_refused(tmp_path: Path) -> None:
    text = "a" * (400 << 20)
    rows = [{"prompt": "p", "completion": text, "label": True}]
    # Least and largest values are of no use here, and finding them takes longer than all the rest.
    bomb = parquet(rows, compression="zstd", use_dictionary=False, write_statistics=False)
    assert len(bomb) < MAX_BYTES
    found = through_the_sandbox(bomb, "parquet", tmp_path)
    assert found.refusal is not None
    assert found.refusal.code in (
        "artifact.inspection_limit",
        "dataset.parquet_invalid",
        "dataset.row_too_long",
    )


def test_broken_parquet_never_looks_like_a_fault_of_ours(tmp_path: Path) -> None:
    """Each of these raises JobFailed if the child ends in a way that nothing foresees."""
    draw = random.Random(7)
    for number in range(6):
        data = bytearray(PARQUET)
        for _ in range(8):
            data[draw.randrange(4, len(data))] = draw.randrange(256)
        (tmp_path / str(number)).mkdir()
        through_the_sandbox(bytes(data), "parquet", tmp_path / str(number))


@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_file_over_which_the_reader_crashes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: int
) -> None:
    monkeypatch.setattr(JobContext, "run_child", lambda *_, **__: Ended(-by, False))
    found = through_the_sandbox(b"{}", "jsonl", tmp_path)
    assert found.refusal is not None
    assert found.refusal.code == "dataset.unreadable"


def test_the_canaries_of_the_suites_reach_the_sandbox(tmp_path: Path) -> None:
    made = rows("messages", 4)
    made[1]["messages"][-1]["content"] = "It goes on with 7f3c9b52-0c1d-4c8e."
    found = through_the_sandbox(jsonl(made), "jsonl", tmp_path, canaries="reading 7f3c9b52-0c1d-4c8e\n")
    assert found.report is not None
    assert [(one.code, one.detail) for one in found.report.findings] == [
        ("dataset.canary", {"suites": {"reading": 1}})
    ]
    (line,) = [check for check in found.checks if check.code == "overlap"]
    assert line.status == "warning" and found.refusal is None
