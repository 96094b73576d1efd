"""The corpus of hostile data sets against the check, in this process (tests/workers/lab: in the sandbox). And fuzz."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.moderation.engine import Engine
from arena.moderation.wordlists import shipped
from arena.submissions.datasets.check import check_dataset
from arena.submissions.datasets.contracts import DatasetReport, Source
from arena.submissions.datasets.findings import KINDS
from arena.submissions.datasets.overlap import private_grams
from arena.submissions.refusals import CODES
from tests.arena.submissions.test_hostile_adapters import placeholders
from tests.support.dataset_files import CAPS, CASES, GOOD, PARQUET, jsonl
from workers.lab.inspect_dataset import checklist

ENGINE = Engine(shipped())


def check(data: bytes, source: Source = "jsonl") -> DatasetReport:
    return check_dataset(
        io.BytesIO(data), source, CAPS, ENGINE, private_grams([]), io.BytesIO(), io.BytesIO()
    )


@pytest.mark.parametrize("name", CASES)
def test_each_case_is_refused_with_its_own_code(name: str) -> None:
    found = check(CASES[name].make(), CASES[name].source)
    assert found.refused is not None, "admitted"
    refused = [finding for finding in found.findings if finding.severity == "refused"]
    assert [finding.code for finding in refused] == [CASES[name].code]
    assert found.canonical is None
    assert DatasetReport.model_validate_json(found.model_dump_json()) == found
    (said,) = [one.detail["problems"] for one in checklist(found) if one.status == "refused"]
    for problem in said:
        assert placeholders(problem["code"]) <= problem["detail"].keys(), "the page would show a hole"


def test_the_corpus_is_large_and_covers_every_refusal() -> None:
    assert len(CASES) >= 100
    refusals = {code for code, kind in KINDS.items() if kind.severity == "refused"}
    moderated = {"dataset.moderation_blocked", "dataset.moderation_held"}
    assert refusals - moderated == {case.code for case in CASES.values()}
    assert KINDS.keys() <= CODES.keys(), "every code is counted, and explained on the pages"


def test_a_broken_row_is_named_by_its_line_and_left_out_of_the_cleaned_version() -> None:
    data = b"\n" + jsonl(GOOD[:2]) + b'{"messages": "a"}\n' + jsonl(GOOD[2:])
    found = check(data)
    assert found.refused is not None
    assert [(one.row, one.place) for one in found.refused.examples] == [(4, "messages")]
    assert found.cleaned is not None
    assert found.cleaned.rows == len(GOOD)
    assert found.cleaned.removed == {"dataset.wrong_type": 1}


def test_a_thousand_mistakes_have_twenty_examples() -> None:
    found = check(jsonl(GOOD) + b"?\n" * 400)
    assert found.refused is not None
    assert found.refused.rows == 400
    assert [one.row for one in found.refused.examples] == list(range(6, 26))


def test_nothing_that_could_not_be_read_to_its_end_is_cleaned() -> None:
    assert check(jsonl(GOOD) + b"?\n" * 500).cleaned is None


_KEYS = st.sampled_from(
    ["messages", "prompt", "chosen", "rejected", "completion", "label", "role", "content", "x"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
_TEXTS = (
    st.sampled_from(["user", "assistant", "system", "hello", "", "13812345678", "a@b.cn", "\u202e"])
    | st.text()
)
_ROWS = (
    JSON
    | st.fixed_dictionaries(
        {"messages": st.lists(st.fixed_dictionaries({"role": _TEXTS, "content": _TEXTS}), max_size=4)}
    )
    | st.fixed_dictionaries({"prompt": _TEXTS, "chosen": _TEXTS, "rejected": _TEXTS})
    | st.fixed_dictionaries({"prompt": _TEXTS, "completion": _TEXTS, "label": st.booleans()})
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=8))
def test_any_json_has_a_report_and_what_is_admitted_is_canonical(rows: list[Any]) -> None:
    _admitted_is_canonical("".join(json.dumps(one) + "\n" for one in rows).encode())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40) | st.sampled_from(jsonl(GOOD).splitlines()), max_size=6), st.data())
def test_any_bytes_have_a_report(lines: list[bytes], data: st.DataObject) -> None:
    file = bytearray(b"\n".join(lines))
    if file:
        place = data.draw(st.integers(0, len(file) - 1))
        file[place] = data.draw(st.integers(0, 255))
    _admitted_is_canonical(bytes(file))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PARQUET) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_parquet_has_a_report(changes: list[tuple[int, int]]) -> None:
    file = bytearray(PARQUET)
    for place, byte in changes:
        file[place] = byte
    check(bytes(file), "parquet")


def _admitted_is_canonical(data: bytes) -> None:
    once, cleaned = io.BytesIO(), io.BytesIO()
    found = check_dataset(io.BytesIO(data), "jsonl", CAPS, ENGINE, private_grams([]), once, cleaned)
    for version, made in ((found.canonical, once), (found.cleaned, cleaned)):
        if version is None:
            continue
        second = check_dataset(
            io.BytesIO(made.getvalue()), "jsonl", CAPS, ENGINE, private_grams([]), io.BytesIO(), io.BytesIO()
        )
        assert second.canonical is not None
        assert second.canonical.sha256 == version.sha256
