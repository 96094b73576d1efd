"""Direct Preference Optimization (Rafailov et al. 2023, arXiv 2305.18290, eq. 7):

-log σ(β [(log p(chosen) - log p_ref(chosen)) - (log p(rejected) - log p_ref(rejected))])
"""

from datasets import Dataset
from transformers import Trainer
from trl import DPOConfig, DPOTrainer

from workers.lab.train.held_out import margins, split
from workers.lab.train.on_ids import OnIds, arguments, ready
from workers.lab.train.recipe import Kit, Recipe


class _Dpo(OnIds, DPOTrainer):  # type: ignore[misc]  # TRL has no types
    pass


def trainer(kit: Kit) -> Trainer:
    rows = [
        {"prompt_ids": row.prompt_ids, "chosen_ids": row.answer_ids, "rejected_ids": row.rejected_ids}
        for row in kit.rows
    ]
    made = _Dpo(
        model=kit.model,
        args=DPOConfig(**arguments(kit, beta=kit.spec.beta, loss_type="sigmoid", max_length=None)),
        train_dataset=Dataset.from_list(rows),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
    return ready(made, kit)


RECIPE = Recipe(trainer, split, margins)
