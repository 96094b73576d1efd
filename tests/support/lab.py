"""A test that plays the lab: it takes wake-ups, works through the signed links and hands in what it likes."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import httpx

from arena.benchmarks.contracts import JOB_KIND as BENCHMARK
from arena.benchmarks.contracts import ORDERED_KIND as ORDERED
from arena.benchmarks.contracts import BenchmarkContract, BenchmarkResult, Sample, TaskScore
from arena.benchmarks.queries import PAGE
from arena.benchmarks.rules import score
from arena.shows.base_models import BASE_MODELS
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.contracts import JOB_KIND as VERIFY
from arena.submissions.contracts import (
    PROBE,
    Check,
    ProbeContract,
    ProbeResult,
    Refusal,
    VerifyContract,
    VerifyResult,
)
from arena.submissions.safetensors import digest_of_hashes
from arena.submissions.similarity import measure, open_sealed
from tests.support.portal import Caller, Portal
from workers.pool.client import EngineClient

__all__ = [
    "BENCHMARK",
    "ORDERED",
    "PROBE",
    "VERIFY",
    "Lab",
    "LabJob",
    "attested",
    "benchmarked",
    "probed",
    "refused",
    "samples_of",
    "verified",
]


@dataclass
class LabJob:
    """One claimed job. The verbs give the portal's answer as it came."""

    http: httpx.AsyncClient
    url: str
    kind: str
    fence: int
    contract: dict[str, Any]

    async def heartbeat(self, **progress: Any) -> httpx.Response:
        return await self._post("heartbeat", {"progress": progress or None})

    async def answers(self, answers: list[dict[str, Any]]) -> httpx.Response:
        return await self._post("answers", {"answers": answers})

    async def complete(self, result: dict[str, Any]) -> httpx.Response:
        return await self._post("complete", {"result": result})

    async def fail(self, reason: str, retry: bool) -> httpx.Response:
        return await self._post("fail", {"reason": reason, "retry": retry})

    async def _post(self, step: str, body: dict[str, Any]) -> httpx.Response:
        return await self.http.post(f"{self.url}/{step}", json={"fence": self.fence, **body})

    async def succeed(self, result: dict[str, Any] | None = None) -> None:
        """Do the work as an honest lab would, without looking at the files."""
        answer = await self.complete(result if result is not None else await self.honest_result())
        assert answer.status_code == 200, answer.text

    async def honest_result(self) -> dict[str, Any]:
        if self.kind == VERIFY:
            return await self._verified(VerifyContract.model_validate(self.contract))
        if self.kind == PROBE:
            return await _probed(ProbeContract.model_validate(self.contract))
        assert self.kind in (BENCHMARK, ORDERED), self.kind
        contract = BenchmarkContract.model_validate(self.contract)
        return benchmarked(contract) | {"attestation": await attested(contract)}

    async def _verified(self, contract: VerifyContract) -> dict[str, Any]:
        """Take the files for canonical as they are: tests send canonical ones."""
        sent = {
            file.name: (await self.http.get(file.url)).raise_for_status().content for file in contract.files
        }
        for file in contract.canonical:
            await self.http.put(file.put_url, content=sent[file.name])
        digest = digest_of_hashes(*(sha256(sent[file.name]).digest() for file in contract.canonical))
        size = sum(map(len, sent.values()))
        if contract.artifact != "adapter":
            return verified(digest, size_bytes=size, rank=None, modules=None)
        base = BASE_MODELS[contract.base_model]
        measures = measure(open_sealed(sent[CONFIG], sent[WEIGHTS], base), base)
        return verified(digest, size_bytes=size, measures=measures)


def verified(digest: str, **changes: Any) -> dict[str, Any]:
    result = VerifyResult(
        verdict="verified",
        checks=[Check(code="format", status="passed")],
        digest=digest,
        size_bytes=1,
        rank=1,
        modules=["self_attn.q_proj"],
    )
    return result.model_copy(update=changes).model_dump(mode="json")


def refused(code: str) -> dict[str, Any]:
    check = Check(code="format", status="refused")
    result = VerifyResult(
        verdict="refused", checks=[check], refusal=Refusal(code=code, message="It is wrong.")
    )
    return result.model_dump(mode="json")


async def _probed(contract: ProbeContract) -> dict[str, Any]:
    adapter = contract.adapter
    async with EngineClient(contract.engine_url, contract.engine_token) as engine:
        loaded = await engine.ensure_adapter(adapter.digest, adapter.weights_url, adapter.config_url)
    return probed(loaded.fingerprint or "")


def probed(fingerprint: str = "0" * 64, refusal: Refusal | None = None) -> dict[str, Any]:
    """As if the engine had answered like PEFT, or had given this reason not to admit the adapter."""
    checks = [
        Check(code="reference", status="passed", detail={"agreeing": 8, "of": 8}),
        Check(code="engine", status="refused" if refusal else "passed"),
    ]
    return ProbeResult(checks=checks, refusal=refusal, fingerprint=fingerprint).model_dump(mode="json")


async def attested(contract: BenchmarkContract) -> dict[str, Any] | None:
    """What the node itself signs, if the contract says that it does."""
    if contract.attest is None:
        return None
    assert contract.adapter is not None
    async with EngineClient(contract.engine_url, contract.engine_token) as engine:
        adapter = contract.adapter
        await engine.ensure_adapter(adapter.digest, adapter.weights_url, adapter.config_url)
        return (await engine.attestation(contract.attest)).model_dump(mode="json")


def benchmarked(contract: BenchmarkContract, right: float = 0.5) -> dict[str, Any]:
    """As if the adapter had got this share of each family right."""
    tasks, samples = [], []
    for family in contract.suite.families:
        asked = contract.items.get(family.name)
        if not asked:
            continue
        correct = round(right * len(asked))
        points = score(correct, len(asked), family.chance)
        tasks.append(
            TaskScore(
                task=family.name,
                n=len(asked),
                accuracy=points.accuracy,
                stderr=points.stderr,
                chance=family.chance,
                score=points.score,
            )
        )
        samples += [
            Sample(
                task=family.name,
                index=index,
                question=f"Question {index}?",
                expected="yes",
                answer="yes" if place < correct else "no",
                correct=place < correct,
            )
            for place, index in enumerate(asked)
        ]
    result = BenchmarkResult(
        tasks=tasks,
        samples=samples,
        lm_eval_version="0.4.13",
        scorer_digest="5" * 64,
        suite_digest=contract.suite.digest,
        items_digest="0" * 64,
    )
    return result.model_dump(mode="json")


class Lab:
    """A lab worker's side of the job door."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.http = portal.anybody(origin=False)

    async def claim(self, url: str) -> LabJob:
        answer = await self.http.post(f"{url}/claim")
        assert answer.status_code == 200, answer.text
        return self._claimed(answer)

    def _claimed(self, answer: httpx.Response) -> LabJob:
        said = answer.json()
        return LabJob(self.http, said["job_url"], said["kind"], said["fence"], said["contract"])

    async def next_url(self) -> str:
        """The link in the oldest wake-up that nobody has taken."""
        await self._portal.relay()
        return self._portal.waker.lab_links.pop(0)

    async def take(self) -> LabJob:
        """The next job. A wake-up whose job was handed out already, out of turn, is for nothing."""
        while True:
            answer = await self.http.post(f"{await self.next_url()}/claim")
            if answer.status_code != 409 or not self._portal.waker.lab_links:
                assert answer.status_code == 200, answer.text
                return self._claimed(answer)

    async def until(self, kind: str) -> LabJob:
        """The first job of this kind; what comes before it is done honestly."""
        while (job := await self.take()).kind != kind:
            await job.succeed()
        return job

    async def work_off(self) -> None:
        """Do everything that is waiting for a lab, honestly, and what follows from it."""
        await self._portal.relay()
        while self._portal.waker.lab_links:
            answer = await self.http.post(f"{await self.next_url()}/claim")
            if answer.status_code == 200:
                await self._claimed(answer).succeed()
            await self._portal.drain()


async def samples_of(caller: Caller, submission: str) -> list[dict[str, Any]]:
    """The questions of the version's newest run, page by page."""
    run = (await caller.get_ok(f"/submissions/{submission}/runs"))[0]
    found: list[dict[str, Any]] = []
    while True:
        page = await caller.get_ok(f"/runs/{run['id']}/samples?page={1 + len(found) // PAGE}")
        found += page["items"]
        if len(found) >= page["total"]:
            return found
