"""A model that an operator has added passes the lab's gate: the sandboxed child reads the registry itself."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from arena.shows.base_models import BASE_MODELS, BaseModel
from arena.submissions import contracts
from arena.submissions.artifacts import CONFIG, MAX_CONFIG_BYTES, WEIGHTS
from arena.submissions.contracts import FileIn, FileOut, VerifyContract, VerifyResult
from tests.support import adapter_files as adapters
from tests.support.base_models import added, described, write_model
from tests.support.lab_portal import LabPortal
from workers.lab.runner import run_job

MAX_BYTES = 1 << 20


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseModel:
    path = tmp_path / "registry.json"
    base = added(path, described(write_model(tmp_path / "original")))
    monkeypatch.setenv("GAVEL_BASE_MODELS", str(path))
    monkeypatch.setitem(BASE_MODELS, base.id, base)
    return base


def offer(portal: LabPortal, base: BaseModel, **changes: Any) -> None:
    targets = sorted({module.rsplit(".", 1)[-1] for module in base.modules})
    config = adapters.config(**{"base_model_name_or_path": base.id, "target_modules": targets} | changes)
    portal.kind = contracts.JOB_KIND
    portal.files = {"/config": config, "/weights": adapters.weights(base)}
    digests = {path: hashlib.sha256(body).hexdigest() for path, body in portal.files.items()}
    portal.contract = VerifyContract(
        submission_id="s",
        artifact="adapter",
        base_model=base.id,
        max_rank=base.max_rank,
        files=[
            FileIn(name=name, url=f"{portal.url}{path}", sha256=digests[path], max_bytes=most)
            for name, path, most in ((CONFIG, "/config", MAX_CONFIG_BYTES), (WEIGHTS, "/weights", MAX_BYTES))
        ],
        canonical=[
            FileOut(name=CONFIG, put_url=f"{portal.url}/sealed/config", max_bytes=MAX_CONFIG_BYTES),
            FileOut(name=WEIGHTS, put_url=f"{portal.url}/sealed/weights", max_bytes=MAX_BYTES),
        ],
    ).model_dump(mode="json")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({}, None), ({"base_model_name_or_path": "gemma-3-270m"}, "config.base_model_mismatch")],
)
def test_the_gate_knows_it(
    portal: LabPortal, tiny: BaseModel, changes: dict[str, Any], code: str | None
) -> None:
    offer(portal, tiny, **changes)
    assert run_job(portal.job_url) == "done"
    (body,) = portal.bodies("complete")
    result = VerifyResult.model_validate(body["result"])
    assert (result.refusal and result.refusal.code) == code
    assert ("/sealed/weights" in portal.files) == (code is None)
    if code is None:
        assert result.modules is not None
        assert len(result.modules) == len(tiny.tensor_names())


@pytest.mark.parametrize(
    ("bos", "ids", "wanted", "fits"),
    [
        (2, [2, 7], True, True),
        (2, [7], True, False),
        (2, [2, 2, 7], True, False),
        (None, [7], True, False),
        (None, [7], False, True),
        (2, [7], False, True),
        (2, [2, 7], False, False),
    ],
)
def test_a_tokenizer_begins_a_text_as_the_registry_says(
    bos: int | None, ids: list[int], wanted: bool, fits: bool
) -> None:
    from workers.lab import benchmark_child

    engine: Any = SimpleNamespace(tokenizer=SimpleNamespace(bos_token_id=bos), tok_encode=lambda text: ids)
    if fits:
        benchmark_child._require_bos(engine, wanted)
    else:
        with pytest.raises(benchmark_child.Unmeasurable, match="BOS"):
            benchmark_child._require_bos(engine, wanted)
