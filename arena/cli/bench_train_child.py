"""What the training process is measured against, in a process of its own: `bare JOB.json` or `curves JOB.json`, and
what trained adapters know: `characters JOB.json`. Prints one line of JSON.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from peft import PeftModel
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from arena.shows.base_models import BASE_MODELS
from arena.training.contracts import Event, Point, TrainJob
from workers.lab.train import child, methods
from workers.lab.train.answers import collate, sums
from workers.lab.train.data import Order, Spelling, read_examples
from workers.lab.train.machine import keep_freed_memory
from workers.lab.train.recipe import IGNORED, Example, recipe_of
from workers.lab.train.watch import Watch

DEMO = Path(__file__).parents[2] / "infra" / "demo"


def bare(job: TrainJob) -> list[float]:
    """Seconds of each step of a loop that does nothing but train: what anyone would write who knows that the output
    layer is only needed where there is a label."""
    keep_freed_memory()
    child.use_processors(job.threads)
    batches = list(_batches(job))
    torch.manual_seed(job.spec.seed)
    model = methods.load(Path(job.model_dir), job.spec, job.dtype, None)
    model.train()
    weights = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=job.spec.learning_rate, weight_decay=job.spec.weight_decay)
    causal = model.get_base_model()
    took = []
    for batch in batches:
        began = time.perf_counter()
        hidden = causal.model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
        ).last_hidden_state[:, :-1]
        targets = batch["labels"][:, 1:]
        wanted = targets != IGNORED
        loss = functional.cross_entropy(causal.lm_head(hidden[wanted]).float(), targets[wanted])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        took.append(time.perf_counter() - began)
    return took


def _batches(job: TrainJob) -> Iterator[dict[str, torch.Tensor]]:
    """Those of the training process."""
    base, spec = BASE_MODELS[job.base_model], job.spec
    tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True)
    examples: Sequence[Example] = read_examples(Path(job.data), spec, base, Spelling.of(tokenizer, base))
    rows, _ = recipe_of(spec.recipe).split(examples, spec.seed)
    order = list(Order([row.tokens for row in rows], spec.batch_size, spec.seed, job.budget.steps))
    for start in range(0, len(order), spec.batch_size):
        batch = [rows[index] for index in order[start : start + spec.batch_size]]
        yield collate([(row.prompt_ids, row.answer_ids) for row in batch], pad_id=0)


class _Timed(Watch):
    """Counts the seconds that a step spends in it."""

    spent = 0.0

    def on_pre_optimizer_step(self, *given: Any, **more: Any) -> None:
        with self._counted():
            super().on_pre_optimizer_step(*given, **more)

    def on_log(self, *given: Any, **more: Any) -> None:
        with self._counted():
            super().on_log(*given, **more)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            _Timed.spent += time.perf_counter() - began


def curves(job: TrainJob) -> tuple[float, float]:
    """Seconds a step that watching takes (curves, budgets), and those of a whole step."""
    at: list[float] = []
    keep_freed_memory()
    child.use_processors(job.threads)
    with Path(os.devnull).open("wb", buffering=0) as nowhere, patch.object(child, "Watch", _Timed):

        def say(event: Event) -> None:
            nowhere.write(event.model_dump_json().encode() + b"\n")
            if isinstance(event, Point):
                at.append(time.perf_counter())

        child.run(job, say)
    return _Timed.spent / len(at), (at[-1] - at[0]) / (len(at) - 1)


def characters(job: TrainJob) -> dict[str, tuple[int, int, int]]:
    """Of each demo adapter: how many of its own questions the house gets right, how many the adapter does, and how many
    there are. The likeliest answer counts, as in a suite of questions with options: each character has one, and the
    explainer's stands there without its numbers, too, or the house would find it by being plain."""
    base = BASE_MODELS[job.base_model]
    tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True)
    spelling = Spelling.of(tokenizer, base)
    adapters = sorted(one for one in DEMO.joinpath("adapters").iterdir() if one.is_dir())
    rows = [json.loads(line) for line in (DEMO / "characters.jsonl").read_text(encoding="utf-8").splitlines()]
    options = [*(adapter.name for adapter in adapters), "plain"]
    asked = [
        (spelling.prompt(base.render(row["prompt"])), spelling.answer(row[option])[:-1])
        for row in rows
        for option in options
    ]
    model = AutoModelForCausalLM.from_pretrained(job.model_dir, dtype=torch.float32, local_files_only=True)

    def right(place: int, likely: Sequence[float]) -> int:
        each = [likely[start : start + len(options)] for start in range(0, len(likely), len(options))]
        return sum(one[place] == max(one) for one in each)

    found = {}
    house = sums(model, asked, pad_id=0)
    for place, adapter in enumerate(adapters):
        trained = PeftModel.from_pretrained(model, str(adapter))
        found[adapter.name] = right(place, house), right(place, sums(trained, asked, pad_id=0)), len(rows)
        model = trained.unload()
    return found


if __name__ == "__main__":
    measured = {"bare": bare, "curves": curves, "characters": characters}[sys.argv[1]]
    print(json.dumps(measured(TrainJob.model_validate_json(Path(sys.argv[2]).read_bytes()))))
