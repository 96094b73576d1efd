"""A run as something to do again: its recipe, our command line, and the nearest that ms-swift can do.

The names of ms-swift's arguments are those of its version 4 (`swift/arguments/*`). What it does otherwise is remarked,
not hidden.
"""

import shlex
from collections.abc import Mapping
from typing import Any, Literal

from arena.kit.schemas import Contract
from arena.shows.base_models import BaseModel
from arena.shows.training import REINFORCED, Budget, RecipeId, TrainingSpec
from arena.submissions.datasets.contracts import Form
from arena.training.contracts import Sha256

DATA, PARENT, OUT = "data.jsonl", "parent", "adapter"
"""As files and folders are called in a command."""

Remark = Literal["template", "pairs", "labels", "verifier", "converted", "schedule"]
"""`template`: rows have to be written in the base's frozen frame first, as swift is told to use none of its own.
`pairs`, `labels`: the rows of our form have to be renamed to swift's. `verifier`: the reward is a plugin of one's own.
`converted`: swift leaves a DoRA as it is, which engines do not serve. `schedule`: its rate ends at zero."""


class Recipe(Contract):
    """All that decides the weights, beside the libraries."""

    spec: TrainingSpec
    budget: Budget
    dtype: Literal["bfloat16", "float32"]
    max_rank: int
    base_model: str
    base_digest: str | None
    """None: the run has not begun."""
    data: Sha256
    form: Form
    parent: str | None
    """Digest of the adapter that it begins with."""
    template: str
    libraries: dict[str, str]


def gavel(recipe: Recipe) -> str:
    """With this platform, in a folder that holds the recipe and the data set."""
    parent = ["--parent", PARENT] if recipe.parent else []
    return shlex.join(["gavel", "train", "recipe.json", "--data", DATA, *parent, "--out", OUT])


RLHF: Mapping[RecipeId, str] = {
    "dpo": "dpo",
    "kto": "kto",
    "orpo": "orpo",
    "simpo": "simpo",
    "reward": "rm",
    "grpo": "grpo",
    "rloo": "grpo",
}
"""What ms-swift calls the recipes that it has beside `sft`. Its PPO wants a reward model where ours has a verifier."""


def swift(recipe: Recipe, base: BaseModel) -> tuple[str | None, list[Remark]]:
    """The command, one option a line; None for what ms-swift cannot do."""
    spec, budget = recipe.spec, recipe.budget
    if spec.recipe == "sft":
        words, options = "swift sft", dict[str, Any]()
    elif spec.recipe in RLHF:
        words, options = "swift rlhf", {"rlhf_type": RLHF[spec.recipe]}
    else:
        return None, []
    options |= {
        "model": f"./{base.id}",
        "tuner_type": "lora",
        "dataset": DATA,
        "use_chat_template": False,
        "torch_dtype": recipe.dtype,
        "lora_rank": spec.rank,
        "lora_alpha": spec.alpha,
        "lora_dropout": spec.dropout,
        "target_modules": list(spec.target_modules),
        **_METHOD.get(spec.method, {}),
        **(_start(spec) if recipe.parent else {}),
        "learning_rate": spec.learning_rate,
        "per_device_train_batch_size": spec.batch_size // spec.processes,
        "gradient_accumulation_steps": 1,
        "max_steps": budget.steps,
        "warmup_steps": spec.warmup_steps,
        "weight_decay": spec.weight_decay,
        "max_length": spec.max_length,
        "seed": spec.seed,
        "data_seed": spec.seed,
        "save_steps": budget.save_every,
        **_recipe(spec),
        **_PROFILE.get(spec.profile, {}),
        "output_dir": OUT,
    }
    asked = [f"--{name} {_said(value)}" for name, value in options.items()]
    prefix = f"NPROC_PER_NODE={spec.processes} " if spec.processes > 1 else ""
    return " \\\n    ".join([prefix + words, *asked]), _remarks(recipe)


_METHOD: Mapping[str, dict[str, Any]] = {
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "qlora": {"quant_method": "bnb", "quant_bits": 4},
}
_PROFILE: Mapping[str, dict[str, Any]] = {
    "fsdp2": {"fsdp": "fsdp2"},
    "zero2": {"deepspeed": "zero2"},
    "zero3": {"deepspeed": "zero3"},
}


def _start(spec: TrainingSpec) -> dict[str, Any]:
    """What compares with a reference compares with what it began with."""
    with_reference = spec.recipe in ("dpo", "kto", "grpo", "rloo")
    return {"adapters": PARENT} | ({"ref_adapters": PARENT} if with_reference else {})


def _recipe(spec: TrainingSpec) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if spec.recipe not in ("sft", "reward"):
        options["beta"] = spec.beta
    if spec.recipe in REINFORCED:
        options |= {
            "num_generations": spec.generations,
            "max_completion_length": spec.answer_tokens,
            "external_plugins": "verifier.py",
            "reward_funcs": spec.verifier,
        }
    if spec.recipe == "rloo":
        options["advantage_estimator"] = "rloo"
    return options


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(shlex.quote(one) for one in value)
    return shlex.quote(str(value))


def _remarks(recipe: Recipe) -> list[Remark]:
    remarks: list[Remark] = ["template", "schedule"]
    if recipe.form == "preference":
        remarks.append("pairs")
    if recipe.form == "kto":
        remarks.append("labels")
    if recipe.spec.recipe in REINFORCED:
        remarks.append("verifier")
    if recipe.spec.method == "dora":
        remarks.append("converted")
    return remarks
