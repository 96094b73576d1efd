"""How an answer is written is measured the same for everybody, and can be taken out of the ratings."""

import numpy as np
import pytest

from arena.ratings.rules import POINTS_PER_LOGIT, fit
from arena.ratings.style import differences, features, side
from arena.ratings.tallies import Counts, Duel

MARKDOWN = """# One

Some **bold** words and `code`, __more__ of them.

- an item
* another
1. and a third

~~~python
# a comment, no heading
- a = b, no item
~~~
##no heading either
2 ** 3 ** 4 is no bold, 2. is no item
"""


def test_what_is_counted() -> None:
    found = features(MARKDOWN)
    assert found.pop("characters") == sum(not char.isspace() for char in MARKDOWN)
    assert found == {"headers": 1, "lists": 3, "bold": 2, "code": 2}


def test_chinese_and_english_by_one_measure() -> None:
    assert features("落槌 为定。")["characters"] == 5
    assert features("a b\tc\n")["characters"] == 3
    assert features("") == {"characters": 0, "headers": 0, "lists": 0, "bold": 0, "code": 0}


def test_a_block_that_never_ends_is_code_to_the_end() -> None:
    assert features("```\n# x\n- y") | {"characters": 0} == {
        "characters": 0, "headers": 0, "lists": 0, "bold": 0, "code": 1,
    }  # fmt: skip


def test_a_side_is_all_its_turns_and_a_difference_has_two_ends() -> None:
    left, right = side(["# a", "**b** c"]), side(["d"])
    assert (left["headers"], left["bold"], left["characters"]) == (1, 1, 8)
    there, back = (differences(*pair, ("characters", "bold")) for pair in ((left, right), (right, left)))
    assert there == tuple(-one for one in back) == pytest.approx((0.7, 0.5))


def test_a_small_effect_is_found_in_full() -> None:
    """A prior that can be felt would hide most of it: of 0.249 logits a ridge of one per duel leaves 0.045."""
    draw = np.random.default_rng(5)
    style = draw.uniform(-1, 1, 600)
    chance = 1 / (1 + np.exp(-(0.249 * style / np.sqrt(np.mean(style**2)))))
    season = [
        Duel("a", "house", Counts(won, 200 - won), style=(float(one),))
        for won, one in zip(draw.binomial(200, chance).tolist(), style, strict=True)
    ]
    effect = fit(season, "house").style_effects[0]
    assert effect.points == pytest.approx(0.249 * POINTS_PER_LOGIT, abs=effect.half_width)
    assert effect.half_width < 0.02 * POINTS_PER_LOGIT
