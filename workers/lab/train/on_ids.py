"""How we hand our rows to TRL: as token ids, in the run's own order. No template of a library ever touches a text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file
from torch.utils.data import Sampler
from transformers import Trainer

from workers.lab.train.answers import answer_head
from workers.lab.train.data import Order
from workers.lab.train.methods import TRAINED
from workers.lab.train.recipe import Kit

REFERENCE = "ref"
"""What TRL calls the frozen adapter that it compares with."""


class OnIds:
    """Stands before a TRL trainer among the bases of a class of ours."""

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        return dataset


class InOrder:
    """The same for trainers that would take rows in an order of their own."""

    order: Sampler[int]

    def _get_train_sampler(self, *_: Any) -> Sampler[int]:
        return self.order


def arguments(kit: Kit, **more: Any) -> dict[str, Any]:
    """Of every trainer here. Dropout is off: all of them compare log-probabilities, which it would blur."""
    return {
        "output_dir": str(kit.out),
        "gradient_checkpointing": False,
        "bf16": False,
        "disable_dropout": True,
        **kit.arguments,
        **more,
    }


def ready(trainer: Any, kit: Kit) -> Trainer:
    """What each of our trainers gets after TRL has made it."""
    answer_head(trainer.model)
    _hold(trainer.model, kit.parent)
    assert isinstance(trainer, Trainer)
    return trainer


def in_order(kit: Kit, times: int = 1) -> Sampler[int]:
    """The run's order; `times` answers to each prompt are compared with each other and follow one another."""
    lengths = [row.tokens for row in kit.rows]
    rows = Order(lengths, kit.spec.batch_size // times, kit.spec.seed, kit.budget.steps)
    return Repeated(rows, times) if times > 1 else rows


class Repeated(Sampler[int]):  # type: ignore[misc]  # torch is not read by mypy
    def __init__(self, order: Order, times: int) -> None:
        self._order, self._times = order, times

    def __len__(self) -> int:
        return len(self._order) * self._times

    def __iter__(self) -> Iterator[int]:
        return (index for index in self._order for _ in range(self._times))


def _hold(model: PeftModel, parent: Path | None) -> None:
    """TRL keeps what the adapter is now as its reference, which after a resume would be one that is trained already.
    The reference is the parent, or without one the base itself."""
    if REFERENCE not in model.peft_config:
        return
    if parent is None:
        model.delete_adapter(REFERENCE)
        model.set_adapter(TRAINED)
    else:
        set_peft_model_state_dict(model, load_file(parent / "adapter_model.safetensors"), REFERENCE)
