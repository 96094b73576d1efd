"""The process that trains: `python -I -m workers.lab.train.child JOB.json`, alone or as each of several under torchrun.

Reads a `TrainJob`, prints an `Event` a line on standard output, and nothing else there; libraries talk to standard
error. Ends with 0 after `trained` or `refused`, with `faults.DISK_FULL` when a disk is full, and with anything else
when it broke. It asks nothing of any network; several processes of one run talk to each other.
"""

# libraries read the environment when they are imported
import os

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRL_EXPERIMENTAL_SILENCE": "1",
}

import errno
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PrinterCallback, Trainer, set_seed

from arena.shows.base_models import BASE_MODELS, BaseModel
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.contracts import Refusal
from arena.training.contracts import Event, Loading, Refused, Stopped, Trained, TrainJob, TrainRecord
from arena.training.faults import DISK_FULL
from workers.lab.train import checkpoints, methods
from workers.lab.train.data import Order, Spelling, read_examples
from workers.lab.train.machine import accelerators, keep_freed_memory, libraries, machine, peak_bytes
from workers.lab.train.recipe import CannotTrain, Kit, Recipe, recipe_of
from workers.lab.train.watch import Over, Say, Watch, resume_state


def main(job_file: str) -> int:
    say = speaker()
    job = TrainJob.model_validate_json(Path(job_file).read_bytes())
    keep_freed_memory()
    use_processors(job.threads)
    try:
        run(job, say)
    except CannotTrain as reason:
        say(refused(reason.code, reason.message, **reason.detail))
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        said = f"The machine had no memory left at {peak_bytes() >> 20} MiB. A smaller batch or shorter rows need less."
        say(refused("training.out_of_memory", said, peak_bytes=peak_bytes(), hint="batch_size"))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(f"the disk is full: {error}", file=sys.stderr)
        return DISK_FULL
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    return 0


def speaker() -> Say:
    """Keeps standard output for events, and has everybody else write to standard error."""
    own = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(event: Event) -> None:
        if first_process():
            os.write(own, event.model_dump_json().encode() + b"\n")

    return say


def processes() -> int:
    """How many train this run together, as torchrun says it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def first_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def use_processors(threads: int) -> None:
    each = threads or max(1, (os.cpu_count() or 1) // processes())
    os.environ["OMP_NUM_THREADS"] = str(each)  # accelerate would choose anew
    torch.set_num_threads(each)
    if sys.platform.startswith("linux"):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all of a run's processes are on one machine


def refused(code: str, message: str, **detail: Any) -> Refused:
    return Refused(refusal=Refusal(code=code, message=message), detail=detail)


def out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def run(job: TrainJob, say: Say) -> None:
    """From the job to its `trained` event. Raises CannotTrain, and what libraries raise."""
    spec, base = job.spec, BASE_MODELS[job.base_model]
    max_rank = min(job.max_rank or base.max_rank, base.max_rank)
    parent = Path(job.parent_dir) if job.parent_dir else None
    deterministic()
    limit_memory(job)

    say(Loading(note="data"))
    methods.check(spec, base, max_rank, parent)
    tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True, trust_remote_code=False)
    recipe = recipe_of(spec.recipe)
    examples = read_examples(Path(job.data), spec, base, Spelling.of(tokenizer, base))
    rows, held_out = recipe.split(examples, spec.seed)
    resumed = checkpoints.read(Path(job.resume_dir)) if job.resume_dir else None

    say(Loading(note="base_model"))
    set_seed(spec.seed)
    model = methods.load(Path(job.model_dir), spec, job.dtype, parent)

    watch = Watch(job, len(rows), say, resumed)
    signal.signal(signal.SIGTERM, lambda *_: setattr(watch, "asked", True))
    kit = Kit(
        spec=spec,
        budget=job.budget,
        base=base,
        model=model,
        tokenizer=tokenizer,
        rows=rows,
        held_out=held_out,
        out=Path(job.out),
        callbacks=[watch],
        arguments=arguments(job),
        parent=parent,
    )
    say(Loading(note="trainer"))
    trainer = recipe.trainer(kit)
    if resumed is None:
        watch.run.held_out = measured(recipe, kit, "before", say)
    stopped = train(trainer, kit, watch, job)
    held = watch.run.held_out
    residual = None
    if stopped != "asked":
        held = held | measured(recipe, kit, "after", say)
        residual = leave(job, trainer, base, max_rank, say)
    say(Trained(stopped=stopped, record=record(watch, kit, examples, held, residual)))


def deterministic() -> None:
    """Data, seed and threads decide the weights on a processor anyway; on a GPU what PyTorch can promise does."""
    if torch.cuda.is_available():
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False


def limit_memory(job: TrainJob) -> None:
    if torch.cuda.is_available():
        device = int(os.environ.get("LOCAL_RANK", "0"))
        whole = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, job.budget.memory_bytes / whole), device)


def arguments(job: TrainJob) -> dict[str, Any]:
    """What every recipe's trainer is told. Rows come in our own order, and what is kept is kept by `Watch`."""
    spec, gpu = job.spec, torch.cuda.is_available()
    return {
        "output_dir": str(Path(job.out) / "trainer"),
        "seed": spec.seed,
        "data_seed": spec.seed,
        "max_steps": job.budget.steps,
        "per_device_train_batch_size": spec.batch_size // processes(),
        "learning_rate": spec.learning_rate,
        # A straight rise that begins above zero, then half a cosine down to a tenth.
        "lr_scheduler_type": "cosine_warmup_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": 0.1},
        "warmup_steps": spec.warmup_steps,
        "weight_decay": spec.weight_decay,
        "max_grad_norm": 1.0,
        "optim": "adamw_torch",
        "use_cpu": not gpu,
        "bf16": False,  # the base has its type already, and what is trained stays in float32
        "gradient_checkpointing": False,
        "dataloader_pin_memory": gpu,
        "ddp_find_unused_parameters": False,
        "include_num_input_tokens_seen": "non_padding",
        "logging_strategy": "steps",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def train(trainer: Trainer, kit: Kit, watch: Watch, job: TrainJob) -> Stopped:
    """Runs the trainer until the run is over, and says why it is. Raises CannotTrain."""
    trainer.remove_callback(PrinterCallback)
    own_order(trainer, kit)
    earlier = None
    if job.resume_dir:
        # The weights come back with the optimiser's moments (`Watch.on_train_begin`), from our own file.
        trainer._load_from_checkpoint = lambda *_: None
        earlier = resume_state(trainer, watch.run)
    try:
        trainer.train(resume_from_checkpoint=earlier)
    except Over as over:
        return over.stopped
    raise RuntimeError("the trainer ended before its run")


def own_order(trainer: Trainer, kit: Kit) -> None:
    """Unless the recipe has an order of its own, such as groups of answers to one prompt."""
    if type(trainer)._get_train_sampler is not Trainer._get_train_sampler:
        return
    lengths = [row.tokens for row in kit.rows]
    order = Order(lengths, kit.spec.batch_size, kit.spec.seed, kit.budget.steps)
    if len(trainer.train_dataset) != len(lengths):
        raise RuntimeError("the trainer has other rows than it was given")
    trainer._get_train_sampler = lambda *_: order


def measured(recipe: Recipe, kit: Kit, when: str, say: Say) -> dict[str, float]:
    if recipe.measure is None or not kit.held_out:
        return {}
    say(Loading(note="held_out"))
    return {f"{name}_{when}": value for name, value in recipe.measure(kit).items()}


def leave(job: TrainJob, trainer: Trainer, base: BaseModel, max_rank: int, say: Say) -> float | None:
    """Write `adapter/`; returns what a conversion lost."""
    if job.spec.method == "dora":
        say(Loading(note="converting"))
    finished = methods.finish(trainer.model, job.spec, base, max_rank)
    if first_process():
        checkpoints.write_whole(
            Path(job.out) / "adapter", {CONFIG: finished.config, WEIGHTS: finished.weights}
        )
    return finished.residual


def record(
    watch: Watch, kit: Kit, examples: list[Any], held_out: dict[str, float], residual: float | None
) -> TrainRecord:
    return TrainRecord(
        steps=watch.run.step,
        tokens=watch.run.tokens,
        supervised_tokens=sum(len(row.answer_ids) + len(row.rejected_ids or ()) for row in kit.rows),
        rows=len(examples),
        seconds=watch.run.seconds,
        first_loss=watch.run.first_loss,
        final_loss=watch.run.final_loss,
        peak_bytes=peak_bytes(),
        libraries=libraries(),
        machine=machine() | {"accelerators": accelerators(), "processes": processes()},
        residual=residual,
        held_out=held_out,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
