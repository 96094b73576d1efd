"""What a row becomes, token by token, which rows are refused, and the order in which a run takes them."""

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from arena.shows.training import TrainingSpec
from tests.support import tiny_training
from tests.support.tiny_training import BASE, BOS, EOS, asked
from workers.lab.train import sft
from workers.lab.train.data import WINDOW, Order, Spelling, places, read_examples
from workers.lab.train.recipe import IGNORED, CannotTrain, Example

TOKENIZER = tiny_training.tiny_tokenizer()


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def read(folder: Path, rows: list[Any], **spec: Any) -> list[Example]:
    path = tiny_training.write_rows(folder / "data.jsonl", rows)
    return read_examples(path, TrainingSpec(**spec), BASE, Spelling.of(TOKENIZER, BASE))


def text_of(ids: list[int]) -> str:
    return "".join(TOKENIZER.convert_ids_to_tokens(ids))


def test_only_the_answer_and_its_end_carry_loss(tmp_path: Path) -> None:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    rows = read(tmp_path, [asked("Why {rain}?", "It falls."), asked("And?", "So.")])
    batch = DataCollatorForLanguageModeling(pad_token_id=0)([sft.tokens_of(row) for row in rows])
    for place, row in enumerate(rows):
        ids, labels = batch["input_ids"][place].tolist(), batch["labels"][place].tolist()
        frame = BASE.render(["Why {rain}?", "And?"][place])
        assert ids[0] == BOS
        assert ids.count(BOS) == 1
        begin, end = 1 + len(frame), 1 + len(frame) + len(row.answer) + 1
        assert text_of(ids[1:begin]) == frame
        assert text_of(ids[begin : end - 1]) == row.answer
        assert ids[end - 1] == EOS
        assert labels == [IGNORED] * begin + ids[begin:end] + [IGNORED] * (len(ids) - end)
        assert batch["attention_mask"][place].tolist() == [1] * end + [0] * (len(ids) - end)


def test_a_text_begins_as_the_base_does() -> None:
    assert Spelling.of(TOKENIZER, BASE).prompt("a")[0] == BOS
    with pytest.raises(ValueError, match="a BOS"):
        Spelling.of(TOKENIZER, replace(BASE, bos=False)).prompt("a")


def test_of_a_conversation_the_last_answer_is_learned_in_the_frame_that_is_served(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": "Be brief."}, user("a"), assistant("b"), user("c"), assistant("d")]
    (row,) = read(tmp_path, [{"messages": talk}])
    assert text_of(row.prompt_ids[1:]) == BASE.render_turns([("a", "b")], "c", "Be brief.") == row.prompt
    assert text_of(row.answer_ids) == "d<eos>"


def test_a_pair_shares_its_prompt_and_a_label_stays_with_its_answer(tmp_path: Path) -> None:
    pair = {"prompt": [user("q")], "chosen": [assistant("yes")], "rejected": [assistant("no")]}
    (row,) = read(tmp_path, [pair], recipe="dpo")
    assert row.rejected_ids is not None
    assert (text_of(row.answer_ids), text_of(row.rejected_ids)) == ("yes<eos>", "no<eos>")
    rated = [
        {"prompt": [user("q")], "completion": [assistant("yes")], "label": True},
        {"prompt": [user("q")], "completion": [assistant("no")], "label": False},
    ]
    assert [row.label for row in read(tmp_path, rated, recipe="kto")] == [True, False]


PAIR = {"prompt": [user("q")], "chosen": [assistant("a")], "rejected": [assistant("b")]}
RATED = {"prompt": [user("q")], "completion": [assistant("a")], "label": True}


@pytest.mark.parametrize(
    ("rows", "spec", "code", "row"),
    [
        ([], {}, "training.no_rows", None),
        (["not a row"], {}, "training.bad_row", 1),
        ([asked("q", "a"), {"messages": [user("q")]}], {}, "training.bad_row", 2),
        ([asked("q", "a"), asked("q", " ")], {}, "training.empty_answer", 2),
        ([PAIR | {"rejected": [assistant("")]}], {"recipe": "dpo"}, "training.empty_answer", 1),
        ([PAIR | {"rejected": [assistant("a")]}], {"recipe": "orpo"}, "training.equal_pair", 1),
        (
            [PAIR | {"rejected": [assistant("x"), user("y"), assistant("b")]}],
            {"recipe": "dpo"},
            "training.bad_row",
            1,
        ),
        ([asked("q", "a"), PAIR], {}, "training.wrong_form", 2),
        ([asked("q", "a")], {"recipe": "kto"}, "training.wrong_form", 1),
        ([RATED, RATED], {"recipe": "kto"}, "training.one_sided", None),
        ([asked("q", "a"), asked("q", "a" * 64)], {"max_length": 64}, "training.row_too_long", 2),
        ([asked("q", "a" * 1024)], {"max_length": 4096}, "training.row_too_long", 1),
        (
            [asked("q", "a")],
            {"recipe": "grpo", "answer_tokens": 64, "max_length": 64},
            "training.row_too_long",
            1,
        ),
    ],
)
def test_a_row_that_cannot_be_trained_on_is_named(
    tmp_path: Path, rows: list[Any], spec: dict[str, Any], code: str, row: int | None
) -> None:
    with pytest.raises(CannotTrain) as refusal:
        read(tmp_path, rows, **spec)
    assert refusal.value.code == code
    assert refusal.value.detail.get("row") == row


def test_a_row_as_long_as_allowed_is_taken(tmp_path: Path) -> None:
    whole = len(BASE.render("q")) + len("answer") + 2
    assert read(tmp_path, [asked("q", "answer")], max_length=whole)[0].tokens == whole
    with pytest.raises(CannotTrain) as refusal:
        read(tmp_path, [asked("q", "answer")], max_length=whole - 1)
    assert (refusal.value.detail["tokens"], refusal.value.detail["limit"]) == (whole, whole - 1)


def test_every_row_is_taken_as_often_as_the_others_and_the_seed_decides_when() -> None:
    lengths = random.Random(0).sample(range(1000), 3 * WINDOW * 2)
    taken = list(islice(places(lengths, 3, seed=1), 10 * len(lengths)))
    assert taken == list(islice(places(lengths, 3, seed=1), 10 * len(lengths)))
    assert taken != list(islice(places(lengths, 3, seed=2), 10 * len(lengths)))
    assert {taken.count(row) for row in range(len(lengths))} == {10}
    for start in range(0, len(taken), 3 * WINDOW):
        window = taken[start : start + 3 * WINDOW]
        batches = sorted(
            sorted(lengths[row] for row in window[at : at + 3]) for at in range(0, len(window), 3)
        )
        together = [length for batch in batches for length in batch]
        assert together == sorted(together), "neighbours in length share a batch"


@pytest.mark.parametrize("rows", [4, 8, 40])
def test_a_row_does_not_meet_itself_in_a_step(rows: int) -> None:
    taken = list(islice(places([7] * rows, 4, seed=0), 5 * rows))
    assert all(len(set(taken[start : start + 4])) == 4 for start in range(0, len(taken), 4))


def test_a_run_is_one_epoch_of_whole_steps() -> None:
    order = Order([1, 1], batch_size=4, seed=0, steps=3)
    assert len(order) == len(list(order)) == 12
