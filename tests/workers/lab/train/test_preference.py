"""The recipes that learn from what is preferred: their losses, what they compare with, and what they measure."""

# ruff: noqa: E402  # the lab's libraries are an optional extra

import dataclasses
import io
import math
from pathlib import Path
from typing import Any

import pytest

for module in ("torch", "peft", "transformers", "trl"):
    pytest.importorskip(module)

import torch
from pydantic import ValidationError

from arena.shows.training import TrainingSpec
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.inspection import inspect_adapter
from tests.support import tiny_recipes, tiny_training
from tests.support.tiny_recipes import JUDGED, PAIRS, kit_of
from tests.support.tiny_training import BASE, points, run, trained
from workers.lab.train import held_out, simpo
from workers.lab.train.recipe import Example, Kit

DATA: dict[str, list[Any]] = {"dpo": PAIRS, "orpo": PAIRS, "simpo": PAIRS, "reward": PAIRS, "kto": JUDGED}


def job(folder: Path, model: Path, recipe: str, **changes: Any) -> Any:
    fields: dict[str, Any] = {"rows": DATA[recipe], "batch_size": 4, "steps": 3, "recipe": recipe}
    return tiny_training.job(folder, model, **(fields | changes))


def log_prob(kit: Kit, prompt: list[int], answer: list[int]) -> float:
    """By the plain forward of the base, one answer at a time."""
    with torch.no_grad(), kit.model.disable_adapter():
        logits = kit.model.get_base_model()(torch.tensor([prompt + answer])).logits[0]
    found = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return float(found[range(len(answer)), answer].sum())


def per_token(kit: Kit, row: Example) -> tuple[float, float]:
    assert row.rejected_ids
    chosen = log_prob(kit, row.prompt_ids, row.answer_ids) / len(row.answer_ids)
    return chosen, log_prob(kit, row.prompt_ids, row.rejected_ids) / len(row.rejected_ids)


@pytest.mark.parametrize("recipe", DATA)
def test_a_run_leaves_an_adapter_that_the_gate_takes(recipe: str, tmp_path: Path, tiny_base: Path) -> None:
    said = run(job(tmp_path, tiny_base, recipe))
    seen = points(said)
    assert [point.step for point in seen] == [1, 2, 3]
    assert all(math.isfinite(point.loss) and point.tokens > 0 for point in seen)
    assert seen[0].tokens < seen[-1].tokens
    assert "margin" in seen[0].extra
    assert trained(said).stopped == "steps"
    made = tmp_path / "out" / "adapter"
    verdict = inspect_adapter(
        (made / CONFIG).read_bytes(),
        io.BytesIO((made / WEIGHTS).read_bytes()),
        BASE,
        max_rank=16,
        max_bytes=1 << 20,
    )
    assert verdict.refusal is None


@pytest.mark.parametrize("recipe", DATA)
def test_only_the_adapter_changes(recipe: str, tmp_path: Path, tiny_base: Path) -> None:
    made, kit = kit_of(job(tmp_path, tiny_base, recipe))
    before = {name: one.detach().clone() for name, one in kit.model.named_parameters()}
    made.trainer(kit).train()
    changed = {name for name, one in kit.model.named_parameters() if not torch.equal(one, before[name])}
    assert changed
    assert all(".default." in name for name in changed)


def test_dpo_begins_at_the_logarithm_of_two(tmp_path: Path, tiny_base: Path) -> None:
    assert points(run(job(tmp_path, tiny_base, "dpo")))[0].loss == pytest.approx(math.log(2), abs=1e-5)


def test_kto_begins_in_the_middle_and_both_kinds_weigh_as_much(tmp_path: Path, tiny_base: Path) -> None:
    even = points(run(job(tmp_path / "even", tiny_base, "kto")))
    assert even[0].loss == pytest.approx(0.5, abs=1e-5)
    rows = [*JUDGED[:3], tiny_recipes.judged("six", "a sixth", True)]
    uneven = points(run(job(tmp_path / "uneven", tiny_base, "kto", rows=rows)))
    # three wanted rows at 1/2, and the unwanted one at 3/2
    assert uneven[0].loss == pytest.approx((3 * 0.5 + 3 * 0.5) / 4, abs=1e-5)


def test_kto_sets_answers_against_strange_prompts(tmp_path: Path, tiny_base: Path) -> None:
    made, kit = kit_of(job(tmp_path, tiny_base, "kto"))
    batch = next(iter(made.trainer(kit).get_train_dataloader()))
    answers = {tuple(row.answer_ids): row.number for row in kit.rows}
    prompts = {tuple(row.prompt_ids): row.number for row in kit.rows}

    def numbers(prefix: str) -> list[tuple[int, int]]:
        found = []
        for ids, mask, answer in zip(
            batch[f"{prefix}input_ids"],
            batch[f"{prefix}attention_mask"],
            batch[f"{prefix}completion_mask"],
            strict=True,
        ):
            there = mask.bool()
            prompt = tuple(ids[there & ~answer.bool()].tolist())
            found.append((prompts[prompt], answers[tuple(ids[answer.bool()].tolist())]))
        return found

    assert all(prompt == answer for prompt, answer in numbers(""))
    strange = numbers("KL_")
    assert all(prompt != answer for prompt, answer in strange)
    assert {answer for _, answer in strange} == {1, 2, 3, 4}


def test_orpo_is_what_its_paper_says(tmp_path: Path, tiny_base: Path) -> None:
    one = job(tmp_path, tiny_base, "orpo", beta=0.3)
    _, kit = kit_of(one)

    def odds(mean: float) -> float:
        return mean - math.log1p(-math.exp(mean))

    ratios = [odds(chosen) - odds(rejected) for chosen, rejected in (per_token(kit, row) for row in kit.rows)]
    answers = [(row.prompt_ids, row.answer_ids) for row in kit.rows]
    nll = -sum(log_prob(kit, *row) for row in answers) / sum(len(answer) for _, answer in answers)
    wanted = nll + 0.3 * sum(math.log1p(math.exp(-ratio)) for ratio in ratios) / len(ratios)
    assert points(run(one))[0].loss == pytest.approx(wanted, rel=1e-4)


def test_simpo_is_what_its_paper_says(tmp_path: Path, tiny_base: Path) -> None:
    one = job(tmp_path, tiny_base, "simpo", beta=2.0)
    _, kit = kit_of(one)
    margins = [
        2.0 * (chosen - rejected) - simpo.GAMMA for chosen, rejected in (per_token(kit, r) for r in kit.rows)
    ]
    wanted = sum(math.log1p(math.exp(-margin)) for margin in margins) / len(margins)
    assert points(run(one))[0].loss == pytest.approx(wanted, rel=1e-4)


def test_a_reward_model_scores_by_its_end_token(tmp_path: Path, tiny_base: Path) -> None:
    one = job(tmp_path, tiny_base, "reward", steps=20)
    _, kit = kit_of(one)
    margins = []
    for row in kit.rows:
        assert row.rejected_ids
        end = row.answer_ids[-1:]
        chosen = log_prob(kit, row.prompt_ids + row.answer_ids, end)
        margins.append(chosen - log_prob(kit, row.prompt_ids + row.rejected_ids, end))
    seen = points(run(one))
    assert seen[0].loss == pytest.approx(sum(math.log1p(math.exp(-m)) for m in margins) / 4, rel=1e-4)
    assert seen[-1].extra["accuracy"] == 1
    assert seen[-1].loss < seen[0].loss


# --- the reference ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    folder = tmp_path_factory.mktemp("parent")
    run(tiny_training.job(folder, tiny_base, steps=6))
    return folder / "out" / "adapter"


@pytest.mark.parametrize(("recipe", "loss"), [("dpo", math.log(2)), ("kto", 0.5)])
def test_with_a_parent_the_parent_is_the_reference(
    recipe: str, loss: float, parent: Path, tmp_path: Path, tiny_base: Path
) -> None:
    seen = points(run(job(tmp_path, tiny_base, recipe, parent_dir=str(parent))))
    assert seen[0].loss == pytest.approx(loss, abs=1e-5)
    assert seen[-1].loss != pytest.approx(loss, abs=1e-4)


@pytest.mark.parametrize("has_parent", [False, True])
@pytest.mark.parametrize("recipe", ["dpo", "kto", "orpo"])
def test_a_run_that_goes_on_still_has_its_first_reference(
    recipe: str, has_parent: bool, parent: Path, tmp_path: Path, tiny_base: Path
) -> None:
    begins = {"parent_dir": str(parent)} if has_parent else {}
    whole = points(run(job(tmp_path / "whole", tiny_base, recipe, steps=4, batch_size=2, **begins)))
    half = job(tmp_path / "half", tiny_base, recipe, steps=4, batch_size=2, save_every=2, **begins)
    run(half)
    checkpoint = tmp_path / "half" / "out" / "checkpoints" / "2"
    rest = job(
        tmp_path / "rest", tiny_base, recipe, steps=4, batch_size=2, resume_dir=str(checkpoint), **begins
    )
    assert [point.loss for point in points(run(rest))] == [point.loss for point in whole[2:]]


# --- rows that are kept out -----------------------------------------------------------------------------------------


def example(number: int, label: bool | None = None) -> Example:
    return Example(number=number, prompt_ids=[2], answer_ids=[5, 1], prompt="", answer="", label=label)


@pytest.mark.parametrize(("rows", "kept"), [(1, 0), (19, 0), (20, 4), (100, 10), (2000, 64)])
def test_a_tenth_is_kept_out_and_every_row_is_somewhere(rows: int, kept: int) -> None:
    all_rows = [example(number) for number in range(1, rows + 1)]
    trained_on, out = held_out.split(all_rows, seed=3)
    assert len(out) == kept
    assert sorted(row.number for row in [*trained_on, *out]) == list(range(1, rows + 1))
    assert held_out.split(all_rows, seed=3) == (trained_on, out)
    if kept:
        assert held_out.split(all_rows, seed=4)[1] != out


def test_of_few_unwanted_answers_none_is_lost() -> None:
    rows = [example(number, label=number > 5) for number in range(1, 106)]
    trained_on, out = held_out.split_by_label(rows, seed=0)
    assert {row.number for row in trained_on} >= {1, 2, 3, 4, 5}
    assert len(out) == 10


def test_margins_are_those_of_the_plain_model_and_grow(tmp_path: Path, tiny_base: Path) -> None:
    rows = [tiny_recipes.pair(f"number {n}", f"yes {n}", f"no, never {n}") for n in range(40)]
    one = job(tmp_path, tiny_base, "dpo", rows=rows, steps=20)
    made, kit = kit_of(one)
    assert made.measure is not None
    made.trainer(kit)
    found = made.measure(kit)
    both = [per_token(kit, row) for row in kit.held_out]
    assert len(both) == 4
    assert found["margin_per_token"] == pytest.approx(sum(c - r for c, r in both) / 4, rel=1e-4)
    assert found["accuracy"] == sum(c > r for c, r in both) / 4
    record = trained(run(one)).record
    assert record.held_out["margin_before"] == pytest.approx(found["margin"], rel=1e-5)
    assert record.held_out["margin_after"] > record.held_out["margin_before"]


def test_supervised_training_measures_its_loss_on_rows_kept_out(tmp_path: Path, tiny_base: Path) -> None:
    rows = [tiny_training.asked(f"number {n}", f"yes {n}") for n in range(20)]
    record = trained(run(tiny_training.job(tmp_path, tiny_base, rows, steps=8))).record
    assert record.rows == 20
    assert record.held_out["loss_after"] < record.held_out["loss_before"]


# --- the numbers, and the libraries ---------------------------------------------------------------------------------


def test_kto_needs_two_rows_to_set_against_each_other() -> None:
    with pytest.raises(ValidationError, match="kto sets rows against each other"):
        TrainingSpec(recipe="kto", batch_size=2, processes=2, profile="ddp")


def test_trl_still_has_what_our_recipes_stand_on() -> None:
    import trl
    from trl.experimental import cpo
    from trl.experimental import orpo as odds
    from trl.trainer import utils
    from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

    common = {
        "disable_dropout",
        "beta",
        "output_dir",
        "gradient_checkpointing",
        "bf16",
        "remove_unused_columns",
    }
    grouped = {"num_generations", "max_completion_length", "temperature", "top_k", "top_p", "num_iterations"}
    stands_on: list[tuple[Any, set[str], Any, set[str]]] = [
        (trl.DPOConfig, {"loss_type", "max_length"}, trl.DPOTrainer, {"_prepare_dataset"}),
        (
            trl.KTOConfig,
            {"loss_type", "max_length", "desirable_weight", "undesirable_weight", "train_sampling_strategy"},
            trl.KTOTrainer,
            {"_prepare_dataset", "_get_train_sampler"},
        ),
        (odds.ORPOConfig, {"max_length"}, odds.ORPOTrainer, {"concatenated_forward", "odds_ratio_loss"}),
        (
            cpo.CPOConfig,
            {"loss_type", "cpo_alpha", "simpo_gamma", "max_length"},
            cpo.CPOTrainer,
            {"concatenated_forward", "cpo_loss"},
        ),
        (
            trl.GRPOConfig,
            {*grouped, "loss_type", "scale_rewards"},
            trl.GRPOTrainer,
            {"_tokenize_prompts", "_get_train_sampler"},
        ),
        (
            trl.RLOOConfig,
            grouped,
            trl.RLOOTrainer,
            {"_tokenize_prompts", "_get_train_sampler"},
        ),
    ]
    for config, fields, trainer, methods in stands_on:
        known = {field.name for field in dataclasses.fields(config)}
        assert fields | common <= known, config
        assert all(callable(getattr(trainer, method, None)) for method in methods), trainer
    output = {field.name for field in dataclasses.fields(utils.FusedCausalLMOutput)}
    assert {"log_probs", "entropy", "mean_logits", "is_top1", "label_mask"} <= output
    assert callable(utils.use_adapter)
    assert callable(utils.disable_dropout_in_model)
    assert callable(DataCollatorForUnpairedPreference.torch_call)
