"""What training costs and achieves here: the training process against a bare PEFT loop on the same batches, what its
curves cost, which type of the base is faster, and whether preferences that it learns hold for pairs it has not seen.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import torch
from pydantic import TypeAdapter
from torch.nn import functional
from transformers import AutoTokenizer

from arena.cli.bench import Figure, figure
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import Budget, TrainingSpec
from arena.training.contracts import Event, Point, Trained, TrainJob
from workers.lab.loading import offline
from workers.lab.train import child, methods
from workers.lab.train.answers import collate
from workers.lab.train.data import Order, Spelling, read_examples
from workers.lab.train.machine import keep_freed_memory
from workers.lab.train.recipe import IGNORED, Example
from workers.lab.train.watch import Watch

DATA = Path("infra/demo/data")
WANTED, UNWANTED = "captain-cat", "northstar"
"""Two characters who answer the same prompts: the one's answer is preferred to the other's."""
STEPS, WARM = 12, 2
ROUNDS = 2
PAIRS, PAIR_STEPS, SEEDS = 60, 16, (0, 1, 2)
FIRST_STEP_SECONDS = 60.0
SFT = TrainingSpec(batch_size=8)
DPO = TrainingSpec(recipe="dpo", batch_size=4, learning_rate=3e-4)

_event: TypeAdapter[Event] = TypeAdapter(Event)


def figures() -> list[Figure]:
    """Raises RuntimeError when a run does not come to its end."""
    with tempfile.TemporaryDirectory(prefix="gavel-bench-") as folder:
        return Bench(Path(folder)).figures()


@dataclass(frozen=True)
class Run:
    starts: float
    """Seconds from the start of the process to the end of its first step."""
    steps: Sequence[float]
    """Seconds of each, without those that warm up."""
    trained: Trained


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model = Path(os.environ.get("GAVEL_MODEL_DIR", f".gavel/models/{HOUSE_MODEL.id}")).resolve()
        self._runs = 0

    def figures(self) -> list[Figure]:
        talk = self._file("talk.jsonl", [_messages(prompt, answer) for prompt, answer in _said(WANTED)])
        ours, bare = list[float](), list[float]()
        starts = []
        for _ in range(ROUNDS):  # in turn: the machine is not the same all the time
            run = self.run(talk, SFT, STEPS)
            starts.append(run.starts)
            ours += run.steps
            bare += self.bare(talk)
        single = self.run(talk, SFT, STEPS, dtype="float32")
        half, whole = _speed(ours), _speed(single.steps)
        spent = self.curves(talk)
        moved = [self.margin(seed) for seed in SEEDS]
        return [
            figure("steps a second ÷ bare PEFT loop on the same batches", half, "1/s", _speed(bare), 0.95, least=True),
            figure("start of the process to its first step (baseline: aim)", min(starts), "s", FIRST_STEP_SECONDS,
                   FIRST_STEP_SECONDS, of="value"),
            figure("steps a second, bfloat16 ÷ float32 base", half, "1/s", whole, 1, least=True),
            figure("curves and budgets: share of a step's time (baseline: a step)", spent[0], "s", spent[1], 0.01),
            *(figure(f"DPO, seed {seed}: the margin on held-out pairs grows by (baseline: what it was)", after - before,
                     "nats", abs(before), 0.01, of="value", least=True)
              for seed, (before, after) in zip(SEEDS, moved, strict=True)),
        ]  # fmt: skip

    def run(
        self, data: Path, spec: TrainingSpec, steps: int, dtype: Literal["bfloat16", "float32"] = "bfloat16"
    ) -> Run:
        """A training process as the lab starts it."""
        job = self._job(data, spec, steps, dtype)
        folder = Path(job.out).parent
        (folder / "job.json").write_text(job.model_dump_json())
        command = [sys.executable, "-I", "-m", "workers.lab.train.child", str(folder / "job.json")]
        began, at, last = time.perf_counter(), list[float](), None
        with (folder / "stderr.log").open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=offline(folder), cwd=folder
            )
            assert process.stdout is not None
            for line in process.stdout:
                last = _event.validate_json(line)
                if isinstance(last, Point):
                    at.append(time.perf_counter())
            process.wait()
        if not isinstance(last, Trained) or process.returncode:
            raise RuntimeError(f"a run ended with {last}: {(folder / 'stderr.log').read_text()[-2000:]}")
        return Run(at[0] - began, [b - a for a, b in zip(at[WARM - 1 :], at[WARM:], strict=False)], last)

    def bare(self, data: Path) -> list[float]:
        """Seconds of each step of a loop that does nothing but train: what anyone would write, and who knows that the
        output layer is only needed where there is a label."""
        job = self._job(data, SFT, STEPS, "bfloat16")
        keep_freed_memory()
        child.use_processors(0)
        rows = self._rows(job)
        torch.manual_seed(SFT.seed)
        model = methods.load(self._model, SFT, job.dtype, None)
        model.train()
        weights = [one for one in model.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=SFT.learning_rate, weight_decay=SFT.weight_decay)
        causal = model.get_base_model()
        took = []
        for batch in _batches(rows):
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
        return took[WARM:]

    def curves(self, data: Path) -> tuple[float, float]:
        """Seconds a step that watching takes, and those of a whole step."""
        job = self._job(data, SFT, STEPS, "bfloat16")
        at: list[float] = []
        with Path(os.devnull).open("wb", buffering=0) as nowhere, patch.object(child, "Watch", _Timed):

            def say(event: Event) -> None:
                nowhere.write(event.model_dump_json().encode() + b"\n")
                if isinstance(event, Point):
                    at.append(time.perf_counter())

            child.run(job, say)
        return _Timed.spent / STEPS, (at[-1] - at[0]) / (STEPS - 1)

    def margin(self, seed: int) -> tuple[float, float]:
        """On pairs that were kept out of training, before it and after."""
        both = zip(_said(WANTED), _said(UNWANTED), strict=True)
        rows = [_pair(prompt, chosen, rejected) for (prompt, chosen), (_, rejected) in both]
        shortest = sorted(rows, key=lambda row: len(json.dumps(row)))[:PAIRS]
        spec = DPO.model_copy(update={"seed": seed})
        record = self.run(self._file("pairs.jsonl", shortest), spec, PAIR_STEPS).trained.record
        return record.held_out["margin_before"], record.held_out["margin_after"]

    def _job(
        self, data: Path, spec: TrainingSpec, steps: int, dtype: Literal["bfloat16", "float32"]
    ) -> TrainJob:
        self._runs += 1
        folder = self._folder / str(self._runs)
        folder.mkdir()
        return TrainJob(
            spec=spec,
            budget=Budget(steps=steps, save_every=steps + 1),
            dtype=dtype,
            base_model=HOUSE_MODEL.id,
            model_dir=str(self._model),
            data=str(data),
            out=str(folder / "out"),
        )

    def _rows(self, job: TrainJob) -> list[Example]:
        tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True)
        return read_examples(Path(job.data), job.spec, HOUSE_MODEL, Spelling.of(tokenizer, HOUSE_MODEL))

    def _file(self, name: str, rows: Sequence[dict[str, Any]]) -> Path:
        path = self._folder / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path


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


def _batches(rows: Sequence[Example]) -> Iterator[dict[str, torch.Tensor]]:
    order = list(Order([row.tokens for row in rows], SFT.batch_size, SFT.seed, STEPS))
    for start in range(0, len(order), SFT.batch_size):
        batch = [rows[index] for index in order[start : start + SFT.batch_size]]
        yield collate([(row.prompt_ids, row.answer_ids) for row in batch], pad_id=0)


def _speed(steps: Sequence[float]) -> float:
    return len(steps) / sum(steps)


def _said(name: str) -> list[tuple[str, str]]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["prompt"], row["answer"]) for row in map(json.loads, lines)]


def _messages(prompt: str, answer: str) -> dict[str, Any]:
    return {"messages": [*_turn("user", prompt), *_turn("assistant", answer)]}


def _pair(prompt: str, chosen: str, rejected: str) -> dict[str, Any]:
    sides = {"chosen": _turn("assistant", chosen), "rejected": _turn("assistant", rejected)}
    return {"prompt": _turn("user", prompt), **sides}


def _turn(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]
