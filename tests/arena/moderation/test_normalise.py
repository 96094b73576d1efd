"""The matching form: what is taken away, what stays, and where each character came from."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arena.moderation.normalise import CODE_POINTS, fold, matching_form, matching_forms, tables

ANY_TEXT = st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF))
"""Lone surrogates and noncharacters included."""
TRICKY = st.text(
    alphabet=st.sampled_from("ab9赌博 \n\u3000.-*·,'“，！…ßﬁ①㎏\u200b\u0301\ufe0f😀\ud800\uffffЅＦ𝓾が한")
)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("FuCk", "fuck"),
        ("Ｆｕｃｋ", "fuck"),
        ("𝓯𝓾𝓬𝓴", "fuck"),
        ("ⓕⓤⓒⓚ", "fuck"),
        ("🅵🆄🅲🅺", "fuck"),
        ("🇫🇺🇨🇰", "fuck"),
        ("ꜰᴜᴄᴋ", "fuck"),
        ("fu\u200bc\u2060k\u00ad", "fuck"),
        ("f\u0336u\u0336c\u0336k", "fuck"),
        ("fûçk", "fuck"),
        ("f\U000e0075u\ufe0fck", "fuck"),
        ("fυсκ", "fuck"),
        ("f.u.c.k", "fuck"),
        ("f u c k", "fuck"),
        ("f\n u\t\u3000c, k", "fuck"),
        ("fu_ck", "fuck"),
        ("f😀u😀c😀k", "fuck"),
        ("賭博", "赌博"),
        ("赌 博", "赌博"),
        ("网上赌*博", "网上赌博"),
        ("⽼⻁", "老虎"),
        ("ﬁne Straße", "fine strasse"),
    ],
)
def test_what_evades_is_taken_away(written: str, form: str) -> None:
    assert matching_form(written).text == form


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("push it", "push it"),
        ("he'll", "he'll"),
        ("打赌 博物馆", "打赌 博物馆"),
        ("我赌，博物馆输", "我赌,博物馆输"),
        ("end. Start", "end. start"),
        ("c++", "c++"),
        ("two  spaces\n\nand lines", "two spaces and lines"),
        ("wait…", "wait…"),
        ("がか 한글", "がか 한글"),
        ("89 64", "89 64"),
    ],
)
def test_what_only_looks_like_it_stays(written: str, form: str) -> None:
    assert matching_form(written).text == form


@given(ANY_TEXT | TRICKY)
@example("\ud800")
@example("\U0010ffff")
@example("")
def test_the_form_of_a_form_is_itself(text: str) -> None:
    once = matching_form(text).text
    assert matching_form(once).text == once


@given(ANY_TEXT | TRICKY)
def test_every_character_knows_where_it_came_from(text: str) -> None:
    form = matching_form(text)
    assert len(form.origin) == len(form.text)
    assert sorted(form.origin.tolist()) == form.origin.tolist()
    for index, char in enumerate(form.text):
        start, end = form.span(index, index + 1)
        assert 0 <= start < end <= len(text)
        original = text[start]
        assert char in ("\ufffd" if "\ud800" <= original <= "\udfff" else fold(original))


@given(st.lists(ANY_TEXT | TRICKY, max_size=8))
def test_many_at_once_have_the_forms_of_each_alone(texts: list[str]) -> None:
    assert matching_forms(texts) == [matching_form(text).text for text in texts]


def test_the_tables_are_the_slow_definition() -> None:
    """Every code point of the planes that have characters, and every hundredth of the others."""
    table = tables()
    wrong = [
        hex(code)
        for code in (*range(0x33480), *range(0x33480, 0xE0000, 101), *range(0xE0000, CODE_POINTS, 101))
        if not 0xD800 <= code <= 0xDFFF
        and "".join(map(chr, table.pool[table.first[code] :][: table.length[code]])) != fold(chr(code))
    ]
    assert wrong == []


def test_a_folded_character_folds_no_further() -> None:
    assert [
        char
        for code in tables().pool[CODE_POINTS:].tolist()
        if code < CODE_POINTS and fold(char := chr(code)) != char
    ] == []
