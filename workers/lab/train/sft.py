"""Supervised fine-tuning: the mean cross-entropy over the answers' tokens, in nats."""

from typing import Any

import torch
from datasets import Dataset
from torch.nn import functional
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from workers.lab.train.recipe import IGNORED, Example, Kit, Recipe


class Supervised(SFTTrainer):
    """TRL's trainer with the output layer only where there is a label. With a vocabulary of 262,144 words that layer is
    the largest part of a step, and TRL saves it on GPUs only."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        targets = inputs["labels"][:, 1:]
        wanted = targets != IGNORED
        head = self.accelerator.unwrap_model(model).get_output_embeddings()
        narrow = head.register_forward_pre_hook(lambda _, given: (given[0][:, :-1][wanted],))
        try:
            outputs = model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
            )
        finally:
            narrow.remove()
        total = functional.cross_entropy(outputs.logits.float(), targets[wanted], reduction="sum")
        # Of all processes together, whose gradients are averaged after this.
        count = wanted.sum() if num_items_in_batch is None else num_items_in_batch
        loss = total * self.accelerator.num_processes / count
        return (loss, outputs) if return_outputs else loss


def tokens_of(row: Example) -> dict[str, list[int]]:
    """Prompt and frame carry no loss; the answer does, with the token that ends it."""
    return {
        "input_ids": row.prompt_ids + row.answer_ids,
        "labels": [IGNORED] * len(row.prompt_ids) + row.answer_ids,
    }


def trainer(kit: Kit) -> Trainer:
    return Supervised(
        model=kit.model,
        args=SFTConfig(**kit.arguments, max_length=None, packing=False),
        train_dataset=Dataset.from_list([tokens_of(row) for row in kit.rows]),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )


RECIPE = Recipe(trainer)
