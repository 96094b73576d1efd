"""A reward model: how good an answer is, as one number (Ouyang et al. 2022, arXiv 2203.02155, eq. 1):

    -log σ(score(chosen) - score(rejected))

The score is the log-probability that the end token comes once more after the answer's own. TRL trains a new output
layer for it; a LoRA has no place for one, so a word is read that the model has, and the adapter alone is the whole
reward model. It is no entry for the stage: to score is all that it has learned.
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import torch
from torch.nn import functional
from transformers import Trainer, TrainingArguments

from workers.lab.train.answers import Batch, Row, answer_head, collate, read_by, sums
from workers.lab.train.held_out import pad_of, split
from workers.lab.train.pairs import both_sides
from workers.lab.train.recipe import Example, Kit, Recipe


def scored(rows: Sequence[Example]) -> list[Row]:
    """What is read, and the one token whose log-probability is the score."""
    return [([*prompt, *answer], answer[-1:]) for prompt, answer in both_sides(rows)]


class _Reward(Trainer):  # type: ignore[misc]  # transformers is not read by mypy
    def compute_loss(
        self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        chosen, rejected = read_by(model, inputs).log_probs.sum(1).chunk(2)
        margins = chosen - rejected
        self._seen = {
            "rewards/margins": margins.mean().item(),
            "rewards/accuracies": (margins > 0).float().mean().item(),
        }
        return -functional.logsigmoid(margins).mean()

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        super().log({**logs, **self._seen} if "loss" in logs else logs, start_time)


def trainer(kit: Kit) -> Trainer:
    pad_id = pad_of(kit)
    made = _Reward(
        model=kit.model,
        args=TrainingArguments(
            **{"output_dir": str(kit.out), **kit.arguments, "remove_unused_columns": False}
        ),
        train_dataset=kit.rows,
        data_collator=lambda rows: collate(scored(rows), pad_id),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
    answer_head(made.model)
    return made


def accuracy(kit: Kit) -> dict[str, float]:
    """In how many of the pairs the chosen answer scores higher, and by how much on average."""
    if not kit.held_out:
        return {}
    found = sums(kit.model, scored(kit.held_out), pad_of(kit))
    half = len(kit.held_out)
    margins = [chosen - rejected for chosen, rejected in zip(found[:half], found[half:], strict=True)]
    return {"accuracy": fmean(one > 0 for one in margins), "margin": fmean(margins)}


RECIPE = Recipe(trainer, split, accuracy)
