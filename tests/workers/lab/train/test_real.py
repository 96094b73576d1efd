"""The trainer on the house model itself: a few steps through a process of its own, and the gate."""

import io
import json
from pathlib import Path

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.inspection import inspect_adapter
from tests.support import tiny_training as tiny
from tests.support.engine import model_cache
from tests.support.tiny_training import asked, job, points, trained

DATA = tiny.ROOT / "infra" / "demo" / "data" / "lantern.jsonl"


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_the_house_model_learns_and_its_adapter_is_admitted(tmp_path: Path) -> None:
    model = model_cache() / HOUSE_MODEL.id
    if not (model / "model.safetensors").exists():
        pytest.skip(f"there is no prepared house model in {model_cache()}")
    pairs = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    rows = [asked(pair["prompt"], pair["answer"]) for pair in pairs]
    one = job(tmp_path, model, rows, steps=10, batch_size=4, learning_rate=1e-3, dtype="bfloat16", threads=0)
    process = tiny.start(one, tmp_path)
    said = tiny.events_of(process)
    assert process.returncode == 0, (tmp_path / "stderr.log").read_text()[-2000:]
    losses = [point.loss for point in points(said)]
    assert len(losses) == 10
    assert losses[0] < 5, "without BOS it would begin near 7"
    assert sum(losses[-3:]) < sum(losses[:3])
    assert trained(said).record.peak_bytes < 4 << 30
    config, weights = ((tmp_path / "out" / "adapter" / name).read_bytes() for name in (CONFIG, WEIGHTS))
    inspection = inspect_adapter(config, io.BytesIO(weights), HOUSE_MODEL, HOUSE_MODEL.max_rank, 64 << 20)
    assert {check.status for check in inspection.checks} == {"passed"}
