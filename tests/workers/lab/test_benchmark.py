"""`benchmarks.run` from wake-up to scores: the real harness in its child, against the fake engine over HTTP."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from arena.benchmarks import contracts
from arena.benchmarks.contracts import BenchmarkResult, SuiteSpec, SystemPrompt
from arena.benchmarks.suites import load
from arena.nodes.attestation import Wanted, commit
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter
from tests.support.engine import Adapter, Files, Node, engine_node, make_adapter, served
from tests.support.lab_portal import LabPortal
from workers.lab.runner import run_job
from workers.pool import fake
from workers.pool.serve import fake_agent

pytestmark = pytest.mark.timeout(300)

__all__ = ["engine_node"]

SUITE = load("reasoning")


def small(items: int = 2) -> SuiteSpec:
    return SUITE.model_copy(
        update={"families": [family.model_copy(update={"items": items}) for family in SUITE.families]}
    )


@pytest.fixture(scope="module")
def fake_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("node")
    with served(fake_agent(data_dir, pace=fake.Pace(first_token=0.0, token=0.0)), data_dir) as node:
        yield node


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    serving = Files(tmp_path_factory.mktemp("files"))
    yield serving
    serving.close()


def offer(
    portal: LabPortal,
    node: Node,
    suite: SuiteSpec,
    adapter: dict[str, str] | str,
    system: SystemPrompt | None = None,
) -> None:
    """A contract to measure an adapter that is to be loaded first, or one that is there already, by its name."""
    name = adapter if isinstance(adapter, str) else adapter["name"]
    wanted = Wanted(challenge="r", seed_commitment=commit("r", 5), adapters=(name,))
    portal.kind = contracts.JOB_KIND
    portal.contract = {
        "run_id": "r", "suite": suite.model_dump(mode="json"), "engine_url": node.url, "engine_token": node.token,
        "adapter": None if isinstance(adapter, str) else adapter, "model": name,
        "base_model": HOUSE_MODEL.id, "template": HOUSE_MODEL.template, "seed": 5, "concurrency": 4,
        "system": system.model_dump() if system else None,
        "attest": None if isinstance(adapter, str) else wanted.model_dump(),
    }  # fmt: skip
    portal.claimable = True
    portal.calls.clear()


def published(files: Files, seed: int) -> dict[str, str]:
    adapter = make_adapter(seed)
    return files.publish(adapter) | {"name": engine_name(adapter.digest)}


def measured(portal: LabPortal) -> BenchmarkResult:
    outcome = run_job(portal.job_url)
    assert outcome == "done", portal.bodies("fail")
    return BenchmarkResult.model_validate(portal.bodies("complete")[0]["result"])


def test_a_run_asks_everything_and_scores_it(portal: LabPortal, fake_node: Node, files: Files) -> None:
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

    # The same adapter is measured the same; another answers the same questions otherwise.
    offer(portal, fake_node, suite, published(files, 1))
    # Stated anew, at another time.
    assert measured(portal).model_copy(update={"attestation": attestation}) == result
    offer(portal, fake_node, suite, published(files, 2))
    other = measured(portal)
    assert other.items_digest == result.items_digest
    assert [sample.answer for sample in other.samples] != [sample.answer for sample in result.samples]


def system_prompt(text: str | None, room: int = 100) -> SystemPrompt:
    """None: a template in which nothing is said to the model beside the question."""
    template = HOUSE_MODEL.template if text is None else HOUSE_MODEL.render("{prompt}", text)
    return SystemPrompt(template=template, question_tokens=room, answer_tokens=room)


def test_a_system_prompt_is_measured_in_its_own_template(
    portal: LabPortal, fake_node: Node, files: Files
) -> None:
    """Through the identity adapter. What the node thinks of that adapter says nothing about the prompt."""
    config, weights = identity_adapter(HOUSE_MODEL)
    digest = adapter_digest(config, weights)
    identity = files.publish(Adapter(digest, config, weights)) | {"name": engine_name(digest)}
    results = []
    for text in ("Answer like a sailor.", None):
        offer(portal, fake_node, small(), identity, system_prompt(text))
        results.append(measured(portal))
    sailor, silent = results
    assert (sailor.effect, silent.effect) == (True, False)
    assert sailor.refusal is None
    assert sailor.items_digest == silent.items_digest
    assert [sample.answer for sample in sailor.samples] != [sample.answer for sample in silent.samples]


def test_a_system_prompt_that_leaves_no_room_is_refused_with_the_numbers(
    portal: LabPortal, fake_node: Node, files: Files
) -> None:
    text = "x" * 500
    needed = len(HOUSE_MODEL.render("", text).encode()) + 1  # the fake's tokens are bytes, and BOS
    left = HOUSE_MODEL.context - needed
    offer(portal, fake_node, small(), published(files, 1), system_prompt(text, left // 2))
    assert measured(portal).refusal is None
    offer(portal, fake_node, small(), published(files, 1), system_prompt(text, left // 2 + 1))
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


def test_an_engine_that_is_away_is_our_fault(portal: LabPortal, fake_node: Node, files: Files) -> None:
    gone = Node("http://127.0.0.1:9", fake_node.token, Path(), 0)
    offer(portal, gone, small(), published(files, 1))
    assert run_job(portal.job_url) == "failed"
    (body,) = portal.bodies("fail")
    assert body["retry"] is True
    assert "could not load the adapter" in body["reason"]


def test_a_load_ends_with_the_lease(portal: LabPortal, files: Files) -> None:
    """It may take minutes, which are not ours any more."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        silent = Node(f"http://127.0.0.1:{deaf.getsockname()[1]}", "token", Path(), 0)
        offer(portal, silent, small(), published(files, 1))

        def lose() -> None:
            deaf.accept()
            portal.lease_lost = True

        threading.Thread(target=lose, daemon=True).start()
        assert run_job(portal.job_url) == "stopped"


def test_an_adapter_that_the_engine_lost_gives_no_score(portal: LabPortal, fake_node: Node) -> None:
    """Not a worse score: the harness retries, gives up, and the run has no result."""
    offer(portal, fake_node, small(1), "a-not-there")
    assert run_job(portal.job_url) == "failed"
    (body,) = portal.bodies("fail")
    assert body["retry"] is True
    assert fake_node.token not in body["reason"]


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_the_house_model_is_better_than_guessing(portal: LabPortal, engine_node: Node) -> None:
    """On the real engine. The untuned model knows a little; were BOS or the template wrong it would know nothing."""
    offer(portal, engine_node, SUITE, engine_name(adapter_digest(*identity_adapter(HOUSE_MODEL))))
    result = measured(portal)
    above = [task for task in result.tasks if task.score > 2 * task.stderr]
    assert above, [(task.task, task.score, task.stderr) for task in result.tasks]
