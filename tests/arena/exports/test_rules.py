"""What a report says about a loss: held, missed, or that nobody can tell."""

import random

import pytest

from arena.benchmarks import suites
from arena.exports.contracts import Measured
from arena.exports.rules import GATE, QUESTIONS, AskedOf, Task, line, questions, ratio, report
from arena.kit.errors import Conflict


def pairs(both: int, lost: int, won: int, neither: int) -> list[tuple[bool, bool]]:
    return [(True, True)] * both + [(True, False)] * lost + [(False, True)] * won + [(False, False)] * neither


@pytest.mark.parametrize(
    ("cells", "chance", "verdict", "why"),
    [
        ((400, 0, 0, 100), 0.25, "held", None),
        ((200, 200, 0, 100), 0.25, "missed", None),
        # One answer in forty lost: 97.5 % are kept, and forty questions do not decide it.
        ((39, 1, 0, 10), 0.25, "cannot_tell", "too_few"),
        # It keeps everything, and there was nothing to keep.
        ((26, 0, 0, 74), 0.25, "cannot_tell", "guessing"),
        ((0, 0, 0, 50), 0.0, "cannot_tell", "guessing"),
        ((0, 0, 30, 70), 0.0, "cannot_tell", "guessing"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(
    cells: tuple[int, int, int, int], chance: float, verdict: str, why: str | None
) -> None:
    found = line(pairs(*cells), chance)
    assert (found.verdict, found.why) == (verdict, why)


def test_the_ratio_is_that_of_the_right_answers_and_lies_in_its_interval() -> None:
    found = ratio(pairs(60, 20, 4, 16))
    assert found is not None
    assert found.value == pytest.approx(64 / 80)
    assert found.low < found.value < found.high


def test_more_of_the_same_answers_make_the_interval_narrower() -> None:
    few, many = ratio(pairs(30, 5, 3, 12)), ratio(pairs(300, 50, 30, 120))
    assert few is not None
    assert many is not None
    assert many.high - many.low < (few.high - few.low) / 2


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """An export that keeps exactly the gate's share is not called held, or missed, more often than an interval errs."""
    draw = random.Random(1)
    right, kept = 0.6, 0.55
    won = (GATE * right - kept) / (1 - right)  # so that the shares are 0.6 and 0.57
    wrong = 0
    for _ in range(1000):
        asked = []
        for _ in range(300):
            original = draw.random() < right
            asked.append((original, draw.random() < (kept / right if original else won)))
        wrong += line(asked, 0.0).verdict != "cannot_tell"
    assert wrong <= 70


ASKED = [AskedOf(id="a", digest="0" * 64, tasks={"one": Task(n=2, chance=0.0), "two": Task(n=1, chance=0.5)})]


def test_a_report_has_a_line_for_each_suite_and_one_for_all() -> None:
    marks = {"one": [True, True], "two": [False]}
    found = report(
        ASKED, [Measured(suite="a", original=marks, exported={"one": [True, False], "two": [False]})]
    )
    assert list(found.suites) == ["a"]
    assert (found.total.n, found.total.original.value, found.total.exported.value) == (3, 2 / 3, 1 / 3)


@pytest.mark.parametrize(
    "measured",
    [
        [],
        [
            Measured(
                suite="b",
                original={"one": [True] * 2, "two": [True]},
                exported={"one": [True] * 2, "two": [True]},
            )
        ],
        [Measured(suite="a", original={"one": [True] * 2, "two": [True]}, exported={"one": [True] * 2})],
        [
            Measured(
                suite="a", original={"one": [True], "two": [True]}, exported={"one": [True], "two": [True]}
            )
        ],
    ],
)
def test_what_was_not_measured_as_asked_is_no_report(measured: list[Measured]) -> None:
    with pytest.raises(Conflict) as refused:
        report(ASKED, measured)
    assert refused.value.code == "export.other_questions"


def test_of_every_suite_the_first_questions_of_each_task_are_asked() -> None:
    for name in suites.shipped():
        suite = suites.load(name)
        asked = questions(suite)
        assert asked.items.keys() == {family.name for family in suite.families}
        assert sum(map(len, asked.items.values())) <= max(QUESTIONS, len(suite.families))
        assert all(listed == list(range(len(listed))) for listed in asked.items.values())
