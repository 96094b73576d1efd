"""A run from its job to its adapter: repeatable, within its budgets, and at every step ready to be gone on with."""

import errno
import hashlib
import io
import json
import math
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from functools import partialmethod
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from arena.shows.training import RecipeId
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.inspection import inspect_adapter
from arena.training.contracts import CHECKPOINT_FILE, CheckpointWritten, Event, Ready, TrainJob
from arena.training.faults import DISK_FULL
from tests.support import tiny_training as tiny
from tests.support.tiny_recipes import PAIRS
from tests.support.tiny_training import BASE, CONVERSATIONS, job, points, refused, run, trained
from workers.lab.train import checkpoints, child, watch
from workers.lab.train.recipe import CannotTrain

MAX_BYTES = 1 << 20


def digest(one: TrainJob) -> str:
    return hashlib.sha256((Path(one.out) / "adapter" / WEIGHTS).read_bytes()).hexdigest()


def gone_on_with(one: TrainJob, step: int, folder: Path) -> TrainJob:
    """The next attempt, from the checkpoint of `step`, in a place of its own."""
    resume = Path(one.out) / "checkpoints" / str(step)
    return one.model_copy(update={"resume_dir": str(resume), "out": str(folder / "out")})


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


# --- what comes out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "dtype"), [("lora", "bfloat16"), ("rslora", "float32"), ("dora", "float32")]
)
def test_the_adapter_passes_the_gate(tmp_path: Path, tiny_base: Path, method: str, dtype: str) -> None:
    one = job(tmp_path, tiny_base, method=method, dtype=dtype, rank=4)
    record = trained(run(one)).record
    folder = Path(one.out) / "adapter"
    assert {file.name for file in folder.iterdir()} == {CONFIG, WEIGHTS}
    config, weights = ((folder / name).read_bytes() for name in (CONFIG, WEIGHTS))
    inspection = inspect_adapter(config, io.BytesIO(weights), BASE, BASE.max_rank, MAX_BYTES)
    assert {check.status for check in inspection.checks} == {"passed"}
    assert json.loads(config)["use_rslora"] is (method == "rslora")
    tensors = load_file(folder / WEIGHTS)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}
    assert len(tensors) == 2 * 2 * 2
    assert (record.residual is None) is (method != "dora")


def test_what_is_said_is_what_happened(tmp_path: Path, tiny_base: Path) -> None:
    said = run(job(tmp_path, tiny_base, steps=12, save_every=5, warmup_steps=4, learning_rate=1e-2))
    seen = points(said)
    assert [point.step for point in seen] == list(range(1, 13))
    assert [round(point.learning_rate, 6) for point in seen[:4]] == [0.0025, 0.005, 0.0075, 0.01]
    assert seen[-1].learning_rate == pytest.approx(1e-3), "it ends at a tenth"
    assert seen[-1].loss < seen[0].loss
    lengths = [len(BASE.render(row["messages"][0]["content"])) + len(row["messages"][1]["content"]) + 2
               for row in CONVERSATIONS]  # fmt: skip
    assert min(lengths) * 2 <= seen[0].tokens <= max(lengths) * 2
    assert all(later.tokens > point.tokens for point, later in pairwise(seen))
    assert all(point.gradient_norm > 0 and point.memory_bytes > 1 << 20 for point in seen)
    assert [event.step for event in said if isinstance(event, CheckpointWritten)] == [5, 10]
    record = trained(said).record
    assert trained(said).stopped == "steps"
    assert (record.steps, record.rows, record.tokens) == (12, 5, seen[-1].tokens)
    assert record.supervised_tokens == sum(len(row["messages"][1]["content"]) + 1 for row in CONVERSATIONS)
    assert record.first_loss == seen[0].loss
    assert record.final_loss == pytest.approx(sum(point.loss for point in seen[-10:]) / 10)
    assert record.seconds == seen[-1].seconds


def test_the_loss_is_the_models_own_over_the_answers(tmp_path: Path, tiny_base: Path) -> None:
    one = job(tmp_path, tiny_base, CONVERSATIONS[:2], steps=1)
    (point,) = points(run(one))
    total, count = 0.0, 0
    model, tokenizer = tiny.tiny_model(), tiny.tiny_tokenizer()
    for row in CONVERSATIONS[:2]:
        asked, answer = (message["content"] for message in row["messages"])
        frame = tokenizer(BASE.render(asked)).input_ids
        ids = [*frame, *tokenizer(answer, add_special_tokens=False).input_ids, tiny.EOS]
        with torch.no_grad():
            likely = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        total -= sum(likely[place - 1, ids[place]].item() for place in range(len(frame), len(ids)))
        count += len(ids) - len(frame)
    assert point.loss == pytest.approx(total / count, rel=1e-5)


def test_the_seed_decides(tmp_path: Path, tiny_base: Path) -> None:
    jobs = [
        job(tmp_path / name, tiny_base, seed=seed, dropout=0.1)
        for name, seed in (("a", 1), ("again", 1), ("b", 2))
    ]
    for one in jobs:
        run(one)
    first, again, other = map(digest, jobs)
    assert first == again != other


def test_dora_comes_out_as_the_nearest_lora_and_says_what_is_lost(tmp_path: Path, tiny_base: Path) -> None:
    """Against the merged weights that PEFT itself computes."""
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

    from workers.lab.train import methods

    one = job(tmp_path, tiny_base, method="dora", rank=4, learning_rate=0.1, steps=8)
    kept: list[PeftModel] = []
    finish = methods.finish

    def keep(model: PeftModel, *rest: Any) -> methods.Finished:
        kept.append(model)
        return finish(model, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "finish", keep)
        record = trained(run(one)).record
    tensors = load_file(Path(one.out) / "adapter" / WEIGHTS)
    exact, lost = 0.0, 0.0
    for path, layer in kept[0].named_modules():
        if isinstance(layer, LoraLayer):
            before = layer.get_base_layer().weight.detach().clone()
            layer.merge()
            delta = layer.get_base_layer().weight.detach() - before
            layer.unmerge()
            assert torch.allclose(methods.change(layer), delta, atol=1e-5)
            plain = tensors[f"{path}.lora_B.weight"].float() @ tensors[f"{path}.lora_A.weight"].float()
            exact += float(delta.square().sum())
            lost += float((delta - plain).square().sum())
    assert record.residual is not None
    assert 0 < record.residual < 1
    assert math.sqrt(lost / exact) == pytest.approx(record.residual, abs=0.01), "but for bfloat16"
    low = trained(run(one.model_copy(update={"max_rank": 4, "out": str(tmp_path / "low")}))).record
    assert low.residual is not None
    assert low.residual > record.residual


def test_a_run_can_begin_with_an_adapter(tmp_path: Path, tiny_base: Path) -> None:
    first = job(tmp_path / "first", tiny_base, steps=20)
    run(first)
    parent = str(Path(first.out) / "adapter")
    later = job(tmp_path / "later", tiny_base, steps=1, parent_dir=parent)
    assert (
        points(run(later))[0].loss
        < points(run(first.model_copy(update={"out": str(tmp_path / "x")})))[0].loss
    )
    other = job(tmp_path / "other", tiny_base, rank=4, parent_dir=parent)
    with pytest.raises(CannotTrain) as refusal:
        run(other)
    assert refusal.value.code == "training.bad_parent"
    assert refusal.value.detail["rank"] == 8


# --- budgets -------------------------------------------------------------------------------------------------------


def test_the_run_ends_with_the_step_that_used_up_its_tokens(tmp_path: Path, tiny_base: Path) -> None:
    every = points(run(job(tmp_path / "all", tiny_base, steps=6)))
    said = run(job(tmp_path / "some", tiny_base, steps=6, budget_tokens=every[2].tokens))
    assert trained(said).stopped == "tokens"
    assert [point.step for point in points(said)] == [1, 2, 3]
    assert [point.loss for point in points(said)] == [point.loss for point in every[:3]]


class Clock:
    """Ten seconds a look: a step takes as many looks as the watch needs, and no other time passes."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


def watched(monkeypatch: pytest.MonkeyPatch, now: Clock) -> None:
    made = watch.Watch.__init__
    monkeypatch.setattr(watch.Watch, "__init__", partialmethod(made, now=now))


def test_a_step_that_ends_after_the_clock_does_not_count(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        watched(patch, Clock())
        said = run(job(tmp_path / "some", tiny_base, steps=50, budget_seconds=150))
    stopped, record = trained(said).stopped, trained(said).record
    assert stopped == "clock"
    assert 0 < record.steps < 10
    assert record.steps == len(points(said))
    assert record.seconds <= 150
    # Of fifty steps, because the rate falls towards the end of all.
    same = job(tmp_path / "same", tiny_base, steps=50, save_every=1)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "KEPT", 50)
        run(same)
    at_that_step = gone_on_with(same, record.steps, tmp_path / "then")
    run(at_that_step.model_copy(update={"budget": same.budget.model_copy(update={"steps": record.steps})}))
    assert (
        digest(at_that_step)
        == hashlib.sha256((tmp_path / "some/out/adapter" / WEIGHTS).read_bytes()).hexdigest()
    )


def test_the_writing_of_checkpoints_is_not_on_the_clock(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, write = Clock(), checkpoints.write

    def slow(*given: Any) -> None:
        now.now += 100_000
        write(*given)

    watched(monkeypatch, now)
    monkeypatch.setattr(checkpoints, "write", slow)
    said = run(job(tmp_path, tiny_base, save_every=1))
    assert trained(said).stopped == "steps"
    assert points(said)[-1].seconds < 1000


def test_a_race_waits_for_its_start_and_ends_by_its_clock(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go.json"
    now = Clock()
    said: list[Event] = []

    def hear(event: Event) -> None:
        said.append(event)
        if isinstance(event, Ready):
            threading.Timer(0.2, lambda: go.write_text(json.dumps({"stop_at": now.now + 200}))).start()

    with monkeypatch.context() as patch:
        watched(patch, now)
        child.run(job(tmp_path, tiny_base, steps=1000, go_file=str(go)), hear)
    assert trained(said).stopped == "clock"
    assert 0 < len(points(said)) < 20
    assert (tmp_path / "out" / "adapter" / WEIGHTS).exists()


# --- going on ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["lora", "dora"])
def test_whoever_is_stopped_at_any_step_ends_as_if_he_had_not_been(
    tmp_path: Path, tiny_base: Path, method: str
) -> None:
    """Dropout draws random numbers, momentum remembers, and the rate falls: all of it has to come back."""
    whole = job(tmp_path / "whole", tiny_base, method=method, steps=11, dropout=0.2, save_every=1)
    every = points(run(whole))
    seen = []
    one = whole.model_copy(update={"out": str(tmp_path / "0")})
    for number, step in enumerate((2, 3, 7)):
        budget = whole.budget.model_copy(update={"save_every": step})
        said: list[Event] = []

        def hear(event: Event, said: list[Event] = said, step: int = step) -> None:
            said.append(event)
            if isinstance(event, CheckpointWritten) and event.step == step:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            child.run(one.model_copy(update={"budget": budget}), hear)
        seen += points(said)
        one = gone_on_with(one, step, tmp_path / str(number + 1))
    seen += points(run(one))
    same = {"seconds", "tokens_per_second", "memory_bytes"}
    assert [point.model_dump(exclude=same) for point in seen] == [
        point.model_dump(exclude=same) for point in every
    ]
    assert digest(one) == digest(whole)


@pytest.mark.timeout(300)
def test_a_process_that_is_asked_to_end_leaves_a_checkpoint_from_which_it_ends_as_if_it_had_not_been(
    tmp_path: Path, tiny_base: Path
) -> None:
    whole = job(tmp_path / "whole", tiny_base, steps=500, save_every=10)
    one = whole.model_copy(update={"out": str(tmp_path / "one" / "out")})
    Path(one.out).mkdir(parents=True)
    process = tiny.start(one, tmp_path / "one")
    said = tiny.events_of(process, until=lambda event: isinstance(event, CheckpointWritten))
    process.send_signal(signal.SIGTERM)
    said += tiny.events_of(process)
    assert process.returncode == 0
    assert trained(said).stopped == "asked"
    assert not (Path(one.out) / "adapter").exists()
    assert isinstance(said[-2], CheckpointWritten)
    step = trained(said).record.steps
    assert said[-2].step == step < 500
    # Two steps more tell whether anything was lost: of five hundred, because the rate falls towards the end of all.
    said_of_all: list[Event] = []
    ended_early(whole, step + 2, said_of_all)
    said_of_rest: list[Event] = []
    ended_early(gone_on_with(one, step, tmp_path / "rest"), step + 2, said_of_rest)
    rest = points(said_of_rest)
    assert [point.step for point in rest] == [step + 1, step + 2]
    assert [point.loss for point in rest] == [point.loss for point in points(said_of_all)[step:]]


def ended_early(one: TrainJob, step: int, said: list[Event]) -> None:
    def hear(event: Event) -> None:
        said.append(event)
        if event.kind == "point" and event.step == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        child.run(one, hear)


def test_a_run_that_has_no_step_left_only_leaves_its_adapter(tmp_path: Path, tiny_base: Path) -> None:
    whole = job(tmp_path / "whole", tiny_base, steps=4, save_every=4)
    run(whole)
    again = gone_on_with(whole, 4, tmp_path / "again")
    said = run(again)
    assert points(said) == []
    assert trained(said).stopped == "steps"
    assert trained(said).record.final_loss is not None
    assert digest(again) == digest(whole)


def test_a_checkpoint_is_tensors_and_text(tmp_path: Path, tiny_base: Path) -> None:
    one = job(tmp_path, tiny_base, steps=9, save_every=2)
    run(one)
    kept = sorted((Path(one.out) / "checkpoints").iterdir())
    assert [folder.name for folder in kept] == ["4", "6", "8"]
    assert all([file.name for file in folder.iterdir()] == [CHECKPOINT_FILE] for folder in kept)
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    torch.save({"weights": torch.zeros(1)}, pickled / CHECKPOINT_FILE)
    with pytest.raises(Exception, match="header"):
        checkpoints.read(pickled)


# --- what goes wrong -----------------------------------------------------------------------------------------------


def main(one: TrainJob, folder: Path) -> tuple[int, list[Event]]:
    process = tiny.start(one, folder)
    said = tiny.events_of(process)
    return process.returncode, said


@pytest.mark.timeout(300)
def test_a_rate_that_diverges_is_named_with_its_step(tmp_path: Path, tiny_base: Path) -> None:
    code, said = main(job(tmp_path, tiny_base, steps=200, learning_rate=10, weight_decay=1), tmp_path)
    assert code == 0
    reason = refused(said)
    assert reason.refusal.code == "training.diverged"
    assert reason.detail["step"] == len(points(said)) + 1
    assert str(reason.detail["step"]) in reason.refusal.message


def test_a_run_that_needs_more_memory_than_it_may_is_refused_with_its_peak(
    tmp_path: Path, tiny_base: Path
) -> None:
    with pytest.raises(CannotTrain) as refusal:
        run(job(tmp_path, tiny_base, memory_bytes=256 << 20))
    assert refusal.value.code == "training.out_of_memory"
    assert refusal.value.detail["peak_bytes"] > 256 << 20 == refusal.value.detail["limit_bytes"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rank": 17}, "training.rank_too_high"),
        ({"rank": 8, "max_rank": 4}, "training.rank_too_high"),
        ({"rank": 1, "alpha": 9}, "training.alpha_too_high"),
        ({"target_modules": ["q_proj", "w_proj"]}, "training.module_unknown"),
        ({"recipe": "dpo"}, "training.wrong_form"),
    ],
)
def test_numbers_that_cannot_be_trained_with_are_refused_before_the_model_is_loaded(
    tmp_path: Path, tiny_base: Path, changes: dict[str, Any], code: str
) -> None:
    said: list[Event] = []
    with pytest.raises(CannotTrain) as refusal:
        child.run(job(tmp_path, tiny_base, **changes), said.append)
    assert refusal.value.code == code
    assert len(said) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="four bits may be had here")
def test_four_bits_are_refused_where_they_cannot_be_had(tmp_path: Path, tiny_base: Path) -> None:
    with pytest.raises(CannotTrain) as refusal:
        run(job(tmp_path, tiny_base, method="qlora"))
    assert refusal.value.code == "training.method_unavailable"
    assert "a CUDA device" in refusal.value.detail["missing"]


def test_a_disk_that_fills_up_is_nobodys_fault_and_the_last_checkpoint_stays(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, written = os.fsync, []

    def full(file: int) -> None:
        written.append(file)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(file)

    one = job(tmp_path, tiny_base, steps=4, save_every=2)
    (tmp_path / "job.json").write_text(one.model_dump_json())
    monkeypatch.setattr(os, "fsync", full)
    said: list[Event] = []
    monkeypatch.setattr(child, "speaker", lambda: said.append)
    assert child.main(str(tmp_path / "job.json")) == DISK_FULL
    assert [event.step for event in said if isinstance(event, CheckpointWritten)] == [2]
    folders = [folder.name for folder in (Path(one.out) / "checkpoints").iterdir()]
    assert folders == ["2"]
    assert checkpoints.read(Path(one.out) / "checkpoints" / "2").run.step == 2


# --- several processes ---------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
@pytest.mark.parametrize("recipe", ["sft", "dpo"])
def test_two_processes_learn_what_one_does(recipe: RecipeId, tmp_path: Path, tiny_base: Path) -> None:
    rows = CONVERSATIONS if recipe == "sft" else PAIRS

    def to_train(folder: Path, **changes: Any) -> TrainJob:
        return job(folder, tiny_base, rows, recipe=recipe, batch_size=4, steps=6, **changes)

    alone = to_train(tmp_path / "one")
    together = to_train(tmp_path / "two", profile="ddp", processes=2, save_every=3)
    one = points(run(alone))
    process = tiny.start(together, tmp_path / "two", processes=2)
    said = tiny.events_of(process)
    assert process.returncode == 0, (tmp_path / "two" / "stderr.log").read_text()[-2000:]
    two = points(said)
    assert [point.step for point in two] == [1, 2, 3, 4, 5, 6], "one of them speaks"
    assert [point.tokens for point in two] == [point.tokens for point in one]
    assert [point.loss for point in two] == pytest.approx([point.loss for point in one], rel=1e-4)
    assert [point.gradient_norm for point in two] == pytest.approx(
        [point.gradient_norm for point in one], rel=1e-3
    )
    assert trained(said).record.machine["processes"] == 2
    folders = [Path(where.out) / "adapter" / WEIGHTS for where in (alone, together)]
    mine, theirs = map(load_file, folders)
    for name, tensor in mine.items():
        assert torch.allclose(tensor.float(), theirs[name].float(), atol=2e-3)
    assert len(checkpoints.read(Path(together.out) / "checkpoints" / "3").randomness) == 2


@pytest.mark.timeout(300)
def test_several_that_are_asked_to_end_do_so_together(tmp_path: Path, tiny_base: Path) -> None:
    one = job(tmp_path, tiny_base, batch_size=2, steps=100_000, profile="ddp", processes=2)
    process: subprocess.Popen[bytes] = tiny.start(one, tmp_path, processes=2)
    said = tiny.events_of(process, until=lambda event: event.kind == "point")
    process.send_signal(signal.SIGTERM)
    said += tiny.events_of(process)
    assert trained(said).stopped == "asked"
    assert isinstance(said[-2], CheckpointWritten)


def test_a_checkpoint_of_split_weights_is_whole(tmp_path: Path) -> None:
    """As FSDP2 splits them; here over one process."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard, distribute_tensor

    def split(weight: torch.Tensor) -> tuple[torch.nn.Parameter, torch.optim.Optimizer, Any]:
        parameter = torch.nn.Parameter(distribute_tensor(weight, mesh, [Shard(0)]))
        optimizer = torch.optim.AdamW([parameter], lr=0.1)
        return parameter, optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (step + 1))

    def step(parameter: torch.nn.Parameter, optimizer: torch.optim.Optimizer, schedule: Any) -> torch.Tensor:
        parameter.grad = distribute_tensor(torch.ones(4, 3), mesh, [Shard(0)])
        optimizer.step()
        schedule.step()
        assert isinstance(parameter.data, DTensor)
        return parameter.data.full_tensor()

    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1
    )
    try:
        mesh = init_device_mesh("cpu", (1,))
        first = split(torch.arange(12.0).reshape(4, 3))
        step(*first)
        checkpoints.write(tmp_path / "1", checkpoints.Run(step=1), *first[1:])
        second = split(torch.zeros(4, 3))
        checkpoints.read(tmp_path / "1").restore(*second[1:])
        assert torch.equal(step(*first), step(*second))
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_a_machine_without_memory_is_a_verdict_with_its_peak(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise error

    said: list[Event] = []
    monkeypatch.setattr(child, "speaker", lambda: said.append)
    monkeypatch.setattr(child, "train", fail)
    (tmp_path / "job.json").write_text(job(tmp_path, tiny_base).model_dump_json())
    assert child.main(str(tmp_path / "job.json")) == 0
    assert refused(said).refusal.code == "training.out_of_memory"
    assert refused(said).detail["peak_bytes"] > 0
    assert refused(said).detail["hint"] == "batch_size"


def test_what_is_broken_is_not_the_contestants(
    tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Event] = []
    monkeypatch.setattr(child, "speaker", lambda: said.append)
    (tmp_path / "job.json").write_text(job(tmp_path, tmp_path / "no-model").model_dump_json())
    with pytest.raises(OSError, match="no-model"):
        child.main(str(tmp_path / "job.json"))
    assert not [event for event in said if event.kind == "refused"]
