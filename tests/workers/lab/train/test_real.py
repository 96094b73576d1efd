"""The trainers on the house model itself: a few steps of each recipe, and the gate."""

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load

from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import FORM, RecipeId
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.inspection import inspect_adapter
from tests.support import tiny_training as tiny
from tests.support.engine import prepared_house_model
from tests.support.tiny_recipes import judged, pair
from tests.support.tiny_training import asked, job, points, run, trained

DATA = tiny.ROOT / "infra" / "demo" / "data"


@pytest.mark.engine
@pytest.mark.timeout(900)
def test_the_house_model_learns_and_its_adapter_is_admitted(tmp_path: Path) -> None:
    model = prepared_house_model()
    rows = [asked(prompt, answer) for prompt, answer in talk_of("lantern")]
    one = job(tmp_path, model, rows, steps=10, batch_size=4, learning_rate=1e-3, dtype="bfloat16", threads=0)
    process = tiny.start(one, tmp_path)
    said = tiny.events_of(process)
    assert process.returncode == 0, (tmp_path / "stderr.log").read_text()[-2000:]
    losses = [point.loss for point in points(said)]
    assert len(losses) == 10
    assert losses[0] < 5, "without BOS it would begin near 7"
    assert sum(losses[-3:]) < sum(losses[:3])
    assert trained(said).record.peak_bytes < 4 << 30
    admitted(tmp_path)


@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.parametrize("recipe", ["kto", "orpo", "simpo", "reward", "grpo", "rloo", "ppo"])
def test_every_recipe_moves_the_house_model(recipe: RecipeId, tmp_path: Path) -> None:
    one = job(
        tmp_path,
        prepared_house_model(),
        few_rows(recipe),
        recipe=recipe,
        steps=2,
        batch_size=4,
        answer_tokens=12,
        verifier="format",
        threads=0,
    )
    seen = run(one)
    assert [point.step for point in points(seen)] == [1, 2]
    numbers = [(point.loss, point.gradient_norm, *point.extra.values()) for point in points(seen)]
    assert all(map(math.isfinite, (number for one in numbers for number in one))), numbers
    assert trained(seen).stopped == "steps"
    moved = {name for name, tensor in load(admitted(tmp_path)).items() if bool(tensor.any())}
    assert {name for name in moved if ".lora_B." in name}, "all that it learned is still zero"


def few_rows(recipe: RecipeId) -> list[Any]:
    """Too few for any to be kept out."""
    both = list(zip(talk_of("captain-cat"), talk_of("northstar"), strict=True))[:8]
    match FORM[recipe]:
        case "preference":
            return [pair(prompt, chosen, rejected) for (prompt, chosen), (_, rejected) in both]
        case "kto":
            return [
                judged(*one, label) for two in both for one, label in zip(two, (True, False), strict=True)
            ]
        case "messages":
            # Answers as long as those that are tried: some of them pass, and some do not.
            return [asked(prompt, answer[:50]) for (prompt, answer), _ in both]


def talk_of(name: str) -> list[tuple[str, str]]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["prompt"], row["answer"]) for row in map(json.loads, lines)]


def admitted(folder: Path) -> bytes:
    """The weights that a run has left behind, after the gate."""
    config, weights = ((folder / "out" / "adapter" / name).read_bytes() for name in (CONFIG, WEIGHTS))
    inspection = inspect_adapter(config, io.BytesIO(weights), HOUSE_MODEL, HOUSE_MODEL.max_rank, 64 << 20)
    assert {check.status for check in inspection.checks} == {"passed"}
    return weights
