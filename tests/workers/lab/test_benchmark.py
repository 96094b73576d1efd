"""`benchmarks.run` from wake-up to scores: the real harness in its child, against the fake engine over HTTP."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from arena.benchmarks.contracts import FamilySpec, Fault, Sample, SystemPrompt
from arena.nodes.attestation import commit
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter
from tests.support.bench import (
    SUITE,
    counted,
    measured,
    offer,
    published,
    published_identity,
    small,
    written,
)
from tests.support.engine import Files, Node, engine_node, make_adapter
from tests.support.lab_portal import LabPortal
from workers.lab.runner import run_job
from workers.pool import fake
from workers.pool.protocol import CompletionRequest, EngineReply

pytestmark = pytest.mark.timeout(300)

__all__ = ["engine_node"]


def test_a_run_asks_everything_scores_it_and_says_how_it_came_about(
    portal: LabPortal, fake_node: Node, files: Files
) -> None:
    suite = small()
    offer(portal, fake_node, suite, published(files, 1))
    result = measured(portal)
    assert [task.task for task in result.tasks] == [family.name for family in suite.families]
    assert all(task.n == 2 and task.accuracy in (0, 0.5, 1) and task.stderr > 0 for task in result.tasks)
    assert len(result.samples) == 2 * len(suite.families)
    assert result.suite_digest == suite.digest
    told = [body["progress"] for body in portal.bodies("heartbeat") if body["progress"]]
    assert {progress["total"] for progress in told} == {len(result.samples)}
    attestation = result.attestation
    assert attestation is not None
    assert attestation.is_signed
    stated = attestation.read()
    assert (stated.challenge, stated.seed_commitment) == ("r", commit("r", 5))
    assert [adapter.digest for adapter in stated.adapters] == [make_adapter(1).digest]
    kinds = {family.name: family for family in suite.families}
    for sample in result.samples:
        explained(sample, kinds[sample.task])


def explained(sample: Sample, family: FamilySpec) -> None:
    assert sample.correct == (sample.answer == sample.expected) or family.kind == "generate"
    if family.kind == "generate":
        assert (sample.options, sample.logprobs) == ([], [])
        assert sample.detail == {"scorer": family.scorer}
        return
    likely = dict(zip(sample.options, sample.logprobs, strict=True))
    assert max(likely, key=likely.__getitem__) == sample.answer == sample.extracted
    assert sample.normalised == [value / len(option) for option, value in likely.items()]
    first, second = sorted(sample.logprobs, reverse=True)[:2]
    assert sample.detail["ahead"] == first - second


def system_prompt(text: str | None, room: int = 100) -> SystemPrompt:
    """None: a template in which nothing is said to the model beside the question."""
    template = HOUSE_MODEL.template if text is None else HOUSE_MODEL.render("{prompt}", text)
    return SystemPrompt(template=template, question_tokens=room, answer_tokens=room)


def test_a_system_prompt_is_measured_in_its_own_template(
    portal: LabPortal, fake_node: Node, files: Files
) -> None:
    """Through the identity adapter. What the node thinks of that adapter says nothing about the prompt."""
    identity = published_identity(files)
    results = []
    for text in ("Answer like a sailor.", None):
        offer(portal, fake_node, written(), identity, system_prompt(text))
        results.append(measured(portal))
    sailor, silent = results
    assert (sailor.effect, silent.effect) == (True, False)
    assert sailor.refusal is None
    assert sailor.items_digest == silent.items_digest
    assert [sample.answer for sample in sailor.samples] != [sample.answer for sample in silent.samples]


def test_a_system_prompt_that_leaves_no_room_is_refused_with_the_numbers(
    portal: LabPortal, fake_node: Node, files: Files
) -> None:
    text = "x" * 100
    short = {written().families[0].name: [0]}
    needed = len(HOUSE_MODEL.render("", text).encode()) + 1  # the fake's tokens are bytes, and BOS
    left = HOUSE_MODEL.context - needed
    offer(portal, fake_node, written(), published(files, 1), system_prompt(text, left // 2), items=short)
    assert measured(portal).refusal is None
    offer(portal, fake_node, written(), published(files, 1), system_prompt(text, left // 2 + 1), items=short)
    result = measured(portal)
    assert result.refusal is not None
    assert (result.tasks, result.samples, result.refusal.code) == ([], [], "context")
    (problem,) = result.refusal.detail["problems"]
    assert problem["code"] == "prompt.context"
    size = left // 2 + 1
    assert problem["detail"] == {
        "tokens": needed, "room": HOUSE_MODEL.context - 2 * size, "context": HOUSE_MODEL.context, "question": size,
        "answer": size,
    }  # fmt: skip


def test_the_child_begins_without_torch() -> None:
    """It hides torch once its own imports are done: were one of those to load it, that would come too late."""
    heavy = "import sys, workers.lab.benchmark_child; print({'torch', 'sklearn'} & sys.modules.keys())"
    said = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


def test_an_engine_that_is_away_is_our_fault(portal: LabPortal, fake_node: Node, files: Files) -> None:
    gone = Node("http://127.0.0.1:9", fake_node.token, Path(), 0)
    offer(portal, gone, written(), published(files, 1))
    assert run_job(portal.job_url) == "failed"
    (body,) = portal.bodies("fail")
    assert body["retry"] is True
    assert "could not load the adapter" in body["reason"]


def test_a_load_ends_with_the_lease(portal: LabPortal, files: Files) -> None:
    """It may take minutes, which are not ours any more."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        silent = Node(f"http://127.0.0.1:{deaf.getsockname()[1]}", "token", Path(), 0)
        offer(portal, silent, written(), published(files, 1))

        def lose() -> None:
            deaf.accept()
            portal.lease_lost = True

        threading.Thread(target=lose, daemon=True).start()
        assert run_job(portal.job_url) == "stopped"


def test_an_adapter_that_the_engine_lost_gives_no_score(portal: LabPortal, fake_node: Node) -> None:
    """Not a worse score: the harness retries, gives up, and the run has no result."""
    offer(portal, fake_node, written(1), "a-not-there")
    assert run_job(portal.job_url) == "failed"
    (body,) = portal.bodies("fail")
    assert body["retry"] is True
    assert fake_node.token not in body["reason"]


def refused_before(portal: LabPortal, monkeypatch: pytest.MonkeyPatch) -> Fault:
    """The run ends with its reason, and not one question was asked."""
    with counted(monkeypatch) as asked:
        result = measured(portal)
    assert asked == []
    assert (result.tasks, result.samples, portal.kept) == ([], [], [])
    assert result.fault is not None
    return result.fault


def test_an_engine_without_likelihoods_is_found_out_before_the_first_question(
    portal: LabPortal, fake_node: Node, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = fake.FakeEngine.complete

    async def deaf(engine: fake.FakeEngine, request: CompletionRequest) -> EngineReply:
        return await complete(engine, request.model_copy(update={"echo": False}))

    monkeypatch.setattr(fake.FakeEngine, "complete", deaf)
    offer(portal, fake_node, written(), published(files, 1))
    fault = refused_before(portal, monkeypatch)
    assert fault.code == "engine.no_echo"
    assert "it gave 1" in fault.message


def test_an_adapter_without_effect_is_found_out_before_the_first_question(
    portal: LabPortal, fake_node: Node, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(portal, fake_node, written(), published_identity(files), must_differ=True)
    assert refused_before(portal, monkeypatch).code == "adapter.no_effect"
    assert portal.bodies("complete")[0]["result"]["effect"] is False
    offer(portal, fake_node, written(1), published_identity(files))
    assert measured(portal).samples, "the house is measured"


def test_a_suite_of_another_generator_is_not_asked(
    portal: LabPortal, fake_node: Node, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = small().model_copy(update={"generator": "reasoning-gym==0.0.0"})
    offer(portal, fake_node, other, published(files, 1))
    fault = refused_before(portal, monkeypatch)
    assert fault.code == "suite.another_generator"
    assert "reasoning-gym==0.0.0" in fault.message


def test_a_question_that_the_model_cannot_read_whole_is_named(
    portal: LabPortal, fake_node: Node, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no system prompt whose fault it could be."""
    room = "x" * HOUSE_MODEL.context
    offer(portal, fake_node, written(), published(files, 1), template=room + "{prompt}")
    fault = refused_before(portal, monkeypatch)
    assert fault.code == "suite.too_long"
    assert f"Question 0 of {written().families[0].name}" in fault.message
    assert str(HOUSE_MODEL.context - 1) in fault.message


def test_an_engine_that_gives_out_no_tokenizer_is_named(
    portal: LabPortal, fake_node: Node, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = fake_node.data_dir.rglob("tokenizer_config.json")
    (path,) = tokenizer
    kept = path.read_bytes()
    path.unlink()
    try:
        offer(portal, fake_node, written(), published(files, 1))
        assert refused_before(portal, monkeypatch).code == "engine.no_tokenizer"
    finally:
        path.write_bytes(kept)


def test_only_what_was_ordered_is_asked(portal: LabPortal, fake_node: Node, files: Files) -> None:
    family = written().families[0].name
    offer(portal, fake_node, written(4), published(files, 1), items={family: [1, 3]})
    result = measured(portal)
    assert [(sample.task, sample.index) for sample in result.samples] == [(family, 1), (family, 3)]
    assert [(task.task, task.n) for task in result.tasks] == [(family, 2)]


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_the_house_model_is_better_than_guessing(portal: LabPortal, engine_node: Node) -> None:
    """On the real engine. The untuned model knows a little; were BOS or the template wrong it would know nothing."""
    house = engine_name(adapter_digest(*identity_adapter(HOUSE_MODEL)))
    # One task whole: the air set has two or three questions of each, which show nothing by themselves.
    words = [family for family in SUITE.families if family.name == "word_order"]
    suite = SUITE.model_copy(update={"families": words})
    offer(portal, engine_node, suite, house, items=suite.indices("full"))
    (task,) = measured(portal).tasks
    assert task.score > 2 * task.stderr, task
