"""Watches a trainer from inside its loop: says every step, keeps checkpoints, and ends the run when its budget does.

The training clock runs while steps do: not while the model loads, a race waits for its start or a checkpoint is
written. A step that ends after the time is up does not count: its gradient is thrown away, so the weights always are
those of the last step in time.
"""

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from arena.shows.training import UNKEPT
from arena.training.contracts import CheckpointWritten, Event, Point, Ready, Stopped, TrainJob
from workers.lab.train import checkpoints
from workers.lab.train.checkpoints import Checkpoint, Run
from workers.lab.train.machine import peak_bytes
from workers.lab.train.recipe import CannotTrain

Say = Callable[[Event], None]

LOOK_SECONDS = 0.05
"""How often a race's start is looked for."""
EXTRA: Mapping[str, str] = {
    "rewards/margins": "margin",
    "rewards/accuracies": "accuracy",
    "margin": "margin",
    "accuracy": "accuracy",
    "reward": "reward",
    "kl": "kl",
    "completions/mean_length": "answer_tokens",
}
"""What trainers call a number → what the curves call it."""


class Over(Exception):
    """The run has come to its end. Raised through the trainer's loop, which has no other way to leave a step undone."""

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(stopped)
        self.stopped = stopped


class Watch(TrainerCallback):  # type: ignore[misc]  # transformers has no types here
    def __init__(
        self,
        job: TrainJob,
        rows: int,
        say: Say,
        resumed: Checkpoint | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run = resumed.run if resumed else Run(tokens=job.tokens, seconds=job.seconds)
        self.asked = False
        """Set by a signal: end after this step, with a checkpoint."""
        self._job = job
        self._rows = rows
        self._say = say
        self._resumed = resumed
        self._now = now
        self._since = 0.0
        """When the clock would have been started, had it never been stopped."""
        self._stop_at = math.inf
        self._tokens_before = 0

    @property
    def seconds(self) -> float:
        return self._now() - self._since

    # --- what the trainer calls -----------------------------------------------------------------------------------

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        optimizer: Optimizer,
        lr_scheduler: LRScheduler,
        **_: Any,
    ) -> None:
        if self._resumed is not None:
            self._resumed.restore(optimizer, lr_scheduler)
        self._tokens_before = self.run.tokens - state.num_input_tokens_seen
        self._say(Ready(steps=self._job.budget.steps, rows=self._rows))
        self._wait_for_the_start()
        self._since = self._now() - self.run.seconds
        time_up, asked, _heavy = self._agreed(args)
        if asked:
            raise Over("asked")
        self._unless_used_up(time_up)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self._resumed is not None:  # not earlier: to fetch the first batch may have drawn numbers, too
            self._resumed.restore_randomness()
            self._resumed = None

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        time_up, _asked, heavy = self._agreed(args)
        if heavy:
            raise CannotTrain(
                "training.out_of_memory",
                f"The run held {peak_bytes() >> 20} MiB; its budget is {self._job.budget.memory_bytes >> 20} MiB. "
                "A smaller batch or shorter rows need less.",
                peak_bytes=peak_bytes(),
                limit_bytes=self._job.budget.memory_bytes,
                hint="batch_size",
            )
        if time_up:
            raise Over("clock")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        logs: dict[str, Any],
        optimizer: Optimizer,
        lr_scheduler: LRScheduler,
        **_: Any,
    ) -> None:
        if "grad_norm" not in logs:  # the sum at the end
            return
        state.log_history.clear()  # would grow with every step, and nobody reads it
        self._took(state, logs)
        _time_up, asked, _heavy = self._agreed(args)
        if asked or self.run.step % self._job.budget.save_every == 0:
            self._keep(optimizer, lr_scheduler)
        if asked:
            raise Over("asked")
        self._unless_used_up(False)

    # --- what follows ---------------------------------------------------------------------------------------------

    def _took(self, state: TrainerState, logs: Mapping[str, Any]) -> None:
        loss, norm = float(logs["loss"]), float(logs["grad_norm"])
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise CannotTrain(
                "training.diverged",
                f"At step {state.global_step} the {'gradient' if math.isfinite(loss) else 'loss'} is not a number any "
                "more. A lower learning rate may help.",
                step=state.global_step,
                learning_rate=self._job.spec.learning_rate,
            )
        tokens, seconds = self._tokens_before + state.num_input_tokens_seen, self.seconds
        speed = (tokens - self.run.tokens) / max(seconds - self.run.seconds, 1e-9)
        self.run.took(state.global_step, loss)
        self.run.tokens, self.run.seconds = tokens, seconds
        extra = {EXTRA[name]: float(value) for name, value in logs.items() if name in EXTRA}
        self._say(
            Point(
                step=self.run.step,
                loss=loss,
                learning_rate=float(logs["learning_rate"]),
                tokens=tokens,
                tokens_per_second=speed,
                gradient_norm=norm,
                memory_bytes=peak_bytes(),
                seconds=seconds,
                extra={name: value for name, value in extra.items() if math.isfinite(value)},
            )
        )

    def _unless_used_up(self, time_up: bool) -> None:
        if self.run.step >= self._job.budget.steps:
            raise Over("steps")
        if self.run.tokens >= self._job.budget.tokens:
            raise Over("tokens")
        if time_up:
            raise Over("clock")

    def _keep(self, optimizer: Optimizer, schedule: LRScheduler) -> None:
        """Write a checkpoint. Raises OSError."""
        if self._job.spec.profile in UNKEPT:
            return
        began = self._now()
        folder = Path(self._job.out) / "checkpoints" / str(self.run.step)
        checkpoints.write(folder, self.run, optimizer, schedule)
        self._say(
            CheckpointWritten(
                step=self.run.step, folder=str(folder), tokens=self.run.tokens, seconds=self.run.seconds
            )
        )
        self._since += self._now() - began

    def _wait_for_the_start(self) -> None:
        if self._job.go_file is None:
            return
        while not self.asked:
            try:
                self._stop_at = float(json.loads(Path(self._job.go_file).read_bytes())["stop_at"])
                return
            except (OSError, ValueError):  # not there yet, or not whole yet
                time.sleep(LOOK_SECONDS)

    def _agreed(self, args: TrainingArguments) -> tuple[bool, bool, bool]:
        """Whether the time is up, an end was asked for, the memory is too much, by anyone's sight: processes that left
        their loop at different steps would wait for each other for ever."""
        seen = (
            self.seconds >= self._job.budget.seconds or self._now() >= self._stop_at,
            self.asked,
            peak_bytes() > self._job.budget.memory_bytes,
        )
        if args.world_size == 1:
            return seen
        flags = torch.tensor(seen, dtype=torch.int32, device=args.device)
        torch.distributed.all_reduce(flags, torch.distributed.ReduceOp.MAX)
        time_up, asked, heavy = (bool(flag) for flag in flags.tolist())
        return time_up, asked, heavy


def resume_state(trainer: Trainer, run: Run) -> str:
    """What a trainer wants to see of an earlier one, so that it skips the rows that were taken already."""
    folder = Path(trainer.args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    state = TrainerState(
        global_step=run.step,
        num_input_tokens_seen=run.tokens,
        logging_steps=1,
        train_batch_size=trainer.args.train_batch_size,
    )
    state.save_to_json(os.fspath(folder / "trainer_state.json"))
    return os.fspath(folder)
