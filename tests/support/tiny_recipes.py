"""A recipe's trainer on the tiny base, without the process around it."""

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, Trainer, set_seed

from arena.training.contracts import TrainJob
from tests.support.tiny_training import BASE
from workers.lab.train import child, methods
from workers.lab.train.data import Spelling, read_examples
from workers.lab.train.recipe import Kit, Recipe, recipe_of


def pair(prompt: str, chosen: str, rejected: str) -> dict[str, Any]:
    return {
        "prompt": _said("user", prompt),
        "chosen": _said("assistant", chosen),
        "rejected": _said("assistant", rejected),
    }


def judged(prompt: str, completion: str, label: bool) -> dict[str, Any]:
    return {"prompt": _said("user", prompt), "completion": _said("assistant", completion), "label": label}


def _said(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]


PAIRS = [
    pair("one", "first", "no"),
    pair("two", "second!", "not at all"),
    pair("three", "third, it is", "3"),
    pair("four", "4", "a word"),
]
JUDGED = [
    judged("one", "first", True),
    judged("two", "not at all", False),
    judged("three", "third, it is", True),
    judged("four", "a word", False),
]


def kit_of(job: TrainJob) -> tuple[Recipe, Kit]:
    tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True)
    recipe = recipe_of(job.spec.recipe)
    examples = read_examples(Path(job.data), job.spec, BASE, Spelling.of(tokenizer, BASE))
    rows, held_out = recipe.split(examples, job.spec.seed)
    set_seed(job.spec.seed)
    parent = Path(job.parent_dir) if job.parent_dir else None
    return recipe, Kit(
        spec=job.spec,
        budget=job.budget,
        base=BASE,
        model=methods.load(Path(job.model_dir), job.spec, job.dtype, parent),
        tokenizer=tokenizer,
        rows=rows,
        held_out=held_out,
        out=Path(job.out),
        callbacks=[],
        arguments=child.arguments(job),
        parent=parent,
    )


def losses(trainer: Trainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
