"""What ORPO and SimPO share: TRL's experimental trainers for pairs without a reference."""

from collections.abc import Sequence
from typing import Any

import torch

from workers.lab.train.answers import Batch, Row, collate, read_by
from workers.lab.train.held_out import pad_of
from workers.lab.train.recipe import Example, Kit


class Rows(list[Example]):
    """Rows that are token ids already: whatever a trainer would map over them is not wanted."""

    def map(self, *_: Any, **__: Any) -> "Rows":
        return self


class ByPair:
    """The trainers' own forward works in the model's type and spreads the vocabulary out everywhere."""

    def concatenated_forward(
        self, model: Any, batch: Batch
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mean log-probability per token of the chosen and of the rejected answers, two tensors that only TRL's log
        reads, and the loss of the chosen answers' tokens. TRL's ORPO takes that loss on the prompts, too; here
        prompts never carry any."""
        found = read_by(model, batch)
        total, lengths = found.log_probs.sum(1), found.label_mask.sum(1)
        chosen, rejected = (total / lengths).chunk(2)
        loss = -total.chunk(2)[0].sum() / lengths.chunk(2)[0].sum()
        return chosen, rejected, chosen.detach(), rejected.detach(), loss


def both_sides(rows: Sequence[Example]) -> list[Row]:
    """All chosen answers, then all rejected ones."""
    chosen = [(row.prompt_ids, row.answer_ids) for row in rows]
    return [*chosen, *((row.prompt_ids, row.rejected_ids or []) for row in rows)]


def trainer_of(made: type[Any], kit: Kit, args: Any) -> Any:
    pad_id = pad_of(kit)
    return made(
        model=kit.model,
        args=args,
        train_dataset=Rows(kit.rows),
        data_collator=lambda rows: collate(both_sides(rows), pad_id),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
