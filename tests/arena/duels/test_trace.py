"""How sure a model was along its answer: golden values, and each token in its place."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.duels.trace import Likely, ended, measures, spoken


def likely(*probabilities: float) -> list[Likely]:
    return [(f"t{place}", math.log(p)) for place, p in enumerate(probabilities)]


@pytest.mark.parametrize(
    ("probabilities", "entropy", "margin", "surprise"),
    [
        # One token of all: no doubt.
        ((1.0,), 0.0, 1.0, 0.0),
        # Two equal ones: one bit.
        ((0.5, 0.5), 1.0, 0.0, 1.0),
        # Five of 1/8 and a rest of 3/8: 5 · 3/8 + 3/8 · log2(8/3).
        ((0.125,) * 5, 2.4056390622, 0.0, 3.0),
        # 1/2, 1/4, 1/16, 1/16, 1/16 and 1/16 for the rest.
        ((0.25, 0.5, 0.0625, 0.0625, 0.0625), 2.0, 0.25, 2.0),
        # What was said is the sixth: it belongs to the rest, and the rest to one outcome.
        ((0.03125, 0.5, 0.25, 0.0625, 0.0625, 0.0625), 2.0, 0.25, 5.0),
    ],
)
def test_golden_values(
    probabilities: tuple[float, ...], entropy: float, margin: float, surprise: float
) -> None:
    known = measures(likely(*probabilities))
    assert known.entropy == pytest.approx(entropy)
    assert known.margin == pytest.approx(margin)
    assert known.surprise == pytest.approx(surprise)
    assert known.probability == pytest.approx(probabilities[0])


@given(st.lists(st.floats(0.001, 1), min_size=6, max_size=60))
def test_the_entropy_is_a_lower_bound(weights: list[float]) -> None:
    """Of the whole distribution, of which only the first six are known."""
    total = sum(weights)
    ranked = sorted((weight / total for weight in weights), reverse=True)
    true = -sum(p * math.log2(p) for p in ranked)
    known = measures(likely(*ranked[:6]))
    assert -1e-9 <= known.entropy <= true + 1e-9
    assert known.surprise >= 0


def test_rounding_never_makes_a_probability_of_more_than_one() -> None:
    known = measures([("a", 0.0), ("b", -1e-9)])
    assert math.isfinite(known.entropy)
    assert known.entropy >= 0


@pytest.mark.parametrize(
    ("text", "words", "pieces"),
    [
        ("The tide.", ["The", " tide", "."], ["The", " tide", "."]),
        # A tokenizer that reads a word by itself without its space.
        ("The tide.", ["The", "tide", "."], ["The", " tide", "."]),
        # The mark that ended it is no word of it; a stop was cut off, in the middle of a token.
        ("The tide.", ["The", " tide", ".", "<eos>"], ["The", " tide", ".", ""]),
        ("The tide.", ["The", " tide", ".\n", "### ", "Pro"], ["The", " tide", ".", "", ""]),
        # A character in three tokens.
        ("潮 ", ["", "", "潮", " "], ["", "", "潮", " "]),
        ("\n\nOne", ["\n", "\n", "One"], ["\n", "\n", "One"]),
        # A mark in the middle that is not written.
        ("ab", ["a", "<pad>", "b"], ["a", "", "b"]),
        ("", ["<eos>"], [""]),
    ],
)
def test_each_token_in_its_place(text: str, words: list[str], pieces: list[str]) -> None:
    assert spoken(text, words) == pieces
    assert "".join(pieces) == text


def test_what_cannot_be_placed_is_not_guessed() -> None:
    assert spoken("The tide.", ["The", " moon", "."]) is None


@given(st.lists(st.text(max_size=5), max_size=20), st.integers(0, 20))
def test_an_answer_is_always_put_together_from_its_tokens(words: list[str], cut: int) -> None:
    text = "".join(words)[:cut]
    pieces = spoken(text, words)
    assert pieces is None or "".join(pieces) == text
    assert spoken("".join(words), words) is not None


def test_the_step_that_ended_it_is_the_last_one() -> None:
    assert ended(["a", "b", "", "", ""]) == 3
    assert ended(["a", "", "b"]) == 3
    assert ended(["", ""]) == 1
