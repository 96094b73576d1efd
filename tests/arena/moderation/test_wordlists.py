"""Lists as data: what a line may be, and that a wrong one costs nothing but itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.moderation import wordlists
from arena.moderation.wordlists import BadList, Problem, parse, serialise, shipped, word_list
from tests.support.wordlists import lines

GOOD = {"term": "赌博", "language": "zh", "category": "gambling", "action": "block"}


def problems(body: bytes) -> list[Problem]:
    with pytest.raises(BadList) as bad:
        parse(body)
    return bad.value.problems


def row(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


def test_a_good_list_is_read_in_order() -> None:
    terms = parse(
        b"\xef\xbb\xbf" + row() + b"\r\n\n" + row(term="赌场", action="hold", note="casino") + b"\n"
    )
    assert [(term.term, term.action, term.note) for term in terms] == [
        ("赌博", "block", ""),
        ("赌场", "hold", "casino"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b'"\xff"', "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"term": "a", "term": "b"}', "names a field twice"),
        (without("term"), "'term' is missing"),
        (without("language"), "'language' is missing"),
        (without("category"), "'category' is missing"),
        (without("action"), "'action' is missing"),
        (row(colour="red"), "unknown fields: 'colour'"),
        (row(term=7), "'term' must be a text"),
        (row(note=None), "'note' must be a text"),
        (row(language="Chinese!"), "'language' must be"),
        (row(category="Self Harm"), "'category' must be"),
        (row(action="pass"), "'action' must be"),
        (row(action="delete"), "'action' must be"),
        (row(term="x" * 101), "longer than 100"),
        (row(note="x" * 501), "longer than 500"),
        (row(term=""), "no letter or digit left"),
        (row(term=" \u200b… *"), "no letter or digit left"),
        (row(term="Ｆ"), "a single letter or digit"),
        (row(term="\x00赌博"), "NUL"),
        (b'{"term": "\\ud800ab", "language": "en", "category": "x", "action": "flag"}', "half a character"),
    ],
)
def test_a_wrong_line_says_what_is_wrong(line: bytes, message: str) -> None:
    (problem,) = problems(row() + b"\n\n" + line + b"\n")
    assert problem.line == 3
    assert message in problem.message


def test_every_wrong_line_is_named_and_nothing_is_taken() -> None:
    body = b"\n".join([row(), b"x", row(term="赌场"), b"y", row(action="ban")])
    assert [problem.line for problem in problems(body)] == [2, 4, 5]


def test_the_same_word_in_another_spelling_is_a_repetition() -> None:
    (problem,) = problems(row() + b"\n" + row(term="賭\u200b博", action="flag"))
    assert (problem.line, "line 1" in problem.message) == (2, True)
    assert len(parse(row(language="en") + b"\n" + row())) == 2, "in another language it is another term"


def test_an_empty_list_is_a_mistake() -> None:
    assert "no terms" in problems(b"\n \n")[0].message


def test_lists_without_measure_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordlists, "MAX_TERMS", 2)
    assert (
        "more than 2 terms" in problems(lines(("one", "flag"), ("two", "flag"), ("six", "flag")))[0].message
    )
    monkeypatch.setattr(wordlists, "MAX_BYTES", 10)
    assert "larger than 10 bytes" in problems(row())[0].message


def test_the_digest_is_of_what_the_lines_say() -> None:
    spaced = b'{"action":"block",  "category":"gambling","language":"zh","term":"\\u8d4c\\u535a","note":""}'
    assert word_list("a", parse(spaced)).digest == word_list("b", parse(row())).digest
    assert word_list("a", parse(row(action="hold"))).digest != word_list("a", parse(row())).digest


def test_canonical_lines_read_back_as_themselves() -> None:
    for one in shipped():
        assert parse(serialise(one.terms)) == one.terms


def test_the_release_ships_a_list_for_each_language() -> None:
    assert {one.name: {term.language for term in one.terms} for one in shipped()} == {
        "starter-en": {"en"},
        "starter-zh": {"zh"},
    }


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(sorted(GOOD)), inner),
)


@given(st.binary(max_size=200) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_list_or_a_list_of_problems(body: bytes) -> None:
    try:
        assert parse(body)
    except BadList as bad:
        assert bad.problems
