"""The engine: what hits, what does not, and where."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.moderation.engine import MAX_MATCHES, Engine, spellings
from arena.moderation.normalise import matching_form
from arena.moderation.rules import RANK, Action, Verdict, closed, raised
from arena.moderation.wordlists import Term, shipped, term_id
from tests.support.wordlists import a_list, engine

WORDS = (
    ("fuck", "block"),
    ("ass", "hold"),
    ("sex", "flag"),
    ("kill yourself", "block"),
    ("shit", "block"),
    ("赌博", "block"),
    ("性交易", "block"),
    ("av女优", "hold"),
    ("屌", "flag"),
)
ENGINE = engine(*WORDS)
TEXTS = st.text(
    alphabet=st.sampled_from("fuckasexhit 赌博性交易av女优屌.-*_,'\u200b\u0301ﬁß\n\ud800ЅＦ5"), max_size=40
)


def hits(text: str, by: Engine = ENGINE) -> list[str]:
    """The pieces of the text that were hit."""
    return [text[match.start : match.end] for match in by.check(text).matches]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("oh fuck it", ["fuck"]),
        ("Ｆ.𝓾.ⓒ.🅺!", ["Ｆ.𝓾.ⓒ.🅺"]),
        ("fuc\u200bk", ["fuc\u200bk"]),
        ("ﬁ, ß: ass", ["ass"]),
        ("kill\n  yourself", ["kill\n  yourself"]),
        ("well-ass", ["ass"]),
        ("fuck你", ["fuck"]),
        ("我fuck", ["fuck"]),
        ("fuck123", ["fuck"]),
        ("5h1t sh1t", ["5h1t", "sh1t"]),
        ("网上賭*博平台", ["賭*博"]),
        ("赌 博", ["赌 博"]),
        ("看AV女优吗", ["AV女优"]),
        ("fuck fuck", ["fuck", "fuck"]),
        ("ass\ud800", ["ass"]),
    ],
)
def test_hits_and_where_they_stand_in_the_original(text: str, found: list[str]) -> None:
    assert hits(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A classic class in glass: assess, assassin, embassy, Essex, Sussex, sextant",
        "b.a.s.s",
        "c l a s s",
        "Scunthorpe and the mishit shitake",
        "the a55 and 455",
        "性能和性价比，可能性交给下一组",
        "打赌 博物馆",
        "我赌。博物馆输。",
        "snuck",
        "nav女优",
    ],
)
def test_innocent_words_are_left_alone(text: str) -> None:
    assert hits(text) == []


def test_the_strongest_action_decides() -> None:
    assert ENGINE.check("sex").action is Action.FLAG
    assert ENGINE.check("sex, ass").action is Action.HOLD
    assert ENGINE.check("sex, ass, fuck").action is Action.BLOCK
    assert ENGINE.check("peace").action is Action.PASS


def test_a_match_says_which_list_and_term_but_not_the_word() -> None:
    (match,) = ENGINE.check("oh fuck").matches
    assert (match.list, match.category, match.action) == ("tests", "tests", Action.BLOCK)
    assert "fuck" not in match.term
    (other,) = Engine([a_list(("ＦＵＣＫ", "hold"), name="others")]).check("fuck").matches
    assert other.term == match.term, "one term has one name in every list and version"


def test_a_word_in_two_lists_hits_in_both() -> None:
    both = Engine([a_list(("fuck", "flag"), name="one"), a_list(("fuck", "hold"), name="two")])
    verdict = both.check("fuck")
    assert [match.list for match in verdict.matches] == ["one", "two"]
    assert verdict.action is Action.HOLD


def test_a_flood_of_hits_is_cut_and_the_reason_stays() -> None:
    verdict = ENGINE.check("sex " * (MAX_MATCHES * 3) + "fuck")
    assert verdict.action is Action.BLOCK
    assert len(verdict.matches) == MAX_MATCHES + 1
    assert verdict.matches[-1].action is Action.BLOCK


@given(TEXTS)
def test_every_match_is_the_term_and_lies_in_the_text(text: str) -> None:
    forms = {
        term_id(term.language, form): spellings(form)
        for one in ENGINE.lists
        for term, form in zip(one.terms, one.forms, strict=True)
    }
    for match in ENGINE.check(text).matches:
        assert 0 <= match.start < match.end <= len(text)
        assert matching_form(text[match.start : match.end]).text.strip() in forms[match.term]


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF)))
def test_any_text_has_a_verdict(text: str) -> None:
    verdict = ENGINE.check(text)
    assert verdict.engine == ENGINE.digest
    assert (verdict.action is Action.PASS) == (verdict.matches == ())


@given(st.lists(TEXTS, max_size=12))
def test_many_texts_at_once_are_judged_as_each_alone(texts: list[str]) -> None:
    assert ENGINE.check_all(texts) == [ENGINE.check(text) for text in texts]


def test_long_texts_and_many_texts_go_in_several_scans() -> None:
    texts = ["fine " * 9000, "fuck", "fine " * 9000, "", "ass"]
    assert [verdict.action for verdict in ENGINE.check_all(texts)] == [
        "pass",
        "block",
        "pass",
        "pass",
        "hold",
    ]


@given(TEXTS, st.sampled_from(["fuck", "赌博", "f.u.c.k", "sh1t"]))
def test_nothing_put_around_a_word_with_spaces_hides_it(text: str, word: str) -> None:
    around = f"{text}!! {word} !!{text}"
    assert any(match.action is Action.BLOCK for match in ENGINE.check(around).matches)


def test_one_engine_serves_many_threads() -> None:
    texts = ["fuck", "peace", "赌 博", "ass"] * 50
    alone = [ENGINE.check(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ENGINE.check, texts)) == alone


def test_the_digest_is_of_the_terms_and_not_of_their_order_of_lists() -> None:
    one, two = a_list(("a b c", "flag"), name="one"), a_list(("xyz", "hold"), name="two")
    assert Engine([one, two]).digest == Engine([two, one]).digest
    assert Engine([one]).digest != Engine([a_list(("a b c", "hold"), name="one")]).digest


def test_there_is_no_engine_without_a_list() -> None:
    with pytest.raises(ValueError, match="no word list"):
        Engine([])


def test_short_words_are_not_sought_in_digits() -> None:
    assert spellings("ass") == ["ass"]
    assert "sh1t" in spellings("shit")
    assert all(any(char.isalpha() for char in one) for one in spellings("taste"))


def test_a_second_opinion_never_makes_it_milder() -> None:
    for first in Action:
        for second in Action:
            judged = raised(Verdict(first, "x"), second, "guard.word", "word")
            assert RANK[judged.action] == max(RANK[first], RANK[second])


def test_no_engine_means_hold() -> None:
    assert closed("engine.unavailable").action is Action.HOLD


def test_every_starter_term_is_hit_by_itself() -> None:
    by = Engine(shipped())
    missed: list[Term] = []
    for one in by.lists:
        for term, form in zip(one.terms, one.forms, strict=True):
            wanted = term_id(term.language, form)
            found = [match for match in by.check(f"… {term.term} …").matches if match.term == wanted]
            missed += [] if found else [term]
    assert missed == []
