"""What the recipes share that learn from answers of their own: prompts go in as token ids, a verifier judges."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import torch
from datasets import Dataset
from torch.nn.utils.rnn import pad_sequence
from transformers import GenerationConfig

from workers.lab.train import held_out
from workers.lab.train.answers import ROWS_AT_ONCE
from workers.lab.train.data import Spelling
from workers.lab.train.held_out import pad_of
from workers.lab.train.on_ids import InOrder, arguments, in_order, ready
from workers.lab.train.recipe import Example, Kit
from workers.lab.train.verifiers import refuse_unreachable, reward

MOST = 16
"""Prompts that are answered before and after training: to write costs far more than to read."""


def end_of(kit: Kit) -> int:
    """The token that ends an answer."""
    return Spelling.of(kit.tokenizer, kit.base).end


def judge(kit: Kit, written: Sequence[list[int]], wanted: Sequence[str]) -> list[float]:
    texts = kit.tokenizer.batch_decode(list(written), skip_special_tokens=True)
    return [reward(kit.spec.verifier, one, right, kit.base) for one, right in zip(texts, wanted, strict=True)]


def write(kit: Kit, model: Any, prompts: Sequence[list[int]], *, sample: bool) -> list[list[int]]:
    """An answer to each prompt: drawn from the model's own distribution, untouched, or the likeliest words. With the
    end token where it was written."""
    pad, end = pad_of(kit), end_of(kit)
    backwards = [torch.tensor(prompt[::-1]) for prompt in prompts]
    ids = pad_sequence(backwards, batch_first=True, padding_value=pad).flip(1)
    ones = pad_sequence([torch.ones_like(one) for one in backwards], batch_first=True).flip(1)
    config = GenerationConfig(
        max_new_tokens=kit.spec.answer_tokens,
        do_sample=sample,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        eos_token_id=end,
        pad_token_id=pad,
        bos_token_id=kit.tokenizer.bos_token_id,
        disable_compile=True,
    )
    whole = model.generate(
        input_ids=ids.to(model.device), attention_mask=ones.to(model.device), generation_config=config
    )
    written = whole[:, ids.shape[1] :].tolist()
    return [one[: one.index(end) + 1] if end in one else one for one in written]


def split(rows: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    trained, kept = held_out.split(rows, seed)
    more = kept[MOST:]
    return sorted([*trained, *more], key=lambda row: row.number), kept[:MOST]


def mean_reward(kit: Kit) -> dict[str, float]:
    """Of the likeliest answers to prompts that were kept out of training."""
    if not kit.held_out:
        return {}
    rewards: list[float] = []
    for start in range(0, len(kit.held_out), ROWS_AT_ONCE):
        rows = kit.held_out[start : start + ROWS_AT_ONCE]
        written = write(kit, kit.model, [row.prompt_ids for row in rows], sample=False)
        rewards += judge(kit, written, [row.answer for row in rows])
    return {"reward": fmean(rewards)}


class Grouped(InOrder):
    """Of TRL's trainers with several answers to a prompt."""

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return prompts, None, {}


def grouped(kit: Kit) -> dict[str, Any]:
    """Arguments that GRPO and RLOO share: one update for each group of fresh answers, drawn from the model as it is."""
    return arguments(
        kit,
        beta=kit.spec.beta,
        num_generations=kit.spec.generations,
        max_completion_length=kit.spec.answer_tokens,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        num_iterations=1,
        remove_unused_columns=False,
    )


def trainer_of(made: type[Any], kit: Kit, args: Any) -> Any:
    def verified(completion_ids: list[list[int]], wanted: list[str], **_: Any) -> list[float]:
        return judge(kit, completion_ids, wanted)

    refuse_unreachable(kit.spec.verifier, kit.rows, kit.base)
    kit.model.generation_config.eos_token_id = end_of(kit)  # where TRL looks for it
    trainer = made(
        model=kit.model,
        args=args,
        reward_funcs=verified,
        train_dataset=Dataset.from_list(
            [{"prompt": row.prompt_ids, "wanted": row.answer} for row in kit.rows]
        ),
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
    trainer.order = in_order(kit, kit.spec.generations)
    return ready(trainer, kit)
