"""`submissions.verify` from wake-up to verdict, against a portal over real HTTP and with the real sandbox."""

import hashlib
import io
import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions import contracts
from arena.submissions.artifacts import ALIGNMENT, CONFIG, MAX_CONFIG_BYTES, WEIGHTS
from arena.submissions.contracts import FileIn, FileOut, VerifyContract, VerifyResult
from arena.submissions.inspection import inspect_adapter
from arena.submissions.safetensors import adapter_digest
from tests.support import adapter_files as adapters
from tests.support.lab_portal import LabPortal
from workers.lab import sandbox, verify
from workers.lab.job import Ended, JobContext, JobFailed
from workers.lab.runner import run_job
from workers.lab.sandbox import Findings

MAX_BYTES = 32 << 20


def house_config(**changes: Any) -> bytes:
    targets = sorted({module.rsplit(".", 1)[-1] for module in HOUSE_MODEL.modules})
    return adapters.config(**{"base_model_name_or_path": HOUSE_MODEL.id, "target_modules": targets} | changes)


@pytest.fixture(scope="module")
def house_weights() -> bytes:
    return adapters.weights(HOUSE_MODEL)


def offer(
    portal: LabPortal,
    config: bytes,
    weights: bytes,
    max_bytes: int = MAX_BYTES,
    weights_sha256: str | None = None,
    weights_url: str = "/weights",
) -> None:
    portal.kind = contracts.JOB_KIND
    portal.files = {"/config": config, "/weights": weights}
    portal.contract = contract(
        portal.url,
        max_bytes,
        config_sha256=hashlib.sha256(config).hexdigest(),
        weights_sha256=weights_sha256 or hashlib.sha256(weights).hexdigest(),
        weights_url=weights_url,
    ).model_dump(mode="json")


def contract(
    url: str = "",
    max_bytes: int = MAX_BYTES,
    config_sha256: str = "",
    weights_sha256: str = "",
    weights_url: str = "/weights",
) -> VerifyContract:
    return VerifyContract(
        submission_id="s",
        artifact="adapter",
        base_model=HOUSE_MODEL.id,
        max_rank=16,
        files=[
            FileIn(name=CONFIG, url=f"{url}/config", sha256=config_sha256, max_bytes=MAX_CONFIG_BYTES),
            FileIn(name=WEIGHTS, url=f"{url}{weights_url}", sha256=weights_sha256, max_bytes=max_bytes),
        ],
        canonical=[
            FileOut(name=CONFIG, put_url=f"{url}/sealed/config", max_bytes=MAX_CONFIG_BYTES),
            FileOut(name=WEIGHTS, put_url=f"{url}/sealed/weights", max_bytes=max_bytes + ALIGNMENT),
        ],
    )


def verdict(portal: LabPortal) -> VerifyResult:
    assert run_job(portal.job_url) == "done"
    (body,) = portal.bodies("complete")
    assert body["fence"] == portal.fence
    return VerifyResult.model_validate(body["result"])


def refusal(result: VerifyResult) -> str | None:
    return result.refusal.code if result.refusal else None


def test_an_honest_adapter_is_verified_and_its_canonical_form_stored(
    portal: LabPortal, house_weights: bytes
) -> None:
    offer(portal, house_config(), house_weights)
    result = verdict(portal)
    sealed = portal.files["/sealed/config"], portal.files["/sealed/weights"]
    assert result.verdict == "verified"
    assert result.refusal is None
    assert {check.status for check in result.checks} == {"passed"}
    assert result.digest == adapter_digest(*sealed)
    assert result.size_bytes == sum(map(len, sealed))
    assert result.rank == adapters.RANK
    assert result.modules is not None
    assert len(result.modules) == len(HOUSE_MODEL.tensor_names())
    assert inspect_adapter(sealed[0], io.BytesIO(sealed[1]), HOUSE_MODEL, 16, MAX_BYTES).refusal is None


@pytest.mark.parametrize(
    ("config", "weights", "code"),
    [
        (house_config(), b"\x80\x04\x95" + bytes(100), "st.header_invalid"),
        (house_config(r=64), b"", "st.too_small"),
        (house_config(lora_alpha=float("inf")), b"", "st.too_small"),
        (b" " * (1 << 20), b"", "st.too_small"),
    ],
)
def test_a_bad_adapter_is_refused_and_nothing_is_stored(
    portal: LabPortal, config: bytes, weights: bytes, code: str
) -> None:
    offer(portal, config, weights)
    result = verdict(portal)
    assert result.verdict == "refused"
    assert refusal(result) == code
    assert result.digest is None
    assert not [path for path in portal.files if path.startswith("/sealed")]


def test_a_file_beyond_the_limit_is_not_even_fetched_whole(portal: LabPortal, house_weights: bytes) -> None:
    offer(portal, house_config(), house_weights, max_bytes=1000)
    assert refusal(verdict(portal)) == "upload.too_large"


def test_other_bytes_than_were_received_are_our_fault(portal: LabPortal, house_weights: bytes) -> None:
    offer(portal, house_config(), house_weights, weights_sha256="0" * 64)
    assert run_job(portal.job_url) == "failed"
    (body,) = portal.bodies("fail")
    assert body["retry"] is True
    assert "not the file that was received" in body["reason"]


def test_a_store_that_is_away_is_our_fault_and_its_links_stay_secret(
    portal: LabPortal, house_weights: bytes
) -> None:
    offer(portal, house_config(), house_weights, weights_url="/gone-with-secret-token")
    assert run_job(portal.job_url) == "failed"
    (body,) = portal.bodies("fail")
    assert body["retry"] is True
    assert "secret" not in json.dumps(body)


def test_a_memory_bomb_meets_the_wall_of_the_sandbox(
    portal: LabPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest header that the format check would read, with less memory than reading it takes."""
    entry = '"t{}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'
    bomb = adapters.pack(("{" + ",".join(entry.format(i) for i in range(16_000)) + "}").encode(), b"")
    offer(portal, house_config(), bomb)
    assert refusal(verdict(portal)) == "st.too_many_tensors"
    small = replace(verify.INSPECTIONS["adapter"], memory_bytes=64 << 20)
    monkeypatch.setitem(verify.INSPECTIONS, "adapter", small)
    portal.claimable = True
    portal.calls.clear()
    assert refusal(verdict(portal)) == "artifact.inspection_limit"


@pytest.mark.parametrize(
    ("ended", "refused"),
    [
        (Ended(3, False), True),
        (Ended(-signal.SIGXCPU, False), True),
        (Ended(-signal.SIGXFSZ, False), True),
        (Ended(-signal.SIGKILL, True), True),
        (Ended(1, False), False),
        (Ended(-signal.SIGSEGV, False), False),
    ],
)
def test_a_file_over_the_limits_is_refused_and_a_broken_child_is_our_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: Ended, refused: bool
) -> None:
    job = JobContext(tmp_path)
    monkeypatch.setattr(job, "run_child", lambda *_, **__: ended)
    sources, targets = (
        {name: tmp_path / f"{name}.{end}" for name in (CONFIG, WEIGHTS)} for end in ("in", "out")
    )
    for path in sources.values():
        path.touch()

    def inspect() -> Findings:
        return sandbox.inspect(verify.INSPECTIONS["adapter"], contract(), job, sources, targets)

    if refused:
        findings = inspect()
        assert findings.refusal is not None
        assert findings.refusal.code == "artifact.inspection_limit"
    else:
        with pytest.raises(JobFailed) as failure:
            inspect()
        assert failure.value.retry
