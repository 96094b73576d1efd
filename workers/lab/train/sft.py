"""Supervised fine-tuning: the mean cross-entropy over the answers' tokens, in nats."""

from datasets import Dataset
from transformers import Trainer
from trl import SFTConfig, SFTTrainer

from workers.lab.train.answers import answer_head
from workers.lab.train.held_out import loss, split
from workers.lab.train.recipe import IGNORED, Example, Kit, Recipe


def tokens_of(row: Example) -> dict[str, list[int]]:
    """Prompt and frame carry no loss; the answer does, with the token that ends it."""
    return {
        "input_ids": row.prompt_ids + row.answer_ids,
        "labels": [IGNORED] * len(row.prompt_ids) + row.answer_ids,
    }


def trainer(kit: Kit) -> Trainer:
    made = SFTTrainer(
        model=kit.model,
        args=SFTConfig(**kit.arguments, max_length=None, packing=False),
        train_dataset=Dataset.from_list([tokens_of(row) for row in kit.rows]),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
    answer_head(made.model)
    return made


RECIPE = Recipe(trainer, split, loss)
