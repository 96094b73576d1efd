"""When a duel is a preference, and what its row looks like."""

from typing import Any

import pytest

from arena.preferences.rules import Preferred, StillAsked, heard_by, pair, preferred
from arena.ratings.public import Weights
from arena.shows.rules import SeasonRules
from arena.shows.rules import Weights as Declared
from arena.submissions.datasets.rows import Row
from arena.votes.public import Tally

JUDGES = Weights(judges=1, crowd=0)
BOTH = Weights(judges=0.5, crowd=0.5)
NOBODY = Tally()


@pytest.mark.parametrize(
    ("crowd", "judges", "weights", "least", "expected"),
    [
        (NOBODY, Tally(left=3), JUDGES, 0, Preferred("left", 1)),
        (NOBODY, Tally(left=1, right=2), JUDGES, 0, Preferred("right", 0.333333)),
        (NOBODY, Tally(left=1, tie=2), JUDGES, 0, Preferred("left", 0.333333)),
        (NOBODY, Tally(left=1, right=2), JUDGES, 0.4, "below_margin"),
        (NOBODY, Tally(left=1, right=1), JUDGES, 0, "tie"),
        (NOBODY, Tally(both_bad=3), JUDGES, 0, "tie"),
        (Tally(left=500), NOBODY, JUDGES, 0, "no_verdict"),
        (Tally(right=500), Tally(left=1), JUDGES, 0, Preferred("left", 1)),
        # Five hundred in the hall weigh as the season has declared, and not five hundred times.
        (Tally(right=500), Tally(left=3), BOTH, 0, "tie"),
        (Tally(right=400, left=100), Tally(left=3), BOTH, 0, Preferred("left", 0.2)),
        # What chance could have decided is not heard.
        (Tally(right=1), NOBODY, BOTH, 0, "too_close"),
        (Tally(right=52, left=48), Tally(left=3), BOTH, 0, Preferred("left", 1)),
        (NOBODY, NOBODY, BOTH, 0, "no_verdict"),
    ],
)
def test_how_clear_a_preference_is(
    crowd: Tally, judges: Tally, weights: Weights, least: float, expected: Any
) -> None:
    assert preferred(crowd, judges, weights, least) == expected


def test_only_what_the_season_has_declared_is_heard() -> None:
    rules = SeasonRules(weights=Declared(judges=0.3, crowd=0.7))
    assert heard_by(rules, "verdicts") == JUDGES
    assert heard_by(rules, "verdicts+votes") == Weights(judges=0.3, crowd=0.7)


def row_of(prompt: str, chosen: str, rejected: str) -> Row:
    found = pair(prompt, chosen, rejected)
    assert isinstance(found, Row)
    return found


def test_a_duel_is_its_prompt_and_two_answers() -> None:
    row = row_of("Why?", "Because.", "Guess.")
    assert row.canonical() == (
        b'{"chosen":[{"content":"Because.","role":"assistant"}],"prompt":[{"content":"Why?","role":"user"}],'
        b'"rejected":[{"content":"Guess.","role":"assistant"}]}'
    )


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"), [("Same.", "Same.", "same_answers"), (" \n", "Something.", "no_words")]
)
def test_answers_that_teach_nothing_make_no_pair(chosen: str, rejected: str, reason: str) -> None:
    assert pair("Why?", chosen, rejected) == reason


@pytest.mark.parametrize(
    ("waiting", "found"),
    [
        (["Why does the gavel fall?"], True),
        (["WHY, does the gavel ｆａｌｌ"], True),
        (["Why does the gavel rise?"], False),
        # A run of eight words out of a question that is still to come, in an answer.
        (["Say it: the hammer comes down when the last bid was heard in the hall"], True),
        (["一锤定音之前为什么大家都不说话而是等着那一声响？"], True),
        (["一锤定音"], False),
        ([], False),
    ],
)
def test_nothing_still_to_be_asked_is_told(waiting: list[str], found: bool) -> None:
    answer = (
        "Because the hammer comes down when the last bid was heard. "
        "大家都说：一锤定音之前为什么大家都不说话而是等着。"
    )
    row = row_of("Why does the gavel fall?", answer, "I do not know.")
    assert StillAsked(waiting).said_in(row) is found
