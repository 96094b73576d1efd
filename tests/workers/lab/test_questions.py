"""Questions: the same from the same spec, fair in their options, and never the same twice."""

import itertools
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arena.benchmarks import suites
from arena.benchmarks.contracts import FamilySpec, GymSource, SuiteSpec
from tests.support.suites import lay_out
from workers.lab import questions
from workers.lab.questions import (
    Item,
    SuiteUnavailable,
    expected,
    extract,
    in_writing,
    items_digest,
    make_items,
    verify,
)

SUITE = suites.load("reasoning")
DIGESTS = {
    "arithmetic": "8927db38af2cf61e",
    "chinese": "bb4d0a243597bf3d",
    "english": "8a517cb7d75615f2",
    "format": "e581adda065f080b",
    "reading": "e9f7ab57be46f8eb",
    "reasoning": "c074003257d71a28",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suites")
    return lay_out([suites.load(name) for name in suites.shipped()], folder)


@pytest.fixture(scope="module")
def made(files: Path) -> dict[str, dict[str, list[Item]]]:
    return {name: make_items(suites.load(name), files) for name in suites.shipped()}


def seeded(suite: SuiteSpec, seed: int | str) -> SuiteSpec:
    return suite.model_copy(update={"seed": seed})


def test_the_questions_of_the_published_suites_never_change(made: dict[str, dict[str, list[Item]]]) -> None:
    """Scores are compared across shows; when this fails the suite needs a new version, not a new digest here."""
    assert {name: items_digest(items)[:16] for name, items in made.items()} == DIGESTS


MADE = """
from pathlib import Path
from typing import Any
from arena.benchmarks import suites
from workers.lab.questions import items_digest, make_items
made = [suites.load("reasoning"), suites.load("arithmetic"), suites.surprise()]
digests = [items_digest({name: listed}) for suite in made for name, listed in make_items(suite, Path()).items()]
"""


def test_another_process_makes_the_same_questions() -> None:
    """Some generators walk through a set of words, whose order is another one in each process."""
    here: dict[str, list[str]] = {}
    exec(MADE, here)
    other = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    there = subprocess.run(
        [sys.executable, "-c", f"{MADE}print(*digests)"],
        env=os.environ | {"PYTHONHASHSEED": other},
        capture_output=True,
        check=True,
        text=True,
    )
    assert there.stdout.split() == here["digests"] != []


@pytest.mark.parametrize("name", ["reasoning", "english"])
def test_the_same_seed_gives_the_same_questions_and_another_seed_others(
    name: str, files: Path, made: dict[str, dict[str, list[Item]]]
) -> None:
    suite = suites.load(name)
    assert items_digest(make_items(suite, files)) == items_digest(made[name])
    assert items_digest(make_items(seeded(suite, 1 + int(suite.seed)), files)) != items_digest(made[name])


def test_questions_of_a_season_s_own_seed_lie_nowhere_near_each_other(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A generator takes 31 bits: of a stretch of its series some questions would give the others away."""
    family = next(family for family in SUITE.families if family.name == "coin_flips")
    alone = SUITE.model_copy(update={"families": [family]})
    places: list[int] = []
    generator = questions._generator

    def noted(dataset: str, *, seed: int, **config: Any) -> Any:
        places.append(seed)
        return generator(dataset, seed=seed, **config)

    monkeypatch.setattr(questions, "_generator", noted)
    listed = make_items(seeded(alone, "ab" * 32), files)[family.name]
    assert len(places) >= len(listed)
    assert min(b - a for a, b in itertools.pairwise(sorted(places))) > len(places)


@pytest.mark.parametrize("seed", [1, 2**53 - 1, "cd" * 32])
@pytest.mark.parametrize("name", suites.shipped())
def test_items_are_fair(name: str, seed: int | str, files: Path) -> None:
    suite = seeded(suites.load(name), seed)
    items = make_items(suite, files)
    for family in suite.families:
        listed = items[family.name]
        assert [item.index for item in listed] == list(range(family.items))
        assert len({(item.question, *sorted(item.options)) for item in listed}) == family.items
        for item in listed:
            wanted = family.options if family.kind == "choice" else 0
            assert len(item.options) == len(set(item.options)) == wanted
            assert not item.options or item.answer in item.options
            assert verify(family, item, item.answer)
            assert not any(verify(family, item, other) for other in item.options if other != item.answer)


ODD = (
    "", "A good answer is short.", "×", "1 × two", "1/0", "[[", "{}", "[1, 2", "null", "-", "NaN", "∞", "9" * 5000,
    "第三个", "\\frac{1}{", "a = b = c", "0x", "'", "(" * 500,
)  # fmt: skip


@pytest.mark.parametrize(
    "suite", [*map(suites.load, suites.shipped()), suites.surprise()], ids=lambda one: one.id
)
def test_an_answer_that_no_verifier_expects_is_wrong_and_not_a_fault(suite: SuiteSpec, files: Path) -> None:
    items = make_items(suite, files)
    for family in suite.families:
        for text in ODD if family.scorer == "gym" else ():
            assert not verify(family, items[family.name][0], text), (family.name, text)


def test_the_right_option_is_in_each_place_equally_often(made: dict[str, dict[str, list[Item]]]) -> None:
    for name, items in made.items():
        for family in suites.load(name).families:
            if family.kind == "choice":
                places = Counter(item.options.index(item.answer) for item in items[family.name])
                assert len(places) == family.options
                assert max(places.values()) - min(places.values()) <= 1


def test_another_generator_is_refused(files: Path) -> None:
    with pytest.raises(SuiteUnavailable, match="reasoning-gym"):
        make_items(SUITE.model_copy(update={"generator": "reasoning-gym==0.0.1"}), files)


def test_a_family_without_enough_answers_is_refused(files: Path) -> None:
    poor = FamilySpec(
        name="coin",
        title={},
        source=GymSource(dataset="ransom_note"),
        kind="choice",
        items=4,
        air=0,
        chance=0.25,
    )
    with pytest.raises(SuiteUnavailable, match="only 0 of 4 questions"):
        make_items(SUITE.model_copy(update={"families": [poor]}), files)


def test_a_file_that_is_missing_or_another_one_is_refused(tmp_path: Path) -> None:
    suite = suites.load("chinese")
    with pytest.raises(SuiteUnavailable, match="is not here"):
        make_items(suite, tmp_path)
    lay_out([suite], tmp_path)
    spoiled = tmp_path / f"{suite.files[0]}.jsonl"
    spoiled.write_bytes(spoiled.read_bytes() + b'{"question": "?", "answer": "!"}\n')
    with pytest.raises(SuiteUnavailable, match="not the one"):
        make_items(suite, tmp_path)


# --- what is read out of an answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("7", True),
        ("The answer is 7.", True),
        ("3 + 4 = 7", True),
        ("7.0", True),
        ("7 + 0 = 8", False),
        ("-7", False),
        ("seven", False),
        ("", False),
    ],
)
def test_a_sum_is_judged_by_the_last_number(text: str, right: bool, files: Path) -> None:
    family = next(family for family in SUITE.families if family.name == "small_sums")
    item = replace(make_items(SUITE, files)[family.name][0], answer="7")
    assert verify(family, item, text) == right


def test_what_is_read_out_is_told() -> None:
    family = next(family for family in SUITE.families if family.scorer == "number")
    said = {"It is 1,234.50": "1234.50", "10-7": "7", "= -3": "-3", "none": ""}
    assert {text: extract(family, text) for text in said} == said


def test_a_choice_that_is_answered_in_writing_has_letters(made: dict[str, dict[str, list[Item]]]) -> None:
    suite = suites.load("chinese")
    family = suite.families[0]
    for item in made["chinese"][family.name][:8]:
        asked, lettered = in_writing(family, item)
        letter = "ABCD"[item.options.index(item.answer)]
        assert f"{letter}. {item.answer}" in lettered.question.splitlines()
        assert lettered.question.endswith("只回答选项的字母。")
        assert expected(asked, lettered) == f"{letter}. {item.answer}"
        wrong = "ABCD".replace(letter, "")[0]
        for text in (letter, f"{letter}.", f"({letter}) {item.answer}", f"答案是{letter}。"):
            assert verify(asked, lettered, text), text
        for text in (wrong, "", item.answer, f"It is {wrong}"):
            assert not verify(asked, lettered, text), text
