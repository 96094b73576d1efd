"""What a recipe is: from everything that a run has to a trainer. One file for each id of `RecipeId`, named like it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from transformers import PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainerCallback

from arena.shows.base_models import BaseModel
from arena.shows.training import Budget, RecipeId, TrainingSpec
from arena.training.faults import CODES

IGNORED = -100
"""Label of a position that carries no loss."""


class CannotTrain(Exception):
    """What the contestant gave cannot be trained. `code` is one of `faults.CODES`; `detail` is numbers and names,
    never contents."""

    def __init__(self, code: str, message: str, **detail: Any) -> None:
        if code not in CODES:
            raise ValueError(f"{code} is no registered refusal")
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


@dataclass(frozen=True)
class Example:
    """One row of any form, as token ids in the base's one frozen template. An answer ends with the end token."""

    number: int
    """Its line in the data set, from 1."""
    prompt_ids: list[int]
    """BOS, the conversation so far and the frame of what is asked now. Carries no loss."""
    answer_ids: list[int]
    """The last answer; `chosen` of a preference, `completion` of KTO."""
    prompt: str
    """The rendered text of `prompt_ids`, without BOS."""
    answer: str
    rejected_ids: list[int] | None = None
    """Of a preference."""
    label: bool | None = None
    """Of KTO."""

    @property
    def tokens(self) -> int:
        """Of its longest reading."""
        return len(self.prompt_ids) + max(len(self.answer_ids), len(self.rejected_ids or ()))


@dataclass(frozen=True)
class Kit:
    """Everything that a recipe gets."""

    spec: TrainingSpec
    budget: Budget
    base: BaseModel
    model: PreTrainedModel
    """A PeftModel already; what is trained (adapter `default`) is float32, the rest is frozen."""
    tokenizer: PreTrainedTokenizerBase
    rows: Sequence[Example]
    out: Path
    callbacks: list[TrainerCallback]
    arguments: Mapping[str, Any]
    """For the trainer's TrainingArguments: seed, rate, schedule, batch, precision, and nothing reported or saved."""
    held_out: Sequence[Example] = field(default=())
    """Rows that `Recipe.split` kept out of training."""
    parent: Path | None = None
    """Folder of the adapter that training began with (it is loaded into `model` already): the reference, if any."""

    def refuse(self, code: str, message: str, **detail: Any) -> NoReturn:
        raise CannotTrain(code, message, **detail)


def everything(rows: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    return list(rows), []


@dataclass(frozen=True)
class Recipe:
    trainer: Callable[[Kit], Trainer]
    """Refuses rows that it cannot learn from, with `Kit.refuse`. Everything after it, the loop, budgets, checkpoints,
    is the same for all recipes, so a trainer of our own is a `transformers.Trainer`, too."""
    split: Callable[[Sequence[Example], int], tuple[list[Example], list[Example]]] = everything
    """Rows and seed → what is trained on, and what is kept out for `measure`."""
    measure: Callable[[Kit], dict[str, float]] | None = None
    """Of `Kit.held_out` by the model as it is: `margin`, `loss`. Asked before and after."""


def recipe_of(name: RecipeId) -> Recipe:
    """Each file ends with its `RECIPE`. Only the one that is wanted is imported: trainers are slow to."""
    found = import_module(f"workers.lab.train.{name}").RECIPE
    assert isinstance(found, Recipe)
    return found
