"""`submissions.probe` from wake-up to verdict: against the fake engine, and once with PEFT and a real vLLM."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.contracts import PROBE, ProbeResult
from arena.submissions.probe import Ending
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter
from tests.support.engine import (
    Adapter,
    Files,
    Node,
    call,
    completion,
    engine_node,
    make_adapter,
    model_cache,
)
from tests.support.lab_portal import LabPortal
from workers.lab import base_weights, probe
from workers.lab.job import JobContext, JobFailed
from workers.lab.runner import run_job
from workers.pool import fake
from workers.pool.client import EngineClient
from workers.pool.fingerprint import PROBES
from workers.pool.model_store import HOMES, MANIFEST, write_manifest
from workers.pool.protocol import CompletionRequest, EngineReply

pytestmark = pytest.mark.timeout(300)

__all__ = ["engine_node"]

DEMO = Path(__file__).resolve().parents[3] / "infra" / "demo" / "adapters"


def offer(portal: LabPortal, node: Node, files: Files, adapter: Adapter, **changes: object) -> None:
    health = call(node, "GET", "/health").json()
    portal.kind = PROBE
    portal.contract = {
        "submission_id": "s", "base_model": HOUSE_MODEL.id, "base_digest": health["base_digest"],
        "engine_url": node.url, "engine_token": node.token, "max_tokens": 40, "rehearsal": health["fake"],
        "adapter": files.publish(adapter) | {"name": engine_name(adapter.digest)},
    } | changes  # fmt: skip
    portal.claimable = True
    portal.calls.clear()


def probed(portal: LabPortal) -> ProbeResult:
    outcome = run_job(portal.job_url)
    assert outcome == "done", portal.bodies("fail")
    return ProbeResult.model_validate(portal.bodies("complete")[0]["result"])


def statuses(result: ProbeResult) -> dict[str, str]:
    return {check.code: check.status for check in result.checks}


def identity() -> Adapter:
    config, weights = identity_adapter(HOUSE_MODEL)
    return Adapter(adapter_digest(config, weights), config, weights)


# --- against the fake engine ----------------------------------------------------------------------------------------


def test_on_a_rehearsal_engine_nothing_is_compared(portal: LabPortal, fake_node: Node, files: Files) -> None:
    offer(portal, fake_node, files, make_adapter(1))
    result = probed(portal)
    assert (statuses(result)["reference"], result.refusal) == ("warning", None)
    engine = result.checks[1]
    assert engine.detail["lengths"] == [8, 512, HOUSE_MODEL.context - 4]
    assert 1 <= len(engine.detail["tokens"]) <= len(PROBES)
    shown = {item["digest"]: item for item in call(fake_node, "GET", "/health").json()["adapters"]}
    assert result.fingerprint == shown[make_adapter(1).digest]["fingerprint"]


async def test_one_answer_that_ends_by_itself_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that talks on and on elsewhere does not hold the engine until its last token."""
    ends = Ending(tokens=12, stopped=True)

    async def ending(_: object, __: str, ___: object, prompt: str, most: int) -> Ending:
        return ends if prompt == PROBES[2] else await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(probe, "_ending", ending)
    async with EngineClient("http://127.0.0.1:9", "token") as engine:
        assert await probe._endings(engine, "a-1", HOUSE_MODEL, 120) == [ends]


def test_the_base_model_in_disguise_is_refused(portal: LabPortal, fake_node: Node, files: Files) -> None:
    offer(portal, fake_node, files, make_adapter(1, scale=0.0))
    refusal = probed(portal).refusal
    assert refusal is not None
    assert refusal.code == "adapter.no_effect"


async def broken(reply: EngineReply, how: str) -> EngineReply:
    """As vLLM shows a NaN: no value in the log-probabilities, or JSON that it cannot write and an error of its own."""
    if how == "error":
        body = {"error": {"message": "Out of range float values are not JSON compliant", "code": 400}}
        return EngineReply(400, reply.media_type, once(json.dumps(body).encode()), reply.close)
    answer = json.loads(b"".join([chunk async for chunk in reply.chunks]))
    answer["choices"][0]["logprobs"]["token_logprobs"][-1] = None
    return EngineReply(200, reply.media_type, once(json.dumps(answer).encode()), reply.close)


def test_an_answer_that_is_no_number_is_refused(
    portal: LabPortal,
    fake_node: Node,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    """At each length, in each way; and each time on an engine that was started anew after the one before."""
    complete = fake.FakeEngine.complete
    monkeypatch.setattr(probe, "LOOK_SECONDS", 0.02)

    async def break_down(self: fake.FakeEngine, request: CompletionRequest) -> EngineReply:
        reply = await complete(self, request)
        wrong = isinstance(request.prompt, list) and len(request.prompt) == broken_at
        return await broken(reply, how) if wrong else reply

    monkeypatch.setattr(fake.FakeEngine, "complete", break_down)
    for broken_at, how in product((8, 512, HOUSE_MODEL.context - 4), ("null", "error")):
        with subtests.test(broken_at=broken_at, how=how):
            offer(portal, fake_node, files, make_adapter(1))
            result = probed(portal)
            assert result.refusal is not None
            assert result.refusal.code == "adapter.probe_failed"
            assert f"{broken_at} tokens" in result.refusal.message
            health = call(fake_node, "GET", "/health").json()
            assert health["state"] == "ready", "it was started anew, and waited for"
            assert make_adapter(1).digest not in [item["digest"] for item in health["adapters"]]


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def test_an_engine_that_cannot_be_asked_is_not_the_adapter_s_fault(
    portal: LabPortal, fake_node: Node, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: fake.FakeEngine, request: CompletionRequest) -> EngineReply:
        reply = await complete(self, request)
        if request.logprobs is None:
            return reply
        return EngineReply(503, reply.media_type, once(b'{"error": {"message": "restarting"}}'), reply.close)

    complete = fake.FakeEngine.complete
    monkeypatch.setattr(fake.FakeEngine, "complete", refuse)
    offer(portal, fake_node, files, make_adapter(1))
    assert run_job(portal.job_url) == "failed"
    (failed,) = portal.bodies("fail")
    assert failed["retry"]


# --- the base weights -----------------------------------------------------------------------------------------------


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAVEL_DATA_DIR", str(tmp_path / "lab"))
    return tmp_path / "lab"


@pytest.fixture
def small_model(fake_node: Node, tmp_path: Path) -> Iterator[str]:
    """The fake node gives a base model of a few bytes; yields its digest."""
    folder = Path(fake_node.data_dir) / "fake-tokenizer"
    (folder / "model.safetensors").write_bytes(b"weights")
    yield write_manifest(folder, HOUSE_MODEL.id, "package:none", "0" * 64, {}).base_digest
    (folder / MANIFEST).unlink()
    (folder / "model.safetensors").unlink()


@dataclass(frozen=True)
class Lab:
    """A lab that needs the base weights of a node."""

    node: Node
    job: JobContext

    def fetches(self, digest: str) -> Path:
        return base_weights.fetch(HOUSE_MODEL.id, digest, self.node.url, self.node.token, self.job)


@pytest.fixture
def lab(fake_node: Node, data_dir: Path, tmp_path: Path) -> Lab:
    return Lab(fake_node, JobContext(tmp_path))


def test_a_probe_without_a_rehearsal_fetches_the_weights_and_asks_peft(
    portal: LabPortal, fake_node: Node, files: Files, data_dir: Path, small_model: str
) -> None:
    """PEFT cannot compute with these few bytes, which is nobody's fault for good."""
    offer(portal, fake_node, files, make_adapter(1), rehearsal=False, base_digest=small_model)
    assert run_job(portal.job_url) == "failed"
    (failed,) = portal.bodies("fail")
    assert failed["reason"].startswith("PEFT could not compute")
    assert failed["retry"]
    kept = data_dir / "models" / f"{HOUSE_MODEL.id}-{small_model[:16]}"
    assert (kept / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize("home", HOMES)
def test_a_lab_beside_an_engine_reads_the_weights_that_are_there(lab: Lab, data_dir: Path, home: str) -> None:
    """Those of `gavel up` and those of `gavel engine`; nothing is fetched, so nothing is kept twice."""
    prepared = data_dir / home / HOUSE_MODEL.id
    prepared.mkdir(parents=True)
    (prepared / "model.safetensors").write_bytes(b"prepared")
    digest = write_manifest(prepared, HOUSE_MODEL.id, "package:none", "0" * 64, {}).base_digest
    assert lab.fetches(digest) == prepared
    assert [path.parent for path in data_dir.rglob("model.safetensors")] == [prepared]


def test_a_lab_elsewhere_fetches_the_weights_once(lab: Lab, data_dir: Path, small_model: str) -> None:
    kept = data_dir / "models" / f"{HOUSE_MODEL.id}-{small_model[:16]}"
    assert lab.fetches(small_model) == kept
    assert (kept / "model.safetensors").read_bytes() == b"weights"
    assert [path.name for path in kept.parent.iterdir()] == [kept.name], "nothing unfinished is left"
    before = (kept / "model.safetensors").stat().st_mtime_ns
    assert lab.fetches(small_model) == kept
    assert (kept / "model.safetensors").stat().st_mtime_ns == before


def test_weights_that_are_not_the_engine_s_are_not_used(lab: Lab, data_dir: Path, small_model: str) -> None:
    with pytest.raises(JobFailed, match="other weights than it serves"):
        lab.fetches("1" * 64)
    assert list((data_dir / "models").iterdir()) == []


@pytest.mark.parametrize("what", ["others", "damaged"])
def test_what_lies_there_and_is_not_right_is_no_obstacle(
    lab: Lab, data_dir: Path, small_model: str, what: str
) -> None:
    """Weights of an earlier engine, or what is left of a download."""
    fetched = f"{HOUSE_MODEL.id}-{small_model[:16]}"
    there = data_dir / "models" / (HOUSE_MODEL.id if what == "others" else fetched)
    there.mkdir(parents=True)
    (there / "model.safetensors").write_bytes(b"old")
    if what == "others":
        write_manifest(there, HOUSE_MODEL.id, "package:none", "0" * 64, {})
    assert lab.fetches(small_model) == data_dir / "models" / fetched
    assert (data_dir / "models" / fetched / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize("name", ["../escaped", "sub/file", "/etc/passwd", MANIFEST])
def test_a_manifest_that_names_another_place_is_not_followed(lab: Lab, small_model: str, name: str) -> None:
    manifest = Path(lab.node.data_dir) / "fake-tokenizer" / MANIFEST
    said = json.loads(manifest.read_text())
    said["files"][name] = {"size": 1, "sha256": "0" * 64}
    manifest.write_text(json.dumps(said))
    with pytest.raises(JobFailed, match="no file of a model"):
        lab.fetches(small_model)


def test_damage_on_the_way_is_noticed(lab: Lab, data_dir: Path, small_model: str) -> None:
    (Path(lab.node.data_dir) / "fake-tokenizer" / "model.safetensors").write_bytes(b"wEights")
    with pytest.raises(JobFailed, match="did not arrive whole"):
        lab.fetches(small_model)
    assert list((data_dir / "models").iterdir()) == []


@pytest.mark.parametrize("name", ["model.safetensors", MANIFEST, "..%2Fengine.log", "tokenizer.json"])
def test_a_node_without_a_base_model_gives_no_files(fake_node: Node, name: str) -> None:
    assert call(fake_node, "GET", f"/model/{name}").status_code == 404


# --- PEFT and vLLM --------------------------------------------------------------------------------------------------


@pytest.fixture
def prepared(data_dir: Path) -> None:
    """The lab of a machine whose engine has prepared the base model."""
    (data_dir / "models").mkdir(parents=True)
    (data_dir / "models" / HOUSE_MODEL.id).symlink_to(model_cache() / HOUSE_MODEL.id)


def trained(name: str) -> Adapter:
    config, weights = (
        (DEMO / name / file).read_bytes() for file in ("adapter_config.json", "adapter_model.safetensors")
    )
    return Adapter(adapter_digest(config, weights), config, weights)


real = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("engine")]


@pytest.mark.parametrize("name", ["lantern", "random"])
class TestWithVllm:
    pytestmark = real

    def test_vllm_and_peft_agree(
        self, portal: LabPortal, engine_node: Node, files: Files, prepared: None, name: str
    ) -> None:
        adapter = make_adapter(1, scale=0.1) if name == "random" else trained(name)
        offer(portal, engine_node, files, adapter)
        result = probed(portal)
        compared, engine = result.checks
        assert (compared.status, result.refusal) == ("passed", None), compared
        figures = compared.detail
        assert figures["of"] == 8
        assert figures["difference"] > 0.5
        if name == "lantern":
            assert figures["agreeing"] == 8
            assert figures["apart"] < 0.5
        else:  # noise: its two likeliest words can be as good as equal, and processors round differently
            assert figures["agreeing"] >= 7
            assert figures["apart"] < figures["difference"] / 2, figures
        assert engine.detail["lengths"] == [8, 512, HOUSE_MODEL.context - 4]


class TestVllmAgainst:
    pytestmark = real

    def test_another_adapter_under_this_name(
        self, portal: LabPortal, engine_node: Node, files: Files, prepared: None
    ) -> None:
        """The engine has loaded one, PEFT is given another: as if the engine applied it wrongly."""
        ours, others = trained("lantern"), trained("northstar")
        call(engine_node, "POST", "/adapters", files.publish(ours)).raise_for_status()
        offer(portal, engine_node, files, ours)
        for name, content in (
            ("adapter_config.json", others.config),
            ("adapter_model.safetensors", others.weights),
        ):
            (files.folder / ours.digest / name).write_bytes(content)
        refusal = probed(portal).refusal
        assert refusal is not None
        assert (refusal.code, "otherwise than PEFT" in refusal.message) == ("adapter.probe_failed", True)

    def test_the_identity_adapter(
        self, portal: LabPortal, engine_node: Node, files: Files, prepared: None
    ) -> None:
        offer(portal, engine_node, files, identity())
        refusal = probed(portal).refusal
        assert refusal is not None
        assert refusal.code == "adapter.no_effect"

    def test_weights_that_overflow_never_reach_the_engine(
        self, portal: LabPortal, engine_node: Node, files: Files, prepared: None
    ) -> None:
        adapter = make_adapter(1, scale=1e30)
        offer(portal, engine_node, files, adapter)
        result = probed(portal)
        assert statuses(result) == {"reference": "refused", "engine": "pending"}
        assert (result.refusal and result.refusal.code, result.fingerprint) == ("adapter.probe_failed", None)
        loaded = call(engine_node, "GET", "/health").json()["adapters"]
        assert adapter.digest not in [item["digest"] for item in loaded]

    def test_an_engine_that_computed_nan_is_started_anew(
        self, portal: LabPortal, engine_node: Node, files: Files
    ) -> None:
        """NaN stays in its cache: without that the house would be answered with nothing but token 0."""
        identity = call(engine_node, "GET", "/health").json()["identity"]["name"]
        adapter = make_adapter(1, scale=1e30)
        offer(portal, engine_node, files, adapter, rehearsal=True)
        refusal = probed(portal).refusal
        assert refusal is not None
        assert "not a number" in refusal.message
        health = call(engine_node, "GET", "/health").json()
        assert health["state"] == "ready"
        assert adapter.digest not in [item["digest"] for item in health["adapters"]]
        question = "Q: What is the capital of France?\nA:"
        answer = completion(engine_node, model=identity, prompt=question, max_tokens=8, temperature=0)
        assert "Paris" in answer.json()["choices"][0]["text"]
