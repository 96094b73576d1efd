"""The inspection of a data set: `python -I -m workers.lab.inspect_dataset PARAMETERS`, in the sandbox."""

import sys
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from pyarrow import parquet as pq

from arena.moderation.engine import Engine
from arena.moderation.rules import Action
from arena.moderation.wordlists import Term, read_lists, word_list
from arena.submissions.artifacts import DATA_CLEANED, DATA_JSONL, DATA_PARQUET
from arena.submissions.contracts import Check, Refusal
from arena.submissions.datasets.check import Caps, check_dataset
from arena.submissions.datasets.contracts import (
    CANARIES,
    PRIVATE,
    WORD_LISTS,
    DatasetReport,
    Finding,
    Source,
)
from arena.submissions.datasets.findings import CHECKS, KINDS
from arena.submissions.datasets.overlap import private_grams
from workers.lab.sandbox import Files, Findings, Parameters, inside


def look(asked: Parameters, sources: Files, targets: Files) -> Findings:
    engine = Engine(read_lists(sources[WORD_LISTS].read()))
    private = np.frombuffer(sources[PRIVATE].read(), np.uint64)
    canaries = [_canary(line) for line in sources[CANARIES].read().decode().splitlines()]
    name = DATA_PARQUET if DATA_PARQUET in sources else DATA_JSONL
    report = check_dataset(
        sources[name],
        "parquet" if name == DATA_PARQUET else "jsonl",
        Caps(asked.limits[name]),
        engine,
        private,
        targets[DATA_JSONL],
        targets[DATA_CLEANED],
        canaries,
    )
    first = report.refused
    refusal = Refusal(code=first.code, message=first.message) if first is not None else None
    return Findings(checks=checklist(report), refusal=refusal, report=report)


def _canary(line: str) -> tuple[str, str]:
    suite, canary = line.split(" ", 1)
    return suite, canary


def checklist(report: DatasetReport) -> list[Check]:
    """The report as lines: what is worth a look, line by line. Once a file turns out to be none, nothing is reached."""
    lines: list[Check] = []
    reached = True
    for code in CHECKS:
        found = [one for one in report.findings if KINDS[one.code].check == code and one.severity != "info"]
        if not found:
            lines.append(Check(code=code, status="passed" if reached else "pending"))
            continue
        reached = report.rows > 0
        status = "refused" if any(one.severity == "refused" for one in found) else "warning"
        lines.append(Check(code=code, status=status, detail={"problems": [_problem(one) for one in found]}))
    return lines


def _problem(finding: Finding) -> dict[str, Any]:
    named = [one.row for one in finding.examples[:5]]
    detail = {"rows": finding.rows, "first_rows": named, **finding.detail}
    return {"code": finding.code, "message": finding.message, "detail": detail}


def rehearse() -> None:
    """Everything once over rows of our own: numpy and pyarrow load parts of themselves when these are first used, and
    later no file can be opened.
    """
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    engine = Engine([word_list("rehearsal", (Term("rehearsal", "en", "other", Action.HOLD),))])
    rows = [
        {"prompt": "What is this?", "completion": text, "label": True} for text in ("A rehearsal.", "1.1.1.1")
    ]
    lines, columns = b"".join(orjson.dumps(row) + b"\n" for row in 2 * rows), BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), columns)
    both: Sequence[tuple[Source, BytesIO]] = (("jsonl", BytesIO(lines)), ("parquet", columns))
    for source, file in both:
        check_dataset(
            file, source, Caps(1 << 20, max_rows=9), engine, private_grams([]), BytesIO(), BytesIO()
        )


if __name__ == "__main__":
    rehearse()
    sys.exit(inside(look))
