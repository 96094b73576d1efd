"""Supervised LoRA fine-tuning from a recipe file: small, plain and repeatable.

    python -m workers.lab.training infra/demo/recipes/lantern.json --model-dir MODEL --out DIR

A recipe names a base of the registry, a data file of `{"prompt", "answer"}` lines and the numbers. The run writes an
adapter that any PEFT reader takes and, beside it, `training.json`: recipe, data digest, seed, library versions, loss
curve, wall time and machine.

The loss is taken on the answer and its end token only, and logits are computed at those positions only: with a
vocabulary of 262,144 words the output layer is the largest part of a step.
"""

import argparse
import hashlib
import json
import math
import platform
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, Self

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from pydantic import BaseModel as Contract
from pydantic import ConfigDict, Field, model_validator
from safetensors.torch import save_file
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from arena.shows.base_models import BASE_MODELS, BaseModel
from arena.submissions.adapter_config import AdapterConfig
from workers.lab.train.data import Spelling
from workers.lab.train.machine import keep_freed_memory, machine
from workers.lab.train.recipe import IGNORED

Say = Callable[[str], None]


class Recipe(Contract):
    """Everything that decides the weights, apart from the base, the data and the library versions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    title: str
    base: str
    data: str
    """Path of the data file, relative to the recipe file."""
    seed: int = Field(ge=0, lt=2**31)
    rank: int = Field(ge=1, le=64)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    target_modules: tuple[str, ...] = Field(min_length=1)
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    warmup_steps: int = Field(ge=0)
    weight_decay: float = Field(ge=0)
    max_length: int = Field(ge=8)
    """Longest row in tokens, prompt frame and end token included."""
    save_every: int = Field(ge=1)
    vocabulary_sample: int | None = Field(default=None, ge=1024)
    """How many words outside the data take part in the loss, drawn anew every step; None for the whole vocabulary."""
    dtype: Literal["bfloat16", "float32"]
    """Type of the base weights. Half the memory, or faster on a processor without bfloat16 arithmetic."""

    @model_validator(mode="after")
    def _fits_the_base(self) -> Self:
        base = BASE_MODELS.get(self.base)
        if base is None:
            raise ValueError(f"unknown base model {self.base!r}")
        known = {module.rsplit(".", 1)[-1] for module in base.modules}
        if unknown := set(self.target_modules) - known:
            raise ValueError(f"{self.base} has no module {sorted(unknown)}")
        if self.rank > base.max_rank:
            raise ValueError(f"rank {self.rank} is above the base's limit of {base.max_rank}")
        if self.max_length > base.context:
            raise ValueError(f"max_length {self.max_length} is above the base's context of {base.context}")
        return self


@dataclass(frozen=True)
class Row:
    """One tokenised example: `ids` is BOS, frame, answer, end token; the first `prompt_length` carry no loss."""

    ids: tuple[int, ...]
    prompt_length: int


@dataclass(frozen=True)
class Batch:
    """Right-padded tensors of shape (rows, longest row)."""

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class RunRecord:
    steps_done: int
    seconds: float
    losses: tuple[float, ...]


def read_examples(path: Path) -> list[tuple[str, str]]:
    """The (prompt, answer) pairs of a JSON-lines file. Raises ValueError naming the first bad line."""
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = json.loads(line)
        if set(row) != {"prompt", "answer"} or not all(
            isinstance(v, str) and v.strip() for v in row.values()
        ):
            raise ValueError(f"{path.name}, line {number}: needs a prompt and an answer, both text")
        pairs.append((row["prompt"], row["answer"]))
    if not pairs:
        raise ValueError(f"{path.name} is empty")
    return pairs


def encode(
    tokenizer: PreTrainedTokenizerBase, base: BaseModel, prompt: str, answer: str, max_length: int
) -> Row:
    """Tokenise one example exactly as it will be served.

    The frame and the answer are tokenised apart, because the engine sees the frame alone and continues from there.
    Raises ValueError when the tokenizer puts no BOS in front (Gemma babbles without it) or the row is too long: a cut
    answer would teach the model not to stop.
    """
    spelling = Spelling.of(tokenizer, base)
    frame = spelling.prompt(base.render(prompt))
    ids = [*frame, *spelling.answer(answer)]
    if len(ids) > max_length:
        raise ValueError(f"{len(ids)} tokens is above max_length {max_length}: {prompt!r}")
    return Row(ids=tuple(ids), prompt_length=len(frame))


def collate(rows: Sequence[Row], pad_id: int) -> Batch:
    """Pad rows on the right; the prompt and the padding carry no label."""
    width = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length] = torch.tensor(row.ids)
        mask[index, :length] = 1
        labels[index, row.prompt_length : length] = torch.tensor(row.ids[row.prompt_length :])
    return Batch(ids, mask, labels)


def batches(rows: Sequence[Row], batch_size: int, seed: int) -> Iterator[list[Row]]:
    """Endless batches, the same for the same seed.

    Each epoch is shuffled, cut into groups of eight batches and sorted by length inside a group: little padding, and
    still a different mix every epoch. The short rest of an epoch is kept as a small batch.
    """
    rng = random.Random(seed)
    while True:
        order = list(rows)
        rng.shuffle(order)
        epoch: list[list[Row]] = []
        for start in range(0, len(order), batch_size * 8):
            group = sorted(order[start : start + batch_size * 8], key=lambda row: len(row.ids))
            epoch += [group[i : i + batch_size] for i in range(0, len(group), batch_size)]
        rng.shuffle(epoch)
        yield from epoch


def learning_rate_at(step: int, steps: int, warmup: int) -> float:
    """Factor on the learning rate: a straight rise over `warmup` steps, then half a cosine down to a tenth."""
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))


class Vocabulary:
    """Which words the loss is taken over, and with what weight.

    The output layer is half of a step on a processor. Every word of the data always takes part; of the rest a fresh
    uniform sample does, each standing for all that were left out, so that the softmax keeps its size on average.
    """

    def __init__(self, rows: Sequence[Row], size: int, sample: int | None, seed: int) -> None:
        self._known = torch.tensor(sorted({word for row in rows for word in row.ids}))
        rest = torch.ones(size, dtype=torch.bool)
        rest[self._known] = False
        self._rest = rest.nonzero().squeeze(1)
        self._sample = len(self._rest) if sample is None else min(sample, len(self._rest))
        self._generator = torch.Generator().manual_seed(seed)
        self._place = torch.full((size,), IGNORED)
        self._place[self._known] = torch.arange(len(self._known))

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Word ids of shape (words,), and what to add to each one's logit."""
        order = torch.randperm(len(self._rest), generator=self._generator)[: self._sample]
        words = torch.cat([self._known, self._rest[order]])
        shift = torch.zeros(len(words))
        if self._sample:
            shift[len(self._known) :] = math.log(len(self._rest) / self._sample)
        return words, shift

    def places(self, targets: torch.Tensor) -> torch.Tensor:
        """Where each target word stands among the drawn words: words of the data always come first."""
        return self._place[targets]


def answer_loss(model: PreTrainedModel, batch: Batch, vocabulary: Vocabulary) -> torch.Tensor:
    """Mean cross-entropy (nats) over the answer tokens; the vocabulary is only spread out where there is a label."""
    hidden = model.model(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False).last_hidden_state
    targets = batch.labels[:, 1:]
    wanted = targets != IGNORED
    words, shift = vocabulary.draw()
    logits = functional.linear(hidden[:, :-1][wanted], model.lm_head.weight[words])
    return functional.cross_entropy(logits.float() + shift, vocabulary.places(targets[wanted]))


def adapter_config(recipe: Recipe) -> bytes:
    """The adapter_config.json of the trained adapter, as the portal itself would write it."""
    facts = AdapterConfig(recipe.rank, recipe.alpha, False, tuple(sorted(recipe.target_modules)))
    return facts.canonical(BASE_MODELS[recipe.base])


def train(
    recipe: Recipe,
    model: PreTrainedModel,
    rows: Sequence[Row],
    *,
    pad_id: int,
    save: Callable[[Mapping[str, torch.Tensor], RunRecord], None],
    say: Say,
) -> RunRecord:
    """Train a LoRA on `model` in place; calls `save` every `save_every` steps and at the end.

    The base keeps the type it was loaded in; the LoRA matrices are trained in float32 and saved in bfloat16.
    """
    torch.manual_seed(recipe.seed)
    lora = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.target_modules),
        bias="none",
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, lora)
    adapted.train()
    weights = [p for p in adapted.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = LambdaLR(optimizer, lambda step: learning_rate_at(step, recipe.steps, recipe.warmup_steps))
    vocabulary = Vocabulary(rows, model.config.vocab_size, recipe.vocabulary_sample, recipe.seed)
    losses: list[float] = []
    started = time.monotonic()
    source = batches(rows, recipe.batch_size, recipe.seed)
    for step in range(1, recipe.steps + 1):
        loss = answer_loss(model, collate(next(source), pad_id), vocabulary)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        seconds = time.monotonic() - started
        if step % 10 == 0 or step == recipe.steps:
            recent = losses[-10:]
            left = seconds / step * (recipe.steps - step)
            mean = sum(recent) / len(recent)
            say(
                f"step {step}/{recipe.steps}  loss {mean:.3f}  {seconds / step:.2f} s/step  {left:.0f} s left"
            )
        if step % recipe.save_every == 0 or step == recipe.steps:
            state = get_peft_model_state_dict(adapted)
            tensors = {name: state[name].detach().to(torch.bfloat16).contiguous() for name in sorted(state)}
            save(tensors, RunRecord(step, seconds, tuple(losses)))
    return RunRecord(recipe.steps, time.monotonic() - started, tuple(losses))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def report(recipe: Recipe, record: RunRecord, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What `training.json` holds; `loss_curve` is [step, mean loss of the ten steps up to it]."""
    curve = [
        [end, round(sum(part) / len(part), 4)]
        for end in range(10, len(record.losses) + 1, 10)
        if (part := record.losses[end - 10 : end])
    ]
    return {
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        **inputs,
        "template_sha256": BASE_MODELS[recipe.base].template_digest,
        "steps_done": record.steps_done,
        "first_loss": round(record.losses[0], 4),
        "final_loss": round(sum(record.losses[-10:]) / len(record.losses[-10:]), 4),
        "loss_curve": curve,
        "seconds": round(record.seconds, 1),
        "libraries": {name: version(name) for name in ("torch", "transformers", "peft", "safetensors")},
        "python": platform.python_version(),
        "machine": machine(),
    }


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def run(recipe_path: Path, model_dir: Path, out: Path, say: Say = print) -> RunRecord:
    """Train the recipe at `recipe_path` on the base in `model_dir` and write the adapter into `out`."""
    recipe = Recipe.model_validate_json(recipe_path.read_bytes())
    data = recipe_path.parent / recipe.data
    tokenizer = AutoTokenizer.from_pretrained(model_dir, local_files_only=True)
    base = BASE_MODELS[recipe.base]
    rows = [
        encode(tokenizer, base, prompt, answer, recipe.max_length) for prompt, answer in read_examples(data)
    ]
    inputs = {
        "data_sha256": sha256_of(data),
        "data_rows": len(rows),
        "supervised_tokens": sum(len(row.ids) - row.prompt_length for row in rows),
        "base_sha256": sha256_of(model_dir / "model.safetensors"),
    }
    say(f"{recipe.title}: {len(rows)} rows, {recipe.steps} steps of {recipe.batch_size}")
    model = AutoModelForCausalLM.from_pretrained(
        model_dir, dtype=getattr(torch, recipe.dtype), local_files_only=True
    )
    out.mkdir(parents=True, exist_ok=True)

    def save(tensors: Mapping[str, torch.Tensor], record: RunRecord) -> None:
        # An interrupted run leaves the last saved step behind, with a report that says how far it came.
        save_file(dict(tensors), out / "adapter_model.safetensors")
        (out / "adapter_config.json").write_bytes(adapter_config(recipe))
        digest = {"adapter_sha256": sha256_of(out / "adapter_model.safetensors")}
        write_json(out / "training.json", report(recipe, record, {**inputs, **digest}))

    return train(recipe, model, rows, pad_id=tokenizer.pad_token_id or 0, save=save, say=say)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train one adapter from a recipe.")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--model-dir", type=Path, required=True, help="folder of the prepared base model")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the adapter and its training.json"
    )
    arguments = parser.parse_args()
    keep_freed_memory()
    record = run(arguments.recipe, arguments.model_dir, arguments.out, lambda text: print(text, flush=True))
    print(f"done: {record.steps_done} steps in {record.seconds:.0f} s -> {arguments.out}")


if __name__ == "__main__":
    main()
