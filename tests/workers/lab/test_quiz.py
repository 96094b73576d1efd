"""The questions of a speed quiz and their marks, by the real generator in a real child process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from arena.benchmarks import suites
from arena.benchmarks.contracts import SuiteSpec
from arena.speed import rules
from arena.speed.contracts import WHO, AnswerGiven, DrawContract, ScoreContract
from tests.support.engine import Files
from workers.lab import quiz
from workers.lab.job import JobContext, JobFailed

SEED = 20261121


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    files = Files(tmp_path_factory.mktemp("files"))
    yield files
    files.close()


def contract(name: str, serving: Files, **changes: object) -> DrawContract:
    known = suites.surprise() if name == "surprise" else suites.load(name)
    suite: SuiteSpec = rules.quiz_suite(known, SEED).model_copy(update=changes)
    links = {
        one: serving.put(f"{one}.jsonl", suites.shipped_files()[one].read_bytes()) for one in suite.files
    }
    return DrawContract(suite=suite, items=rules.quiz_items(suite, SEED), files=links)


@pytest.mark.parametrize("name", ["reasoning", "chinese", "format", "surprise"])
def test_ten_questions_are_drawn_and_marked(tmp_path: Path, serving: Files, name: str) -> None:
    asked = contract(name, serving)
    drawn = quiz.draw(asked, JobContext(tmp_path))
    assert drawn.suite_digest == asked.suite.digest
    assert len({one.question for one in drawn.questions}) == rules.QUESTIONS
    said = {"a": " {} ", "b": "\u2603", "house": ""}
    answers = [
        AnswerGiven(who=who, family=one.family, index=one.index, text=said[who].replace("{}", one.expected))
        for who in WHO
        for one in drawn.questions
    ]
    given = ScoreContract(**asked.model_dump(exclude={"suite"}), suite=asked.suite, answers=answers)
    marked = quiz.score(given, JobContext(tmp_path))
    assert marked.items_digest == drawn.items_digest, "the same questions, made a second time"
    right = {who: sum(one.correct for one in marked.scores if one.who == who) for who in WHO}
    assert (right["a"], right["house"]) == (10, 0)
    assert right["b"] < 3, "a snowman keeps a demand or two"


def test_another_generator_would_make_other_questions_and_is_refused(tmp_path: Path, serving: Files) -> None:
    other = contract("reasoning", serving, generator="reasoning-gym==0.0.1")
    with pytest.raises(JobFailed, match=r"reasoning-gym==0\.0\.1") as failed:
        quiz.draw(other, JobContext(tmp_path))
    assert failed.value.retry, "another worker may have the right one"


def test_a_bank_that_is_not_the_one_that_was_named_is_refused(tmp_path: Path, serving: Files) -> None:
    asked = contract("chinese", serving)
    wrong = dict.fromkeys(asked.files, serving.put("other.jsonl", b"{}\n"))
    with pytest.raises(JobFailed, match="did not arrive"):
        quiz.draw(asked.model_copy(update={"files": wrong}), JobContext(tmp_path))
