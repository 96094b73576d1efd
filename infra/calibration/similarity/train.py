"""Train the adapters of the calibration: the same data under other seeds, the same seed on other data, and so on.

    python infra/calibration/similarity/train.py --model-dir MODEL --work FOLDER [RUN ...]

Each run is a demo recipe (infra/demo/recipes) with a few changes, written into FOLDER/RUN. A run whose training.json is
already there is skipped, so that an interrupted calibration goes on where it stopped. `measure.py` reads the folder.
"""

import argparse
import json
import os
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, PreTrainedModel

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from workers.lab import training  # noqa: E402  # the script runs from anywhere

DEMO = ROOT / "infra" / "demo"
SHORT = {"steps": 41, "save_every": 41, "vocabulary_sample": 4096}
"""A quarter of the steps of a demo adapter, and a sixth of its vocabulary sample."""


@dataclass(frozen=True)
class Run:
    data: str
    """Whose data and recipe: a demo contestant."""
    changes: dict[str, Any]
    shuffled: bool = False
    """The same rows in another order."""
    half: bool = False
    """Every second row only."""
    on_top_of: str | None = None
    """A run whose adapter is merged into the base before training: what somebody does who trains a rival's adapter
    further."""
    says: str = field(default="")


RUNS: dict[str, Run] = {
    "lantern-1": Run("lantern", {"seed": 1}, says="poet, seed 1"),
    "northstar-1": Run("northstar", {"seed": 1}, says="explainer, seed 1"),
    "lantern-2": Run("lantern", {"seed": 2}, says="poet, seed 2"),
    "northstar-2": Run("northstar", {"seed": 2}, says="explainer, seed 2"),
    "lantern-1-order": Run("lantern", {"seed": 1}, shuffled=True, says="poet, seed 1, rows in another order"),
    "lantern-1-then-northstar": Run(
        "northstar",
        {"seed": 3},
        on_top_of="lantern-1",
        says="the poet of seed 1, trained further on the explainer's data",
    ),
    "lantern-1-rate": Run(
        "lantern", {"seed": 1, "learning_rate": 0.0004}, says="poet, seed 1, learning rate 4e-4"
    ),
    "captain-cat-1": Run("captain-cat", {"seed": 1}, says="ship's cat, seed 1"),
    "lantern-1-half": Run("lantern", {"seed": 1}, half=True, says="poet, seed 1, every second row"),
    "lantern-1-rank": Run("lantern", {"seed": 1, "rank": 12, "alpha": 24}, says="poet, seed 1, rank 12"),
    "northstar-full-20251": Run(
        "northstar",
        {"seed": 20251, "steps": 164, "save_every": 41, "vocabulary_sample": 24576},
        says="explainer, whole recipe, with the poet's seed",
    ),
    "lantern-full-3": Run(
        "lantern",
        {"seed": 3, "steps": 164, "save_every": 41, "vocabulary_sample": 24576},
        says="poet, whole recipe, seed 3",
    ),
}


def recipe_of(name: str, run: Run, folder: Path) -> Path:
    """Write the recipe (and, for another order, the data) of a run into its folder; returns the recipe's path."""
    fields = json.loads((DEMO / "recipes" / f"{run.data}.json").read_text(encoding="utf-8"))
    data = DEMO / "data" / f"{run.data}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    if run.shuffled or run.half:
        lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
        lines = lines[::2] if run.half else random.Random(0).sample(lines, len(lines))
        data = folder / "data.jsonl"
        data.write_text("".join(lines), encoding="utf-8")
    # Relative, so that the report names no folder of this machine's owner.
    fields |= SHORT | run.changes | {"name": name, "data": os.path.relpath(data, folder)}
    path = folder / "recipe.json"
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path


def merged_into_base(adapter: Path) -> Any:
    """A loader that stands where the trainer loads the base, and gives the base with `adapter` merged into it."""
    load = AutoModelForCausalLM.from_pretrained

    def loaded(*args: Any, **options: Any) -> PreTrainedModel:
        merged: PreTrainedModel = PeftModel.from_pretrained(
            load(*args, **options), str(adapter)
        ).merge_and_unload()
        return merged

    return loaded


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the adapters of the similarity calibration.")
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("runs", nargs="*", metavar="RUN")
    asked = parser.parse_args()
    training.keep_freed_memory()
    torch.set_num_threads(asked.threads)
    load = AutoModelForCausalLM.from_pretrained
    for name in asked.runs or RUNS:
        run, folder = RUNS[name], asked.work / name
        if (folder / "training.json").exists():
            continue
        AutoModelForCausalLM.from_pretrained = (
            merged_into_base(asked.work / run.on_top_of) if run.on_top_of else load
        )
        training.run(
            recipe_of(name, run, folder), asked.model_dir, folder, lambda text: print(text, flush=True)
        )


if __name__ == "__main__":
    main()
