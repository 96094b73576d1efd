"""Log-probabilities of answers, with the vocabulary spread out only where an answer stands.

With 262,144 words the output layer is the largest part of a step, and most positions are prompt, frame or padding. TRL
asks a model for this with `model(..., labels=..., fused_lm_head=True)`, so that the call goes through whatever wraps
the model; its own way of answering is made for GPU kernels and on a processor spreads out every position.
"""

import functools
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput

from workers.lab.train.recipe import IGNORED

VALUE_HEAD = "value_head"
ROWS_AT_ONCE = 8
"""When nothing is learned, only looked at."""


Row = tuple[Sequence[int], Sequence[int]]
"""The ids of a prompt and of an answer to it."""
Batch = dict[str, torch.Tensor]
"""`input_ids`, `attention_mask` and `labels`, each of shape (rows, longest)."""


@dataclass
class AnswerOutput(FusedCausalLMOutput):  # type: ignore[misc]  # TRL has no types
    log_probs: torch.Tensor = None
    """Of each token that has a label, by what stands before it; zero elsewhere. (rows, longest - 1)"""
    label_mask: torch.Tensor = None
    values: torch.Tensor | None = None
    """Of a model with a `VALUE_HEAD`: what it expects before each token. (rows, longest - 1)"""


def answer_head(model: PreTrainedModel) -> None:
    """Let `model` (its base, under PEFT) answer `fused_lm_head=True`. To be called after TRL has made a trainer.

    `entropy`, `mean_logits` and `is_top1` are not computed: TRL only writes them to its log, and here each would cost
    as much as the loss.
    """
    causal = causal_of(model)

    @functools.wraps(type(causal).forward)  # whose signature `generate` looks at
    def forward(
        self: Any, *args: Any, fused_lm_head: bool = False, labels: torch.Tensor | None = None, **kwargs: Any
    ) -> Any:
        if not fused_lm_head:
            return type(self).forward(self, *args, labels=labels, **kwargs)
        assert labels is not None
        kwargs["use_cache"] = False
        hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]
        targets = labels[:, 1:]
        wanted = targets != IGNORED
        logits = self.get_output_embeddings()(hidden[wanted]).float()
        found = -functional.cross_entropy(logits, targets[wanted], reduction="none")
        log_probs = found.new_zeros(wanted.shape).masked_scatter(wanted, found)
        nothing = torch.zeros_like(log_probs)
        value_head = getattr(self, VALUE_HEAD, None)
        # Detached: to learn what an answer will be worth must not bend the features that answers are made of.
        values = None if value_head is None else value_head(hidden.detach().float()).squeeze(-1)
        return AnswerOutput(
            log_probs=log_probs,
            entropy=nothing,
            mean_logits=nothing,
            is_top1=nothing.bool(),
            label_mask=wanted,
            values=values,
        )

    causal.forward = types.MethodType(forward, causal)


def causal_of(model: Any) -> Any:
    """The model itself, without PEFT around it."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def collate(rows: Sequence[Row], pad_id: int) -> Batch:
    """Prompts and answers, padded on the right. Only the answers carry labels."""
    ids = [torch.tensor([*prompt, *answer]) for prompt, answer in rows]
    labels = [torch.tensor([*[IGNORED] * len(prompt), *answer]) for prompt, answer in rows]
    return {
        "input_ids": pad_sequence(ids, batch_first=True, padding_value=pad_id),
        "attention_mask": pad_sequence([torch.ones_like(one) for one in ids], batch_first=True),
        "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
    }


def read_by(model: Any, batch: Batch) -> AnswerOutput:
    output = model(**batch, fused_lm_head=True)
    assert isinstance(output, AnswerOutput)
    return output


def sums(model: PreTrainedModel, rows: Sequence[Row], pad_id: int) -> list[float]:
    """log p(answer | prompt) of each row, in nats, by the model as it is."""
    answer_head(model)
    was_training = model.training
    model.eval()
    found: list[float] = []
    with torch.no_grad():
        for start in range(0, len(rows), ROWS_AT_ONCE):
            batch = collate(rows[start : start + ROWS_AT_ONCE], pad_id)
            there = {name: tensor.to(model.device) for name, tensor in batch.items()}
            found += read_by(model, there).log_probs.double().sum(1).tolist()
    model.train(was_training)
    return found
