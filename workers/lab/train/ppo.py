"""Proximal Policy Optimization with a verifier for a reward: our own, since TRL has none any more.

One step: an answer to each prompt of the batch, judged, then `PASSES` updates on these answers.

- The reward of a token is -β (log p - log p_ref), the distance from the reference; the last one also gets what the
  verifier says (Ziegler et al. 2019, arXiv 1909.08593, eq. 2).
- Advantages: δ_t = r_t + γ V_(t+1) - V_t,  A_t = δ_t + γ λ A_(t+1), and nothing after the last token (Schulman et al.
  2015, arXiv 1506.02438, eq. 16), then of mean 0 and deviation 1 over the batch. Returns: A_t + V_t before that.
- Policy: -min(q A, clip(q, 1-ε, 1+ε) A) with q = p / p_old (Schulman et al. 2017, arXiv 1707.06347, eq. 7).
- Value: half the squared error of V; V may move by ε from what it was (as in that paper's code).

The value head is one linear layer on the last hidden state. It is trained beside the adapter and does not outlive it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments
from trl.trainer.utils import disable_dropout_in_model, use_adapter

from workers.lab.train import rollouts
from workers.lab.train.answers import VALUE_HEAD, Batch, answer_head, causal_of, collate, read_by
from workers.lab.train.held_out import pad_of
from workers.lab.train.on_ids import REFERENCE
from workers.lab.train.recipe import Example, Kit, Recipe
from workers.lab.train.verifiers import refuse_unreachable

GAMMA = 1.0
LAMBDA = 0.95
CLIP = 0.2
VALUE_WEIGHT = 0.5
PASSES = 2


def advantages(rewards: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """Of shape (rows, positions), like everything that it is made of; zero where no answer stands."""
    found = torch.zeros_like(rewards)
    next_value = next_advantage = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        here = wanted[:, t]
        delta = rewards[:, t] + GAMMA * next_value - values[:, t]
        next_advantage = (delta + GAMMA * LAMBDA * next_advantage) * here
        next_value = values[:, t] * here
        found[:, t] = next_advantage
    return found


def policy_loss(log_probs: Tensor, old: Tensor, advantage: Tensor, wanted: Tensor) -> Tensor:
    ratio = (log_probs - old).exp()
    least = torch.minimum(ratio * advantage, ratio.clamp(1 - CLIP, 1 + CLIP) * advantage)
    return -least[wanted].mean()


def value_loss(values: Tensor, old: Tensor, returns: Tensor, wanted: Tensor) -> Tensor:
    near = old + (values - old).clamp(-CLIP, CLIP)
    worst = torch.maximum((values - returns).square(), (near - returns).square())
    return 0.5 * worst[wanted].mean()


@dataclass(frozen=True)
class Rollout:
    """Answers of the model as it was, and what is to be learned from them."""

    rows: Batch
    wanted: Tensor
    log_probs: Tensor
    values: Tensor
    returns: Tensor
    advantages: Tensor


class _Ppo(Trainer):  # type: ignore[misc]  # transformers is not read by mypy
    kit: Kit

    def _prepare_inputs(self, inputs: list[Example]) -> list[Example]:
        return inputs

    def training_step(
        self, model: nn.Module, inputs: list[Example], num_items_in_batch: Any = None
    ) -> Tensor:
        model.train()
        rollout = self._rollout(model, inputs)
        for _ in range(PASSES - 1):
            self.accelerator.backward(self._loss(model, rollout))
            self.accelerator.clip_grad_norm_(model.parameters(), self.args.max_grad_norm)
            self.optimizer.step()
            self.optimizer.zero_grad()
        # The trainer itself takes the last update, as it does after every step.
        loss = self._loss(model, rollout)
        self.accelerator.backward(loss)
        return loss.detach()

    def _loss(self, model: nn.Module, rollout: Rollout) -> Tensor:
        now = read_by(model, rollout.rows)
        assert now.values is not None
        return policy_loss(
            now.log_probs, rollout.log_probs, rollout.advantages, rollout.wanted
        ) + VALUE_WEIGHT * value_loss(now.values, rollout.values, rollout.returns, rollout.wanted)

    def _rollout(self, model: nn.Module, inputs: Sequence[Example]) -> Rollout:
        policy = self.accelerator.unwrap_model(model)
        prompts = [row.prompt_ids for row in inputs]
        written = rollouts.write(self.kit, policy, prompts, sample=True)
        batch = collate(list(zip(prompts, written, strict=True)), pad_of(self.kit))
        rows = {name: tensor.to(self.accelerator.device) for name, tensor in batch.items()}
        with torch.no_grad():
            old = read_by(policy, rows)
            with use_adapter(policy, REFERENCE if REFERENCE in policy.peft_config else None):
                reference = read_by(policy, rows).log_probs
        assert old.values is not None
        wanted = old.label_mask
        apart = (old.log_probs - reference) * wanted
        judged = rollouts.judge(self.kit, written, [row.answer for row in inputs])
        rewards = -self.kit.spec.beta * apart
        last = wanted.shape[1] - 1 - wanted.flip(1).int().argmax(1)
        rewards[torch.arange(len(rewards)), last] += torch.tensor(judged, device=rewards.device)
        found = advantages(rewards, old.values, wanted)
        self._say(judged, apart.sum(1), wanted.sum(1))
        read = rows["attention_mask"].sum()
        self.state.num_input_tokens_seen += int(self.accelerator.reduce(read, "sum"))
        return Rollout(rows, wanted, old.log_probs, old.values, found + old.values, self._even(found, wanted))

    def _even(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean 0 and deviation 1 over the answers of all processes."""
        of_all = self.accelerator.reduce(
            torch.stack([wanted.sum().float(), found.sum(), found.square().sum()]), "sum"
        )
        count, total, squares = of_all.unbind()
        mean = total / count
        deviation = (squares / count - mean.square()).clamp(min=0).sqrt()
        return (found - mean) / (deviation + 1e-6) * wanted

    def _say(self, judged: Sequence[float], apart: Tensor, lengths: Tensor) -> None:
        """Under the names of TRL's log."""
        mine = torch.stack([torch.tensor(judged, device=apart.device), apart, lengths.float()])
        reward, kl, length = self.accelerator.reduce(mine.mean(1), "mean").tolist()
        self._seen = {"reward": reward, "kl": kl, "completions/mean_length": length}

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        super().log({**logs, **self._seen} if "loss" in logs else logs, start_time)


def trainer(kit: Kit) -> Trainer:
    refuse_unreachable(kit.spec.verifier, kit.rows, kit.base)
    if kit.parent is not None:
        kit.model.load_adapter(str(kit.parent), REFERENCE, is_trainable=False)
    disable_dropout_in_model(kit.model)
    causal = causal_of(kit.model)
    head = nn.Linear(causal.config.hidden_size, 1, device=causal.device, dtype=torch.float32)
    # Nothing is expected at first; random expectations would only be noise in the advantages.
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    setattr(causal, VALUE_HEAD, head)
    args = {"output_dir": str(kit.out), **kit.arguments, "remove_unused_columns": False}
    made = _Ppo(
        model=kit.model,
        args=TrainingArguments(**args),
        train_dataset=kit.rows,
        data_collator=list,
        processing_class=kit.tokenizer,
        callbacks=kit.callbacks,
    )
    made.kit = kit
    answer_head(made.model)
    return made


RECIPE = Recipe(trainer, rollouts.split, rollouts.mean_reward)
