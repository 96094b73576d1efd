"""What training costs and achieves here: the training process against a bare PEFT loop on the same batches, what its
curves cost, which type of the base is faster, whether preferences that it learns hold for pairs it has not seen, and
whether the demo adapters know their own characters.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from arena.benchmarks.rules import NOISE, score
from arena.cli.bench import Figure, figure
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import Budget, TrainingRules, TrainingSpec
from arena.training.contracts import Event, Point, Trained, TrainJob
from workers.lab.loading import offline

DATA = Path("infra/demo/data")
WANTED, UNWANTED = "captain-cat", "northstar"
"""Two characters who answer the same prompts: the one's answer is preferred to the other's."""
STEPS, WARM = 12, 2
ROUNDS = 2
PAIRS, PAIR_STEPS, SEEDS = 60, 12, (0, 1, 2)
FIRST_STEP_SECONDS = 60.0
Dtype = Literal["bfloat16", "float32"]
CHOSEN: Dtype = TrainingRules().dtype
OTHER: Dtype = "float32" if CHOSEN == "bfloat16" else "bfloat16"
SFT = TrainingSpec(batch_size=8)
DPO = TrainingSpec(recipe="dpo", batch_size=2, learning_rate=5e-4, warmup_steps=2)

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
            bare += _steps(self.beside("bare", talk)[1:])
        single = self.run(talk, SFT, STEPS, OTHER)
        chosen, other = _speed(ours), _speed(single.steps)
        spent = self.beside("curves", talk)
        moved = [self.margin(seed) for seed in SEEDS]
        known = self._beside("characters", talk)
        return [
            figure("steps a second ÷ bare PEFT loop, same batches", chosen, "1/s", _speed(bare), 0.95, least=True),
            figure("start of the process to its first step (baseline: aim)", min(starts), "s", FIRST_STEP_SECONDS,
                   FIRST_STEP_SECONDS, of="value"),
            figure(f"steps a second, base in {CHOSEN} ÷ in {OTHER}", chosen, "1/s", other, 1, least=True),
            figure("curves and budgets: share of a step's time (baseline: a step)", spent[0], "s", spent[1], 0.01),
            *(figure(f"DPO, seed {seed}: the margin on held-out pairs grows by (baseline: what it was)", after - before,
                     "nats", abs(before), 0.01, of="value", least=True)
              for seed, (before, after) in zip(SEEDS, moved, strict=True)),
            *(figure(f"{name}: its own questions, lower bound of the adapter ÷ upper bound of the house",
                     *_bounds(own, house, count), 1, least=True)
              for name, (house, own, count) in known.items()),
        ]  # fmt: skip

    def run(self, data: Path, spec: TrainingSpec, steps: int, dtype: Dtype = CHOSEN) -> Run:
        """A training process as the lab starts it."""
        said, began = self._started(["workers.lab.train.child"], self._job(data, spec, steps, dtype))
        events = [(_event.validate_json(line), at) for line, at in said]
        at = [at for event, at in events if isinstance(event, Point)]
        last = events[-1][0]
        if not isinstance(last, Trained):
            raise RuntimeError(f"a run ended with {last}")
        return Run(at[0] - began, _steps(b - a for a, b in pairwise(at)), last)

    def _started(self, module: Sequence[str], job: TrainJob) -> tuple[list[tuple[bytes, float]], float]:
        """The lines that a process prints, each with when it did, and when it was started."""
        folder = Path(job.out).parent
        (folder / "job.json").write_text(job.model_dump_json())
        command = [sys.executable, "-I", "-m", *module, str(folder / "job.json")]
        began = time.perf_counter()
        with (folder / "stderr.log").open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=offline(folder), cwd=folder
            )
            assert process.stdout is not None
            lines = [(line, time.perf_counter()) for line in process.stdout]
            process.wait()
        if process.returncode or not lines:
            raise RuntimeError(f"{module[0]} broke off: {(folder / 'stderr.log').read_text()[-2000:]}")
        return lines, began

    def beside(self, what: Literal["bare", "curves"], data: Path) -> list[float]:
        found: list[float] = self._beside(what, data)
        return found

    def _beside(self, what: str, data: Path) -> Any:
        """What a process of `bench_train_child` says."""
        job = self._job(data, SFT, STEPS, CHOSEN)
        said, _ = self._started(f"arena.cli.bench_train_child {what}".split(), job)
        return json.loads(said[-1][0])

    def margin(self, seed: int) -> tuple[float, float]:
        """On pairs that were kept out of training, before it and after."""
        both = zip(_said(WANTED), _said(UNWANTED), strict=True)
        rows = [_pair(prompt, chosen, rejected) for (prompt, chosen), (_, rejected) in both]
        shortest = sorted(rows, key=lambda row: len(json.dumps(row)))[:PAIRS]
        spec = DPO.model_copy(update={"seed": seed})
        record = self.run(self._file("pairs.jsonl", shortest), spec, PAIR_STEPS).trained.record
        return record.held_out["margin_before"], record.held_out["margin_after"]

    def _job(self, data: Path, spec: TrainingSpec, steps: int, dtype: Dtype) -> TrainJob:
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

    def _file(self, name: str, rows: Sequence[dict[str, Any]]) -> Path:
        path = self._folder / name
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path


def _bounds(own: int, house: int, count: int) -> tuple[float, str, float]:
    """Shares of `count` questions: the adapter's lower bound, no unit, and the house's upper one."""
    adapter, base = score(own, count, 0), score(house, count, 0)
    return adapter.accuracy - NOISE * adapter.stderr, "", base.accuracy + NOISE * base.stderr


def _steps(took: Iterable[float]) -> list[float]:
    """Without those that warm up."""
    return list(took)[WARM:]


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
