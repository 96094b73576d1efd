"""A benchmark as a lab gets it: the contract, offered by the portal of `lab_portal`, for an engine that is up."""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from arena.benchmarks import contracts
from arena.benchmarks.contracts import BenchmarkResult, FamilySpec, SuiteSpec, SystemPrompt
from arena.benchmarks.suites import load, shipped_files
from arena.nodes.attestation import Wanted, commit
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter
from tests.support.engine import Adapter, Files, Node, make_adapter
from tests.support.lab_portal import LabPortal
from workers.lab.runner import run_job
from workers.pool import fake
from workers.pool.protocol import CompletionRequest, EngineReply

SUITE = load("reasoning")
SEED = 5


def small(items: int = 2) -> SuiteSpec:
    """Three families of choices and one of written answers."""
    return _cut(SUITE.families[:4], items)


def written(items: int = 2) -> SuiteSpec:
    """The same out of files: nothing has to be generated, so a run with it begins sooner."""
    return _cut([*load("english").families[:3], load("format").families[0]], items)


def _cut(families: list[FamilySpec], items: int) -> SuiteSpec:
    cut = [family.model_copy(update={"items": items}) for family in families]
    assert {family.kind for family in cut} == {"choice", "generate"}
    return SUITE.model_copy(update={"families": cut})


def offer(
    portal: LabPortal,
    node: Node,
    suite: SuiteSpec,
    adapter: dict[str, str] | str,
    system: SystemPrompt | None = None,
    **changes: Any,
) -> None:
    """A contract to measure an adapter that is to be loaded first, or one that is there already, by its name."""
    name = adapter if isinstance(adapter, str) else adapter["name"]
    wanted = Wanted(challenge="r", seed_commitment=commit("r", SEED), adapters=(name,))
    portal.kind = contracts.JOB_KIND
    portal.files |= {f"/{one}": shipped_files()[one].read_bytes() for one in suite.files}
    portal.contract = {
        "run_id": "r", "suite": suite.model_dump(mode="json"), "engine_url": node.url, "engine_token": node.token,
        "items": suite.indices("full"), "files": {one: f"{portal.url}/{one}" for one in suite.files},
        "adapter": None if isinstance(adapter, str) else adapter, "model": name,
        "base_model": HOUSE_MODEL.id, "template": HOUSE_MODEL.template, "seed": SEED, "concurrency": 4,
        "system": system.model_dump() if system else None,
        "attest": None if isinstance(adapter, str) else wanted.model_dump(),
        **changes,
    }  # fmt: skip
    portal.claimable = True
    portal.calls.clear()
    portal.kept = []
    portal.on_answers = lambda: None


def published(files: Files, seed: int) -> dict[str, str]:
    adapter = make_adapter(seed)
    return files.publish(adapter) | {"name": engine_name(adapter.digest)}


def published_identity(files: Files) -> dict[str, str]:
    config, weights = identity_adapter(HOUSE_MODEL)
    digest = adapter_digest(config, weights)
    return files.publish(Adapter(digest, config, weights)) | {"name": engine_name(digest)}


def measured(portal: LabPortal) -> BenchmarkResult:
    outcome = run_job(portal.job_url)
    assert outcome == "done", portal.bodies("fail")
    return BenchmarkResult.model_validate(portal.bodies("complete")[0]["result"])


def scores(portal: LabPortal) -> BenchmarkResult:
    """Without what is stated anew each time."""
    return measured(portal).model_copy(update={"attestation": None})


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[CompletionRequest]]:
    """The questions that fake engines have answered, with every repetition."""
    answered: list[CompletionRequest] = []
    complete, lock = fake.FakeEngine.complete, threading.Lock()

    async def counting(engine: fake.FakeEngine, request: CompletionRequest) -> EngineReply:
        reply = await complete(engine, request)
        if request.seed == SEED:
            with lock:
                answered.append(request)
        return reply

    with monkeypatch.context() as patch:
        patch.setattr(fake.FakeEngine, "complete", counting)
        yield answered


@contextmanager
def held_after(questions: int) -> Iterator[None]:
    """Fake engines answer so many questions, and the next ones only when this is over."""
    complete, numbers, over = fake.FakeEngine.complete, itertools.count(), threading.Event()

    async def holding(engine: fake.FakeEngine, request: CompletionRequest) -> EngineReply:
        if request.seed == SEED and next(numbers) >= questions:
            await asyncio.to_thread(over.wait)
        return await complete(engine, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake.FakeEngine, "complete", holding)
        try:
            yield
        finally:
            over.set()
