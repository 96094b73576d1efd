"""The files of suites that ship, where a lab would have fetched them to."""

from pathlib import Path

from arena.benchmarks import suites
from arena.benchmarks.contracts import SuiteSpec


def lay_out(listed: list[SuiteSpec], folder: Path) -> Path:
    """Returns the folder, as `make_items` wants it."""
    for suite in listed:
        for digest in suite.files:
            (folder / f"{digest}.jsonl").write_bytes(suites.shipped_files()[digest].read_bytes())
    return folder
