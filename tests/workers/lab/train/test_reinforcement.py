"""The recipes that learn from answers of their own: what they are shown, how they are judged, that they get better."""

# ruff: noqa: E402  # the lab's libraries are an optional extra

import math
from pathlib import Path
from typing import Any

import pytest

for module in ("torch", "peft", "transformers", "trl"):
    pytest.importorskip(module)

import torch

from arena.shows.training import REINFORCED, Verifier
from tests.support import tiny_training
from tests.support.tiny_recipes import kit_of
from tests.support.tiny_training import BASE, BOS, asked, points, run, trained
from workers.lab.train import ppo, rollouts, verifiers
from workers.lab.train.recipe import CannotTrain

T = torch.tensor


def job(folder: Path, model: Path, recipe: str, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "recipe": recipe,
        "batch_size": 4,
        "generations": 2,
        "answer_tokens": 6,
        "steps": 2,
    }
    return tiny_training.job(folder, model, **(fields | changes))


@pytest.mark.parametrize("recipe", REINFORCED)
def test_a_run_learns_in_the_adapter_alone(recipe: str, tmp_path: Path, tiny_base: Path) -> None:
    made, kit = kit_of(job(tmp_path, tiny_base, recipe, verifier="format"))
    trainer = made.trainer(kit)
    before = {name: one.detach().clone() for name, one in kit.model.named_parameters()}
    trainer.train()
    changed = {name for name, one in kit.model.named_parameters() if not torch.equal(one, before[name])}
    # PPO's value head goes along, and stays behind.
    assert {name for name in changed if ".default." not in name} <= {
        f"base_model.model.value_head.{part}" for part in ("weight", "bias")
    }
    said = run(job(tmp_path / "again", tiny_base, recipe, verifier="format"))
    assert all(math.isfinite(point.loss) and point.tokens > 0 for point in points(said))
    assert {"reward", "kl", "answer_tokens"} <= points(said)[0].extra.keys()
    assert points(said)[0].extra["kl"] == pytest.approx(0, abs=1e-5)
    assert trained(said).stopped == "steps"
    assert (tmp_path / "again" / "out" / "adapter").is_dir()


@pytest.mark.parametrize("recipe", REINFORCED)
def test_the_model_is_shown_our_ids_and_nothing_else(
    recipe: str, tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, kit = kit_of(job(tmp_path, tiny_base, recipe, steps=1))
    shown: list[tuple[int, ...]] = []
    generate = kit.model.generate

    def look(**given: Any) -> Any:
        for ids, mask in zip(given["input_ids"], given["attention_mask"], strict=True):
            shown.append(tuple(ids[mask.bool()].tolist()))
        return generate(**given)

    monkeypatch.setattr(kit.model, "generate", look)
    made.trainer(kit).train()
    ours = {tuple(row.prompt_ids) for row in kit.rows}
    assert len(shown) == 4
    assert set(shown) <= ours
    assert all(ids.count(BOS) == 1 and ids[0] == BOS for ids in shown)
    if recipe != "ppo":
        assert shown[0] == shown[1] and shown[2] == shown[3] and shown[0] != shown[2]


@pytest.fixture(scope="module")
def sure_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With random weights this small, every word is about as likely whatever the layers say; here they are heard."""
    folder = tiny_training.save_tiny_base(tmp_path_factory.mktemp("sure"))
    model = tiny_training.tiny_model()
    with torch.no_grad():
        model.get_input_embeddings().weight *= 20
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("recipe", REINFORCED)
def test_what_is_rewarded_becomes_more(
    recipe: str, tmp_path: Path, sure_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def early_letters(verifier: Verifier, written: str, wanted: str, base: Any) -> float:
        letters = written.replace(" ", "")
        return sum(letter < "P" for letter in letters) / max(1, len(letters))

    monkeypatch.setattr(rollouts, "reward", early_letters)
    size = {"batch_size": 16, "generations": 8, "answer_tokens": 3, "steps": 10, "beta": 0.01}
    seen = points(run(job(tmp_path, sure_base, recipe, verifier="format", **size)))
    rewards = [point.extra["reward"] for point in seen]
    assert rewards[0] < 0.6
    assert sum(rewards[-4:]) / 4 > 0.8


def test_with_a_parent_the_parent_is_the_reference(tmp_path: Path, tiny_base: Path) -> None:
    run(tiny_training.job(tmp_path / "parent", tiny_base, steps=6))
    parent = str(tmp_path / "parent" / "out" / "adapter")
    for recipe in REINFORCED:
        seen = points(run(job(tmp_path / recipe, tiny_base, recipe, verifier="format", parent_dir=parent)))
        assert seen[0].extra["kl"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("recipe", REINFORCED)
def test_a_run_that_goes_on_writes_the_same_answers(recipe: str, tmp_path: Path, tiny_base: Path) -> None:
    more = {"verifier": "format", "steps": 4, "learning_rate": 1e-2}
    whole = points(run(job(tmp_path / "whole", tiny_base, recipe, **more)))
    run(job(tmp_path / "half", tiny_base, recipe, save_every=2, **more))
    resume = str(tmp_path / "half" / "out" / "checkpoints" / "2")
    rest = points(run(job(tmp_path / "rest", tiny_base, recipe, resume_dir=resume, **more)))
    assert [(point.loss, point.extra) for point in rest] == [(point.loss, point.extra) for point in whole[2:]]


def test_prompts_kept_out_are_answered_before_and_after(tmp_path: Path, tiny_base: Path) -> None:
    rows = [asked(f"number {n}", "4") for n in range(20)]
    record = trained(run(job(tmp_path, tiny_base, "ppo", rows=rows))).record
    assert record.held_out.keys() == {"reward_before", "reward_after"}


# --- PPO's arithmetic -----------------------------------------------------------------------------------------------


def test_advantages_by_hand() -> None:
    rewards = T([[9.0, 0.0, 0.0, 1.0, 9.0]])
    values = T([[9.0, 0.5, 0.4, 0.2, 9.0]])
    wanted = T([[False, True, True, True, False]])
    third = 1 - 0.2
    second = (0.2 - 0.4) + 0.95 * third
    first = (0.4 - 0.5) + 0.95 * second
    found = ppo.advantages(rewards, values, wanted)
    assert found[0].tolist() == pytest.approx([0, first, second, third, 0])


def test_the_objective_is_clipped_where_it_would_go_too_far() -> None:
    old, wanted = torch.zeros(1, 4), torch.ones(1, 4, dtype=torch.bool)
    now = T([[1.5, 1.5, 0.5, 0.5]]).log().requires_grad_()
    loss = ppo.policy_loss(now, old, T([[1.0, -1.0, 1.0, -1.0]]), wanted)
    assert loss.item() == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8) / 4)
    (gradient,) = torch.autograd.grad(loss, now)
    assert gradient[0].tolist() == pytest.approx([0, 1.5 / 4, -0.5 / 4, 0])


def test_what_is_expected_moves_a_little_at_a_time() -> None:
    wanted = torch.ones(1, 1, dtype=torch.bool)
    near = ppo.value_loss(T([[0.1]]), T([[0.0]]), T([[1.0]]), wanted)
    assert near.item() == pytest.approx(0.5 * 0.81)
    values = T([[0.9]]).requires_grad_()
    far = ppo.value_loss(values, T([[0.0]]), T([[1.0]]), wanted)
    assert far.item() == pytest.approx(0.5 * 0.64)
    (gradient,) = torch.autograd.grad(far, values)
    assert gradient.item() == 0


# --- verifiers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verifier", "written", "wanted", "worth"),
    [
        ("exact", " Paris.", "paris", 1),
        ("exact", "It is Paris", "paris", 0),
        ("contains", "It is Paris, I think", "paris", 1),
        ("contains", "parisian", "paris", 0),
        ("number", "So it is 1,200 in all", "The answer is 1200.", 1),
        ("number", "about twelve", "12", 0),
        ("format", "short", "a longer one", 1),
        ("format", "two\nlines", "a longer one", 0),
        ("format", "much longer than that", "one", 0),
        ("format", "", "one", 0),
        ("exact", f"paris{BASE.frame}Prompt:\nAnd Rome?", "Paris", 1),
        ("contains", f"Rome{BASE.frame}Prompt:\nparis", "Paris", 0),
    ],
)
def test_what_an_answer_is_worth(verifier: Verifier, written: str, wanted: str, worth: float) -> None:
    assert verifiers.reward(verifier, written, wanted, BASE) == worth


@pytest.mark.parametrize("recipe", REINFORCED)
def test_an_answer_that_nothing_can_match_is_refused(recipe: str, tmp_path: Path, tiny_base: Path) -> None:
    rows = [asked("one", "1"), asked("two", "two"), asked("three", "3")]
    with pytest.raises(CannotTrain) as refused:
        run(job(tmp_path, tiny_base, recipe, rows=rows, verifier="number"))
    assert refused.value.code == "training.bad_row"
    assert refused.value.detail["row"] == 2
