"""The questions of a speed quiz and their marks, by the real generator in a real child process."""

from pathlib import Path

import pytest

from arena.benchmarks import suites
from arena.speed import rules
from arena.speed.contracts import WHO, AnswerGiven, DrawContract, ScoreContract
from workers.lab import quiz
from workers.lab.job import JobContext, JobFailed


@pytest.fixture
def contract() -> DrawContract:
    suite = rules.quiz_suite(suites.load("reasoning"), 20261121)
    assert suite is not None
    return DrawContract(suite=suite)


def test_ten_questions_are_drawn_and_marked(tmp_path: Path, contract: DrawContract) -> None:
    drawn = quiz.draw(contract, JobContext(tmp_path))
    assert drawn.suite_digest == contract.suite.digest
    assert len({one.question for one in drawn.questions}) == rules.QUESTIONS
    said = {"a": " It is {}", "b": "{}1", "house": ""}
    answers = [
        AnswerGiven(who=who, family=one.family, index=one.index, text=said[who].replace("{}", one.expected))
        for who in WHO
        for one in drawn.questions
    ]
    marked = quiz.score(ScoreContract(suite=contract.suite, answers=answers), JobContext(tmp_path))
    assert marked.items_digest == drawn.items_digest, "the same questions, made a second time"
    right = {who: sum(one.correct for one in marked.scores if one.who == who) for who in WHO}
    assert right == {"a": 10, "b": 0, "house": 0}


def test_another_generator_would_make_other_questions_and_is_refused(
    tmp_path: Path, contract: DrawContract
) -> None:
    other = contract.suite.model_copy(update={"generator": "reasoning-gym==0.0.1"})
    with pytest.raises(JobFailed, match=r"reasoning-gym==0\.0\.1") as failed:
        quiz.draw(DrawContract(suite=other), JobContext(tmp_path))
    assert failed.value.retry, "another worker may have the right one"
