"""Questions: the same from the same spec, fair in their options, and never the same twice."""

import json
from dataclasses import replace

import pytest

from arena.benchmarks.contracts import FamilySpec, SuiteSpec
from arena.benchmarks.suites import load
from workers.lab.questions import SuiteUnavailable, items_digest, make_items, verify

SUITE = load("reasoning")


@pytest.fixture(scope="module")
def digest() -> str:
    return items_digest(make_items(SUITE))


def seeded(seed: int) -> SuiteSpec:
    return SUITE.model_copy(update={"seed": seed})


def test_the_questions_of_the_published_suite_never_change(digest: str) -> None:
    """Scores are compared across shows; when this fails the suite needs a new version, not a new digest here."""
    assert digest == "5c197ec6d0485fd6981d94bbc630555e5ef1e6dc8cd5078c3f3c2a9a4f894c7c"


def test_the_same_seed_gives_the_same_questions_and_another_seed_others(digest: str) -> None:
    assert items_digest(make_items(SUITE)) == digest
    assert items_digest(make_items(seeded(SUITE.seed + 1))) != digest


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_items_are_fair(seed: int) -> None:
    suite = seeded(seed)
    items = make_items(suite)
    for family in suite.families:
        listed = items[family.name]
        assert [item.index for item in listed] == list(range(family.items))
        assert len({item.question for item in listed}) == family.items
        for item in listed:
            wanted = family.options if family.kind == "choice" else 0
            assert len(item.options) == len(set(item.options)) == wanted
            assert not item.options or item.answer in item.options
            assert verify(family, item, item.answer)
            assert not any(verify(family, item, other) for other in item.options if other != item.answer)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("7", True),
        ("The answer is 7.", True),
        ("3 + 4 = 7", True),
        ("7 + 0 = 8", False),
        ("seven", False),
        ("", False),
    ],
)
def test_a_sum_is_judged_by_the_last_number(text: str, right: bool) -> None:
    family = next(family for family in SUITE.families if family.judged == "last_number")
    item = make_items(SUITE)[family.name][0]
    asked = replace(item, answer="7", entry=item.entry | {"answer": "7"})
    assert verify(family, asked, text) == right


def test_the_right_option_is_not_always_in_the_same_place() -> None:
    items = make_items(SUITE)
    places = {item.options.index(item.answer) for listed in items.values() for item in listed if item.options}
    assert len(places) == 4


def test_what_guessing_scores_is_what_the_suite_says() -> None:
    for family in SUITE.families:
        assert family.chance == (1 / family.options if family.kind == "choice" else 0.0)


def test_questions_fit_into_the_context() -> None:
    for listed in make_items(SUITE).values():
        assert max(len(json.dumps(item.entry["question"])) for item in listed) < 600


def test_another_generator_is_refused() -> None:
    with pytest.raises(SuiteUnavailable, match="reasoning-gym"):
        make_items(SUITE.model_copy(update={"generator": "reasoning-gym==0.0.1"}))


def test_a_family_without_enough_answers_is_refused() -> None:
    poor = FamilySpec(
        name="coin", title={}, dataset="ransom_note", config={}, kind="choice", items=4, chance=0.25
    )
    with pytest.raises(SuiteUnavailable, match="only 0 of 4 questions"):
        make_items(SUITE.model_copy(update={"families": [poor]}))
