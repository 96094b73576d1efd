"""Whatever dies in the middle of a benchmark: what was answered is not asked again, and the result is the same to the
last digit."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from arena.benchmarks.contracts import BenchmarkResult
from tests.support.bench import counted, held_after, offer, published, scores, written
from tests.support.engine import ROOT, Files, Node, served
from tests.support.lab_portal import LabPortal, serve_lab_portal
from workers.lab import runner
from workers.lab.benchmark import BATCH
from workers.lab.job import JobContext
from workers.lab.runner import run_job
from workers.pool import fake
from workers.pool.agent import NodeAgent
from workers.pool.protocol import CompletionRequest
from workers.pool.serve import fake_agent

pytestmark = pytest.mark.timeout(600)

SUITE = written(4)
CONCURRENCY = 4


@dataclass
class Whole:
    """The run that nothing happened to."""

    result: BenchmarkResult
    kept: list[dict[str, Any]]
    """What the portal was given to keep of it."""

    @property
    def requests(self) -> int:
        return len(self.kept)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> NodeAgent:
    return fake_agent(tmp_path_factory.mktemp("node"), pace=fake.Pace(first_token=0.0, token=0.0))


@pytest.fixture(scope="module")
def fake_node(agent: NodeAgent, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with served(agent, tmp_path_factory.mktemp("served")) as node:
        yield node


@pytest.fixture(scope="module")
def whole(fake_node: Node, files: Files) -> Iterator[Whole]:
    with serve_lab_portal() as portal, pytest.MonkeyPatch.context() as patch, counted(patch) as asked:
        offer(portal, fake_node, SUITE, published(files, 1))
        result = scores(portal)
        assert {(one["task"], one["index"]) for one in portal.kept} == {
            (sample.task, sample.index) for sample in result.samples
        }
        assert len(portal.kept) == len(asked), "every request is kept, and none was made twice"
        yield Whole(result, portal.kept)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[CompletionRequest]]:
    with counted(monkeypatch) as requests:
        yield requests


def halfway(portal: LabPortal, whole: Whole, strike: Callable[[], None]) -> None:
    """`strike` once, as soon as half of all answers are kept."""
    struck = threading.Event()

    def look() -> None:
        if 2 * len(portal.kept) >= whole.requests and not struck.is_set():
            struck.set()
            strike()

    portal.on_answers = look


def resumed(portal: LabPortal, node: Node, files: Files) -> BenchmarkResult:
    """The next attempt, with what the portal has kept."""
    offer(portal, node, SUITE, published(files, 1), known=portal.kept)
    return scores(portal)


def child_of(job: JobContext) -> int:
    assert job._child is not None
    return job._child.pid


def test_a_killed_child(
    portal: LabPortal, fake_node: Node, files: Files, whole: Whole, asked: list[CompletionRequest]
) -> None:
    offer(portal, fake_node, SUITE, published(files, 1))

    def strike() -> None:
        (job,) = runner._running
        os.kill(child_of(job), signal.SIGKILL)

    halfway(portal, whole, strike)
    assert run_job(portal.job_url) == "failed"
    assert portal.bodies("fail")[0]["retry"] is True
    assert whole.requests / 2 <= len(portal.kept) < whole.requests
    assert resumed(portal, fake_node, files) == whole.result
    # All that the child has got is kept; what was with the engine is not.
    assert len(asked) - whole.requests <= CONCURRENCY


LAB = "import sys; from workers.lab.runner import run_job; run_job(sys.argv[1])"


def test_a_killed_lab(
    portal: LabPortal, fake_node: Node, files: Files, whole: Whole, asked: list[CompletionRequest]
) -> None:
    """Its child dies with it, and of what was answered less than a batch had not been handed in yet."""
    offer(portal, fake_node, SUITE, published(files, 1))
    answered = whole.requests // 2
    assert answered % BATCH
    with held_after(answered), subprocess.Popen([sys.executable, "-c", LAB, portal.job_url], cwd=ROOT) as lab:
        wait_for(lambda: answered - len(portal.kept) < BATCH or lab.poll() is not None)
        children = Path(f"/proc/{lab.pid}/task/{lab.pid}/children").read_text().split()
        lab.kill()
        lab.wait(120)
        assert lab.returncode == -signal.SIGKILL
        assert children
        wait_for(lambda: not any(_runs(int(pid)) for pid in children))
    assert len(asked) <= answered + CONCURRENCY
    assert not portal.bodies("complete")
    assert resumed(portal, fake_node, files) == whole.result
    assert len(asked) - whole.requests < BATCH + CONCURRENCY


def wait_for(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_killed_engine(
    portal: LabPortal,
    agent: NodeAgent,
    fake_node: Node,
    files: Files,
    whole: Whole,
    asked: list[CompletionRequest],
) -> None:
    """It is started anew by its node; until then the harness, and after it the queue, tries again."""
    engine = agent.engine
    assert isinstance(engine, fake.FakeEngine)
    offer(portal, fake_node, SUITE, published(files, 1))

    def strike() -> None:
        assert engine._death is not None
        engine._death.get_loop().call_soon_threadsafe(engine.die, "killed by a test")

    halfway(portal, whole, strike)
    outcome = run_job(portal.job_url)
    assert 2 * len(portal.kept) >= whole.requests
    if outcome == "failed":
        assert portal.bodies("fail")[0]["retry"] is True
        result = resumed(portal, fake_node, files)
    else:
        body = portal.bodies("complete")[0]["result"]
        result = BenchmarkResult.model_validate(body | {"attestation": None})
    assert result == whole.result
    assert len(asked) - whole.requests <= CONCURRENCY


def test_what_is_known_is_not_asked(
    portal: LabPortal, fake_node: Node, files: Files, whole: Whole, asked: list[CompletionRequest]
) -> None:
    offer(portal, fake_node, SUITE, published(files, 1), known=whole.kept)
    assert scores(portal) == whole.result
    assert asked == []


def test_a_portal_that_is_away_costs_nothing_but_the_chance_to_go_on(
    portal: LabPortal, fake_node: Node, files: Files, whole: Whole
) -> None:
    offer(portal, fake_node, SUITE, published(files, 1))
    portal.statuses["answers"] = 503
    assert scores(portal) == whole.result
    assert portal.kept == []


def test_answers_of_a_job_that_is_not_ours_any_more_end_it(
    portal: LabPortal, fake_node: Node, files: Files
) -> None:
    """A run that was cancelled: the lab hears so with its next batch."""
    offer(portal, fake_node, SUITE, published(files, 1))
    portal.statuses["answers"] = 409
    assert run_job(portal.job_url) == "stopped"
    assert not portal.bodies("complete")
    assert not portal.bodies("fail")


def test_entries_that_are_measured_together_score_as_one_after_the_other(
    fake_node: Node, files: Files, whole: Whole
) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        portals = [stack.enter_context(serve_lab_portal()) for _ in range(2)]
        for seed, portal in enumerate(portals, start=1):
            offer(portal, fake_node, SUITE, published(files, seed))
        first, second = pool.map(scores, portals)
        alone = stack.enter_context(serve_lab_portal())
        offer(alone, fake_node, SUITE, published(files, 2))
        assert (first, second) == (whole.result, scores(alone))
        assert first.items_digest == second.items_digest
        assert [one.answer for one in first.samples] != [one.answer for one in second.samples]
