"""What a data set needs beside its files: the word lists, the hashes of private items, the canaries of suites, and a
place for the cleaned version.

This process never looks at the contestant's bytes.
"""

from pathlib import Path

import httpx

from arena.benchmarks.contracts import SuiteSpec
from arena.submissions.artifacts import DATA_CLEANED
from arena.submissions.contracts import JudgedBy, Refusal, SuitesGiven
from arena.submissions.datasets.contracts import CANARIES, PRIVATE, WORD_LISTS, DatasetReport
from arena.submissions.datasets.findings import CHECKS
from arena.submissions.datasets.overlap import private_grams
from workers.lab import banks
from workers.lab.job import JobContext, JobFailed
from workers.lab.sandbox import Inspection
from workers.lab.transfer import download, upload

MAX_LISTS_BYTES = 256 << 20

INSPECTION = Inspection(
    "workers.lab.inspect_dataset",
    CHECKS,
    # Of addresses: a third are libraries, and another is room for the index of a million rows.
    memory_bytes=1 << 30,
    # A minute for the start, and one second for every MiB, which any core reads several times faster.
    cpu_seconds=60,
    cpu_bytes_per_second=1 << 20,
    crash=Refusal(
        code="dataset.unreadable", message="The file is so broken that the program which reads it broke off."
    ),
)


def judges(client: httpx.Client, given: JudgedBy, job: JobContext) -> dict[str, Path]:
    """The files of ours that the sandbox gets. Raises JobFailed (to be retried)."""
    lists, private, canaries = (job.folder / name for name in (WORD_LISTS, PRIVATE, CANARIES))
    _, whole = download(client, given.word_lists_url, lists, MAX_LISTS_BYTES)
    if not whole:
        raise JobFailed("The word lists are too large for this worker.", retry=False)
    private.write_bytes(private_grams(_private_items(given.suites, job)).tobytes())
    suites = map(SuiteSpec.model_validate, given.suites.specs)
    canaries.write_text("".join(f"{suite.id} {suite.canary}\n" for suite in suites))
    return {WORD_LISTS: lists, PRIVATE: private, CANARIES: canaries}


def _private_items(given: SuitesGiven, job: JobContext) -> list[str]:
    # Slow to import, and only needed here.
    from workers.lab.questions import SuiteUnavailable, make_items

    files = banks.fetch(given.files, job)
    suites = map(SuiteSpec.model_validate, given.specs)
    try:
        made = [items for suite in suites for items in make_items(suite, files).values()]
    except SuiteUnavailable as error:
        raise JobFailed(str(error), retry=True) from error
    return [item.question for items in made for item in items]


def store_cleaned(
    client: httpx.Client, given: JudgedBy, report: DatasetReport | None, targets: dict[str, Path]
) -> None:
    if report is not None and report.cleaned is not None:
        upload(client, given.cleaned.put_url, targets[DATA_CLEANED])
