"""The nearest that ms-swift can do: only arguments that it has."""

import re
from typing import Any

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import FORM, Budget, TrainingSpec
from arena.training.commands import Recipe, gavel, swift

KNOWN = {
    "rlhf_type", "ref_adapters", "beta", "max_completion_length", "num_generations", "reward_funcs",
    "advantage_estimator", "tuner_type", "adapters", "external_plugins", "model", "torch_dtype", "dataset", "data_seed",
    "quant_method", "quant_bits", "use_chat_template", "max_length", "target_modules", "lora_rank", "lora_alpha",
    "lora_dropout", "use_rslora", "use_dora", "seed", "learning_rate", "per_device_train_batch_size",
    "gradient_accumulation_steps", "max_steps", "warmup_steps", "weight_decay", "save_steps", "output_dir", "deepspeed",
    "fsdp",
}  # fmt: skip
"""Of ms-swift 4.6: `swift/arguments/rlhf_args.py`, `base_args/*`, `tuner_args.py`, `sft_args.py`, and of the
transformers trainer that it hands the rest to."""
RLHF_TYPES = {"dpo", "orpo", "simpo", "kto", "cpo", "rm", "ppo", "grpo", "gkd"}


def recipe(**spec: Any) -> Recipe:
    wanted = TrainingSpec(**spec)
    return Recipe(
        spec=wanted,
        budget=Budget(),
        dtype="bfloat16",
        max_rank=16,
        base_model=HOUSE_MODEL.id,
        base_digest=None,
        data="0" * 64,
        form=FORM[wanted.recipe],
        parent=None,
        template=HOUSE_MODEL.template,
        libraries={},
    )


def options(command: str) -> dict[str, str]:
    """By name what is said; fails on an option that is said twice."""
    flat = command.replace("\\\n", " ")
    found = re.findall(r"--([a-z_]+) ((?:(?!--).)*)", flat)
    assert len({name for name, _ in found}) == len(found)
    return {name: value.strip() for name, value in found}


@pytest.mark.parametrize("asked", [name for name in FORM if name != "ppo"])
def test_every_recipe_is_said_in_arguments_that_swift_has(asked: Any) -> None:
    command, _ = swift(recipe(recipe=asked), HOUSE_MODEL)
    assert command is not None
    said = options(command)
    assert set(said) <= KNOWN
    assert command.startswith("swift sft " if asked == "sft" else "swift rlhf ")
    assert said.get("rlhf_type", "dpo") in RLHF_TYPES
    assert said["tuner_type"] == "lora"


def test_it_says_the_numbers_of_the_run() -> None:
    asked = recipe(recipe="dpo", method="rslora", rank=4, alpha=8, beta=0.3, learning_rate=1e-5, seed=5)
    said = options(swift(asked, HOUSE_MODEL)[0] or "")
    assert (said["rlhf_type"], said["lora_rank"], said["lora_alpha"], said["beta"]) == (
        "dpo",
        "4",
        "8",
        "0.3",
    )
    assert (said["use_rslora"], said["learning_rate"], said["seed"]) == ("true", "1e-05", "5")
    assert said["target_modules"] == "q_proj v_proj"
    assert said["max_steps"] == str(Budget().steps)


def test_several_processes_share_the_batch() -> None:
    command = swift(recipe(profile="zero2", processes=2, batch_size=8), HOUSE_MODEL)[0] or ""
    assert command.startswith("NPROC_PER_NODE=2 swift sft ")
    said = options(command)
    assert (said["deepspeed"], said["per_device_train_batch_size"]) == ("zero2", "4")


def test_who_begins_with_an_adapter_compares_with_it() -> None:
    parent = recipe(recipe="dpo").model_copy(update={"parent": "f" * 64})
    said = options(swift(parent, HOUSE_MODEL)[0] or "")
    assert (said["adapters"], said["ref_adapters"]) == ("parent", "parent")
    assert gavel(parent) == "gavel train recipe.json --data data.jsonl --parent parent --out adapter"


def test_what_swift_cannot_do_is_not_pretended() -> None:
    assert swift(recipe(recipe="ppo"), HOUSE_MODEL) == (None, [])
    assert "verifier" in swift(recipe(recipe="grpo"), HOUSE_MODEL)[1]
    assert "converted" in swift(recipe(method="dora"), HOUSE_MODEL)[1]
    assert "pairs" in swift(recipe(recipe="dpo"), HOUSE_MODEL)[1]
