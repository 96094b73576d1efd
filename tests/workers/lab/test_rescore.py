"""Stored answers judged again: with the same scorers nothing changes, with the same child as in a benchmark."""

from dataclasses import replace
from pathlib import Path

import pytest

from arena.benchmarks import suites
from arena.benchmarks.contracts import Kept, RescoreContract, SuiteSpec
from tests.support.suites import lay_out
from workers.lab import rescore as job
from workers.lab.job import JobContext, JobFailed
from workers.lab.questions import Item, items_digest, make_items, task_score
from workers.lab.rescore_child import rescore
from workers.lab.scorer import scorer_digest

SUITES = [suites.load("arithmetic"), suites.load("english")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(SUITES, tmp_path_factory.mktemp("suites"))


def asked(suite: SuiteSpec, files: Path) -> dict[str, list[Item]]:
    made = make_items(suite, files)
    return {name: [made[name][index] for index in listed] for name, listed in suite.indices("air").items()}


def kept(item: Item, right: bool) -> Kept:
    """As a run stores it: the likeliest option is the first that fits, whatever the stored text says."""
    if not item.options:
        return Kept(task=item.family, index=item.index, answer=item.answer if right else "no idea")
    logprobs = [-1.0 if (option == item.answer) == right else -5.0 for option in item.options]
    return Kept(task=item.family, index=item.index, answer="", logprobs=logprobs)


def contract(suite: SuiteSpec, items: dict[str, list[Item]], right: bool) -> RescoreContract:
    return RescoreContract(
        suite=suite,
        items=suite.indices("air"),
        answers=[kept(item, right) for listed in items.values() for item in listed],
    )


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.id)
@pytest.mark.parametrize("right", [True, False])
def test_every_stored_answer_is_judged_by_the_scorers_of_today(
    suite: SuiteSpec, right: bool, files: Path
) -> None:
    items = asked(suite, files)
    found = rescore(contract(suite, items, right), files)
    assert (found.suite_digest, found.scorer_digest) == (suite.digest, scorer_digest())
    assert found.items_digest == items_digest(items)
    assert {(one.task, one.index) for one in found.samples} == {
        (item.family, item.index) for listed in items.values() for item in listed
    }
    assert all(one.correct is right for one in found.samples)
    families = {family.name: family for family in suite.families}
    assert found.tasks == [
        task_score(families[name], listed, [right] * len(listed)) for name, listed in items.items()
    ]
    for sample in found.samples:
        item = next(one for one in items[sample.task] if one.index == sample.index)
        if item.options:
            assert sample.answer in item.options, "read off the log-probabilities, not off the stored text"


def test_an_older_run_without_log_probabilities_keeps_what_it_came_to(files: Path) -> None:
    suite = SUITES[1]
    items = asked(suite, files)
    choice = next(item for listed in items.values() for item in listed if item.options)
    asked_for = contract(suite, items, True)
    stored = Kept(task=choice.family, index=choice.index, answer=choice.answer)
    others = [one for one in asked_for.answers if (one.task, one.index) != (stored.task, stored.index)]
    found = rescore(asked_for.model_copy(update={"answers": [stored, *others]}), files)
    assert found.samples[0].correct and found.samples[0].answer == choice.answer


def test_questions_of_one_stratum_are_counted_together(files: Path) -> None:
    suite = SUITES[1]
    family = suite.families[0]
    listed = make_items(suite, files)[family.name]
    items = [
        replace(item, entry=item.entry | {"stratum": "easy" if item.index % 2 else "hard"}) for item in listed
    ]
    first = [item.index % 2 == 1 for item in items]
    mixed = [place < sum(first) for place in range(len(items))]
    assert task_score(family, items, first).stderr > task_score(family, items, mixed).stderr


def test_the_job_ends_without_a_result_when_the_suite_cannot_be_made(tmp_path: Path) -> None:
    suite = SUITES[0].model_copy(update={"generator": "reasoning-gym==0"})
    asked_for = RescoreContract(suite=suite, items={}, answers=[])
    with pytest.raises(JobFailed, match="reasoning-gym==0") as failure:
        job.run(asked_for, JobContext(tmp_path))
    assert failure.value.retry


def test_the_job_gives_what_the_child_has_found(files: Path, tmp_path: Path) -> None:
    suite = SUITES[0]
    asked_for = contract(suite, asked(suite, files), True)
    assert job.run(asked_for, JobContext(tmp_path)) == rescore(asked_for, files)
