"""Honest data sets: every form, both files, Chinese and English. None is refused, and each has one canonical form."""

import io
import json
from typing import Any

import pyarrow as pa
import pytest

from arena.moderation.engine import Engine
from arena.moderation.wordlists import read_lists, shipped, write_lists
from arena.submissions.datasets.check import check_dataset
from arena.submissions.datasets.contracts import DatasetReport, Form, Source
from arena.submissions.datasets.overlap import private_grams
from tests.support.dataset_files import CAPS, jsonl, parquet, rows
from tests.support.dataset_files import row as one_row

ENGINE = Engine(shipped())
FORMS: tuple[Form, ...] = ("messages", "preference", "kto")


def check(
    data: bytes, source: Source = "jsonl", items: list[str] | None = None
) -> tuple[DatasetReport, bytes, bytes]:
    canonical, cleaned = io.BytesIO(), io.BytesIO()
    private = private_grams(items or [])
    found = check_dataset(io.BytesIO(data), source, CAPS, ENGINE, private, canonical, cleaned)
    return found, canonical.getvalue(), cleaned.getvalue()


def codes(found: DatasetReport) -> dict[str, int]:
    return {one.code: one.rows for one in found.findings}


def example(found: DatasetReport, code: str) -> Any:
    return next(one for one in found.findings if one.code == code).examples[0]


# --- admitted -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("messages", [False, True])
def test_every_form_is_admitted_and_the_same_however_it_is_packed(form: Form, messages: bool) -> None:
    made = rows(form, 60, messages)
    compressed = [
        parquet(made, compression=how) for how in ("none", "snappy", "zstd", "gzip", "lz4", "brotli")
    ]
    ways: list[tuple[bytes, Source]] = [
        (jsonl(made), "jsonl"),
        (jsonl(made, separators=(",", ":")), "jsonl"),
        (jsonl(made, sort_keys=True, indent=None), "jsonl"),
        ("".join(json.dumps(one) + "\n" for one in made).encode(), "jsonl"),
        (jsonl(made).replace(b"\n", b"\r\n"), "jsonl"),
        (jsonl(made).rstrip(b"\n"), "jsonl"),
        (jsonl(made).replace(b"\n", b"\n\n"), "jsonl"),
        (b"\xef\xbb\xbf" + jsonl(made), "jsonl"),
        *((file, "parquet") for file in compressed),
        (parquet(made, use_dictionary=False), "parquet"),
        (parquet(made, row_group_size=7), "parquet"),
        (parquet(made, data_page_version="2.0", version="1.0"), "parquet"),
    ]
    canonical = set()
    for data, source in ways:
        found, once, _ = check(data, source)
        assert found.refused is None, (source, found.findings)
        assert not [one for one in found.findings if one.severity == "warning"]
        assert found.form == form
        assert found.canonical is not None
        assert (found.rows, found.canonical.rows, found.canonical.bytes) == (60, 60, len(once))
        assert found.cleaned is None, "there is nothing to clean"
        canonical.add(once)
    assert len(canonical) == 1
    (once,) = canonical
    assert check(once)[1] == once, "canonical(canonical(x)) = canonical(x)"


def test_texts_and_messages_are_the_same_data_set() -> None:
    assert check(jsonl(rows("preference")))[1] == check(jsonl(rows("preference", messages=True)))[1]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_text_columns_of_every_kind_are_read(kind: pa.DataType) -> None:
    made = rows("kto", 20)
    schema = pa.schema([("prompt", kind), ("completion", kind), ("label", pa.bool_())])
    assert check(parquet(made, schema), "parquet")[1] == check(jsonl(made))[1]


def test_what_no_form_has_is_left_out_and_named() -> None:
    made = [one | {"id": number, "源": "网"} for number, one in enumerate(rows("messages", 5))]
    made[0]["messages"][0]["weight"] = 1
    for data, source in ((jsonl(made), "jsonl"), (parquet(made), "parquet")):
        found, once, _ = check(data, source)  # type: ignore[arg-type]
        assert once == check(jsonl(rows("messages", 5)))[1]
        assert set(found.findings[0].detail["fields"]) == {"id", "weight", "(not printable)"}


def test_the_report_counts_rows_lengths_roles_and_labels() -> None:
    found, _, _ = check(jsonl([one_row("kto", number) for number in range(6)]))
    assert found.labels == {"true": 3, "false": 3}
    assert found.roles == {"assistant": 6, "user": 6}
    assert found.lengths is not None
    assert (found.lengths.messages.least, found.lengths.messages.total) == (2, 12)
    two = jsonl(
        [
            {
                "messages": [
                    {"role": "user", "content": "Why, 天空?"},
                    {"role": "assistant", "content": "it’s 42"},
                ]
            }
        ]
    )
    lengths = check(two)[0].lengths
    assert lengths is not None
    assert lengths.characters.total == len("Why, 天空?") + len("it’s 42")
    assert lengths.units.total == 3 + 3, "why 天 空, it s 42"


def test_one_sided_labels_are_told() -> None:
    found, _, _ = check(jsonl([one_row("kto", 2 * number) for number in range(30)]))
    assert codes(found) == {"dataset.one_sided_labels": 0}


# --- rows that repeat ---------------------------------------------------------------------------------------------


def test_exact_duplicates_are_found_and_the_first_stays() -> None:
    made = rows("messages", 10)
    made += [made[3], made[7], made[3]]
    found, _, cleaned = check(jsonl(made))
    assert codes(found) == {"dataset.duplicate": 3}
    assert [(one.row, one.other) for one in found.findings[0].examples] == [(11, 4), (12, 8), (13, 4)]
    assert cleaned == check(jsonl(made[:10]))[1]
    assert found.cleaned is not None
    assert found.cleaned.removed == {"dataset.duplicate": 3}


LONG = (
    "The captain looked at the old map for a long time before she said that the island must lie behind the storm, "
    "because no ship had ever come back from there with dry sails or with a sober cook aboard."
)
长文 = (
    "老船长盯着那张旧地图看了很久，才说那座岛一定在风暴的后面，"
    "因为从来没有一条船带着干帆和清醒的厨子从那里回来过，一次也没有。"
)


@pytest.mark.parametrize(
    ("text", "nearly"),
    [
        (LONG, LONG.replace("sober", "drunken")),
        (LONG, LONG.upper().replace(",", " –")),
        (长文, 长文.replace("清醒", "喝醉")),
        (长文, 长文.replace("从来没有一条船带着", "從來沒有一條船帶著").replace("，", ", ")),
    ],
)
def test_near_duplicates_are_found(text: str, nearly: str) -> None:
    said = [{"prompt": "Tell the story.", "completion": one, "label": True} for one in (text, nearly)]
    others = [one for one in rows("kto", 10) if not one["label"]]
    found, _, _ = check(jsonl([*said, *others]))
    assert codes(found) == {"dataset.near_duplicate": 1}
    assert (example(found, "dataset.near_duplicate").row, example(found, "dataset.near_duplicate").other) == (
        2,
        1,
    )


def test_what_shares_only_the_question_or_only_the_answer_is_no_duplicate() -> None:
    made = [{"messages": talk} for talk in _shared()]
    assert "dataset.near_duplicate" not in codes(check(jsonl(made))[0])


def _shared() -> list[list[dict[str, str]]]:
    def said(asked: str, answered: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]

    one = [
        said(LONG, "Tortuga, as every child could have told you."),
        said(LONG, "Nobody knows, not even the cook."),
    ]
    return [*one, said("Who was late?", LONG), said("What does the first page of the book say?", LONG)]


def test_a_chain_of_lookalikes_keeps_what_is_not_like_the_first() -> None:
    words = LONG.split()
    chain = []
    for number in range(12):
        chain.append({"prompt": "Go on.", "completion": " ".join(words), "label": True})
        words[3 * number : 3 * number + 3] = [f"new{number}", f"more{number}", f"other{number}"]
    _, _, cleaned = check(jsonl(chain))
    kept = len(cleaned.splitlines())
    assert 1 < kept < 12, "each is like the one before, the last is not at all like the first"
    assert codes(check(cleaned)[0]).keys() <= {"dataset.one_sided_labels"}


def test_a_text_with_both_labels_is_a_contradiction() -> None:
    made = rows("kto", 6)
    found, _, cleaned = check(jsonl([*made, made[2] | {"label": not made[2]["label"]}]))
    assert codes(found) == {"dataset.contradiction": 2}
    assert [(one.row, one.other) for one in found.findings[0].examples] == [(3, 7), (7, 3)]
    assert len(cleaned.splitlines()) == 5


def test_equal_answers_teach_no_preference() -> None:
    made = rows("preference", 4)
    made[1]["rejected"] = made[1]["chosen"]
    found, _, cleaned = check(jsonl(made))
    assert codes(found) == {"dataset.same_answers": 1}
    assert len(cleaned.splitlines()) == 3


# --- moderation, personal data, the benchmark ---------------------------------------------------------------------


def test_a_text_against_the_rules_refuses_the_set_and_not_its_cleaned_version() -> None:
    bad = {"messages": [{"role": "user", "content": "What now?"}, {"role": "assistant", "content": BLOCKED}]}
    found, _, cleaned = check(jsonl([*rows("messages", 4), bad]))
    assert found.refused is not None
    assert found.refused.code == "dataset.moderation_blocked"
    assert found.canonical is None
    assert [(one.row, one.excerpt) for one in found.refused.examples] == [(5, "")]
    assert sum(found.refused.detail["categories"].values()) == 1
    assert cleaned == check(jsonl(rows("messages", 4)))[1]


BLOCKED = next(
    term.term for one in shipped() for term in one.terms if term.action == "block" and term.language == "en"
)


def test_the_lists_travel_to_the_sandbox_whole() -> None:
    assert Engine(read_lists(write_lists(shipped()))).digest == ENGINE.digest


def test_personal_data_is_masked_in_the_cleaned_version_and_in_the_report() -> None:
    made = rows("kto", 3)
    made[1]["completion"] = "请打 138 1234 5678 或写信给 li.lei@163.com，谢谢。\u202e"
    found, once, cleaned = check(jsonl(made))
    assert found.refused is None
    assert codes(found) == {
        "dataset.control_characters": 1, "dataset.personal_email": 1, "dataset.personal_phone": 1,
    }  # fmt: skip
    assert "5678" in once.decode()
    said = found.model_dump_json()
    assert "5678" not in said and "li.lei" not in said
    assert "请打 [phone] 或写信给 [email]，谢谢。" in cleaned.decode()
    assert found.cleaned is not None
    assert found.cleaned.removed == {}
    assert found.cleaned.changed == codes(found)
    assert check(cleaned)[0].findings == []


ITEMS = [
    "In how many ways can a committee of three people be chosen from seven judges of the show?",
    "In how many ways can a committee of three people be chosen from eleven producers of the show?",
    "请从下面四个选项中选出正确的一项：月球绕地球运行一周的时间最接近多少天，并说明理由。",
]


@pytest.mark.parametrize(
    "text",
    [
        "Q: in how many ways can a COMMITTEE of three people be chosen from seven judges? Thirty-five.",
        "问题：月球繞地球運行一周的時間，最接近多少天？答案是二十七天。",
    ],
)
def test_questions_of_the_benchmark_are_recognised(text: str) -> None:
    made = rows("messages", 4)
    made[1]["messages"][-1]["content"] = text
    found, _, cleaned = check(jsonl(made), items=ITEMS)
    assert codes(found) == {"dataset.benchmark_overlap": 1}
    assert example(found, "dataset.benchmark_overlap").row == 2
    assert len(cleaned.splitlines()) == 3


def test_the_wording_that_tasks_share_is_no_item() -> None:
    made = rows("messages", 4)
    made[1]["messages"][0]["content"] = (
        "In how many ways can a committee of three people be chosen from nine cats?"
    )
    assert codes(check(jsonl(made), items=ITEMS)[0]) == {}


CANARIES = (
    ("reading", "7f3c9b52-0c1d-4c8e-9a55-1f2e3d4c5b6a"),
    ("english", "00000000-aaaa-bbbb-cccc-ddddeeeeffff"),
)


@pytest.mark.parametrize(
    "text",
    [
        f"This text must never be trained on. gavel canary GUID {CANARIES[0][1]}",
        f"…{CANARIES[0][1].upper()}…",
    ],
)
def test_the_canary_of_a_suite_is_recognised_wherever_it_stands(text: str) -> None:
    made = rows("messages", 4)
    made[2]["messages"][0]["content"] = text
    out, cleaned = io.BytesIO(), io.BytesIO()
    private = private_grams([])
    found = check_dataset(io.BytesIO(jsonl(made)), "jsonl", CAPS, ENGINE, private, out, cleaned, CANARIES)
    assert codes(found) == {"dataset.canary": 1}
    (finding,) = found.findings
    assert (finding.severity, finding.detail) == ("warning", {"suites": {"reading": 1}})
    assert finding.examples[0].row == 3
    assert found.canonical is not None, "a sign refuses nothing by itself"
    assert found.cleaned is not None and found.cleaned.removed == {"dataset.canary": 1}


def test_a_suite_without_a_canary_accuses_nobody() -> None:
    out, cleaned = io.BytesIO(), io.BytesIO()
    data = io.BytesIO(jsonl(rows("messages", 4)))
    found = check_dataset(data, "jsonl", CAPS, ENGINE, private_grams([]), out, cleaned, (("reading", ""),))
    assert found.findings == []
