"""Kahneman-Tversky Optimization (Ethayarajh et al. 2024, arXiv 2402.01306, eq. 7 and 8): answers that are wanted or
not, without pairs. How far the model has moved at all, z, is estimated from answers set against other rows' prompts:

    wanted: 1 - σ(β [log p - log p_ref - z])        unwanted: 1 - σ(β [z - (log p - log p_ref)])

The rarer kind weighs more, so that both pull as hard (the paper's eq. 8, its lower bound).
"""

from typing import Any

from datasets import Dataset
from transformers import Trainer
from trl import KTOConfig, KTOTrainer
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

from workers.lab.train.held_out import pad_of, split_by_label, wanted_margin
from workers.lab.train.on_ids import InOrder, OnIds, arguments, in_order, ready
from workers.lab.train.recipe import Kit, Recipe


class _Kto(OnIds, InOrder, KTOTrainer):  # type: ignore[misc]  # TRL has no types
    pass


class _Mismatched(DataCollatorForUnpairedPreference):  # type: ignore[misc]
    """TRL pairs answers with strange prompts once, which only holds while batches never change; so it is done here."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        others = [examples[-1], *examples[:-1]]
        return super().torch_call(  # type: ignore[no-any-return]
            [
                {**row, "KL_completion_ids": other["completion_ids"]}
                for row, other in zip(examples, others, strict=True)
            ]
        )


def trainer(kit: Kit) -> Trainer:
    rows = [
        {"prompt_ids": row.prompt_ids, "completion_ids": row.answer_ids, "label": row.label}
        for row in kit.rows
    ]
    wanted = sum(row.label is True for row in kit.rows)
    unwanted = len(kit.rows) - wanted
    args = arguments(
        kit,
        beta=kit.spec.beta,
        loss_type="kto",
        max_length=None,
        desirable_weight=max(1.0, unwanted / wanted),
        undesirable_weight=max(1.0, wanted / unwanted),
        # What TRL asks for before it estimates z; our own order is used in any case.
        train_sampling_strategy="sequential",
    )
    made = _Kto(
        model=kit.model,
        args=KTOConfig(**args),
        train_dataset=Dataset.from_list(rows),
        data_collator=_Mismatched(pad_token_id=pad_of(kit)),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
    made.order = in_order(kit)
    return ready(made, kit)


RECIPE = Recipe(trainer, split_by_label, wanted_margin)
