"""A checkpoint: one safetensors file with everything that goes on, and nothing that could be run when it is read.

Kept are the tensors that the optimiser moves, in its own order, and its moments; beside them as JSON the schedule, the
random numbers of every process and how far the run is. The base is not in it: it does not change. Names would not help,
because what a recipe trains beside the adapter (a value head) has none in the model; the order is that of the recipe.
"""

import base64
import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from arena.training.contracts import CHECKPOINT_FILE

FORMAT = 1
KEPT = 3
"""On disk: whoever carries them away may be one or two behind."""
LAST = 10
"""Of the last so many steps the final loss is the mean."""


@dataclass
class Run:
    """How far a run is, all attempts together."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    first_loss: float | None = None
    last_losses: list[float] = field(default_factory=list)
    held_out: dict[str, float] = field(default_factory=dict)
    """As measured before the first step."""

    def took(self, step: int, loss: float) -> None:
        self.step = step
        self.first_loss = loss if self.first_loss is None else self.first_loss
        self.last_losses = [*self.last_losses, loss][-LAST:]

    @property
    def final_loss(self) -> float | None:
        return sum(self.last_losses) / len(self.last_losses) if self.last_losses else None


@dataclass(frozen=True)
class Checkpoint:
    run: Run
    tensors: dict[str, torch.Tensor]
    schedule: dict[str, Any]
    rates: list[float]
    """Of the optimiser's groups."""
    randomness: list[dict[str, Any]]
    """Of each process."""

    def restore(self, optimizer: Optimizer, schedule: LRScheduler) -> None:
        """Give back weights, moments and schedule. Raises ValueError when they are those of another run."""
        parameters = list(_trained(optimizer))
        if len(parameters) != sum(name.endswith(".weight") for name in self.tensors):
            raise ValueError("the checkpoint holds another number of weights")
        for number, parameter in parameters:
            weight = self.tensors[f"{number}.weight"]
            if weight.shape != parameter.shape:
                raise ValueError(f"weight {number} of the checkpoint has another shape")
            with torch.no_grad():
                parameter.copy_(_laid_out_like(parameter, weight))
            moments = {
                name.split(".", 1)[1]: _laid_out_like(parameter, tensor)
                for name, tensor in self.tensors.items()
                if name.startswith(f"{number}.") and not name.endswith(".weight")
            }
            if moments:
                optimizer.state[parameter] = moments
        schedule.load_state_dict(self.schedule)
        for group, rate in zip(optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate

    def restore_randomness(self) -> None:
        """Under another number of processes everybody goes on with the first one's."""
        _set_randomness(self.randomness[_rank() % len(self.randomness)])


def write(folder: Path, run: Run, optimizer: Optimizer, schedule: LRScheduler) -> None:
    """Write a checkpoint into `folder`, all of it or nothing, and drop the oldest of its neighbours. Every process
    calls this; the first one writes. Raises OSError, and then the neighbours are all there.
    """
    randomness = [_randomness()]
    if _processes() > 1:
        randomness = [{}] * _processes()
        torch.distributed.all_gather_object(randomness, _randomness())
    tensors: dict[str, torch.Tensor] = {}
    for number, parameter in _trained(optimizer):
        tensors[f"{number}.weight"] = parameter
        tensors |= {f"{number}.{name}": value for name, value in optimizer.state.get(parameter, {}).items()}
    said = {
        "format": FORMAT,
        "run": asdict(run),
        "schedule": schedule.state_dict(),
        "rates": [float(group["lr"]) for group in optimizer.param_groups],
        "randomness": randomness,
    }
    plain = {name: whole(tensor).cpu().contiguous() for name, tensor in tensors.items()}
    if _rank() != 0:
        return
    write_whole(folder, {CHECKPOINT_FILE: save(plain, {"checkpoint": json.dumps(said)})})
    by_step = sorted((int(one.name), one) for one in folder.parent.iterdir() if one.name.isdigit())
    for _step, old in by_step[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def write_whole(folder: Path, files: dict[str, bytes]) -> None:
    """A folder appears under its name with all of its files, or not at all. Raises OSError."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        for name, content in files.items():
            with (unfinished / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read(folder: Path) -> Checkpoint:
    """Raises ValueError (or what safetensors raises) for a file that we did not write."""
    with safe_open(folder / CHECKPOINT_FILE, "pt") as file:
        said = json.loads((file.metadata() or {}).get("checkpoint", "{}"))
        if said.get("format") != FORMAT:
            raise ValueError("not a checkpoint of this trainer")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    return Checkpoint(Run(**said["run"]), tensors, said["schedule"], said["rates"], said["randomness"])


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """All of a tensor that may be split over processes. Every process calls this."""
    plain = tensor.detach()
    return plain.full_tensor() if isinstance(plain, DTensor) else plain


def _laid_out_like(parameter: torch.Tensor, plain: torch.Tensor) -> torch.Tensor:
    """As the optimiser wants it: beside its parameter, and split like it; its count of steps stays where it is."""
    if not plain.dim():
        return plain
    if isinstance(parameter, DTensor):
        return distribute_tensor(plain.to(parameter.device), parameter.device_mesh, parameter.placements)
    return plain.to(parameter.device)


def _trained(optimizer: Optimizer) -> Iterator[tuple[int, torch.nn.Parameter]]:
    return enumerate(parameter for group in optimizer.param_groups for parameter in group["params"])


# --- random numbers -----------------------------------------------------------------------------------------------


def _randomness() -> dict[str, Any]:
    _, words, place, has_gauss, gauss = np.random.get_state(legacy=True)
    found: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": [np.asarray(words).tolist(), place, has_gauss, gauss],
        "torch": _text(torch.get_rng_state()),
    }
    if torch.cuda.is_available():
        found["cuda"] = _text(torch.cuda.get_rng_state())
    return found


def _set_randomness(found: dict[str, Any]) -> None:
    edition, words, gauss = found["python"]
    random.setstate((edition, tuple(words), gauss))
    np.random.set_state(("MT19937", np.array(found["numpy"][0], dtype=np.uint32), *found["numpy"][1:]))
    torch.set_rng_state(_tensor(found["torch"]))
    if torch.cuda.is_available() and "cuda" in found:
        torch.cuda.set_rng_state(_tensor(found["cuda"]))


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode("ascii")


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)


def _processes() -> int:
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


def _rank() -> int:
    return torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
