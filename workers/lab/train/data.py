"""A sealed data set → rows of token ids, and the order in which a run takes them.

There is one template for training, evaluation and serving: `BaseModel.render`. Frame and answer become tokens apart,
because the engine sees the frame alone and continues from there; no trainer ever touches a text.

Only the last answer of a conversation is supervised. Earlier ones stand before the frame of the next question, as the
engine would see them, and end with `turn_end`: to learn them would be to learn not to stop.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

from torch.utils.data import Sampler
from transformers import PreTrainedTokenizerBase

from arena.shows.base_models import BaseModel
from arena.shows.training import FORM, REINFORCED, TrainingSpec
from arena.submissions.datasets.rows import BadRow, Message, form_of, parse_line, read_row
from workers.lab.train.recipe import CannotTrain, Example

WINDOW = 8
"""Batches that are sorted by length together: little padding, and still a different mix every time."""


@dataclass(frozen=True)
class Spelling:
    """How the texts of a base become token ids."""

    tokenizer: PreTrainedTokenizerBase
    end: int
    """The token that ends an answer."""
    bos: bool
    """Whether a text begins with a BOS."""

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, base: BaseModel) -> Self:
        """Raises ValueError when the tokenizer does not know the end token."""
        end = tokenizer.convert_tokens_to_ids(base.stop)
        if not isinstance(end, int) or end == tokenizer.unk_token_id:
            raise ValueError(f"the tokenizer does not know the end token {base.stop}")
        return cls(tokenizer, end, base.bos)

    def prompt(self, rendered: str) -> list[int]:
        """Raises ValueError when the tokenizer begins it otherwise than the base does: Gemma babbles without BOS."""
        ids: list[int] = self.tokenizer(rendered).input_ids
        begun = self.tokenizer.bos_token_id is not None and ids[0] == self.tokenizer.bos_token_id
        if begun != self.bos:
            raise ValueError(f"the tokenizer puts {'a' if begun else 'no'} BOS in front of the prompt")
        return ids

    def answer(self, text: str) -> list[int]:
        return [*self.tokenizer(text, add_special_tokens=False).input_ids, self.end]


def read_examples(path: Path, spec: TrainingSpec, base: BaseModel, spelling: Spelling) -> list[Example]:
    """Every row of the sealed data set at `path`. Raises CannotTrain naming the first row that cannot be used."""
    rows: list[Example] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                rows.append(_example(number, line.rstrip(b"\r\n"), spec, base, spelling))
    if not rows:
        raise CannotTrain("training.no_rows", "The data set has no rows to train on.")
    if FORM[spec.recipe] == "kto" and len({row.label for row in rows}) == 1:
        raise CannotTrain(
            "training.one_sided",
            f"All {len(rows)} rows are labelled {str(rows[0].label).lower()}: KTO learns from both.",
            label=rows[0].label,
            rows=len(rows),
        )
    return rows


def _example(number: int, line: bytes, spec: TrainingSpec, base: BaseModel, spelling: Spelling) -> Example:
    form = FORM[spec.recipe]
    try:
        value = parse_line(line)
        if form_of(value) not in (form, None):
            raise CannotTrain(
                "training.wrong_form",
                f"{spec.recipe} learns from rows of the form {form}; row {number} has the form {form_of(value)}.",
                row=number,
                form=form_of(value),
                expected=form,
            )
        talk = read_row(value, form)[0].value
    except BadRow as bad:
        last = (
            f"messages[{len(value['messages']) - 1}]" if form == "messages" and "messages" in value else "["
        )
        of_answers = (last, "chosen", "rejected", "completion")
        empty = bad.code == "dataset.empty_text" and bad.place.startswith(of_answers)
        raise CannotTrain(
            "training.empty_answer" if empty else "training.bad_row",
            f"Row {number} cannot be trained on: {bad.code} {bad.place}".rstrip(),
            row=number,
            reason=bad.code,
            place=bad.place,
        ) from None
    answers, asked = _halves(number, talk)
    prompt = _rendered(asked, base)
    ids = [spelling.answer(answer) for answer in answers]
    example = Example(
        number=number,
        prompt_ids=spelling.prompt(prompt),
        answer_ids=ids[0],
        prompt=prompt,
        answer=answers[0],
        rejected_ids=ids[1] if len(ids) == 2 else None,
        label=talk.get("label"),
    )
    if example.rejected_ids == example.answer_ids:
        raise CannotTrain(
            "training.equal_pair", f"Row {number}: chosen and rejected are the same answer.", row=number
        )
    _fits(example, spec, base)
    return example


def _halves(number: int, talk: Mapping[str, Any]) -> tuple[list[str], list[Message]]:
    """The answers that are learned from (two of a preference), and the conversation before them."""
    if "messages" in talk:
        return [talk["messages"][-1]["content"]], talk["messages"][:-1]
    sides = [talk[name] for name in ("chosen", "rejected", "completion") if name in talk]
    if any(side[:-1] != sides[0][:-1] for side in sides):
        raise CannotTrain(
            "training.bad_row",
            f"Row {number}: chosen and rejected may differ in their last answer only.",
            row=number,
            reason="pair",
            place="rejected",
        )
    return [side[-1]["content"] for side in sides], [*talk["prompt"], *sides[0][:-1]]


def _rendered(asked: Sequence[Message], base: BaseModel) -> str:
    system = asked[0]["content"] if asked[0]["role"] == "system" else None
    texts = [message["content"] for message in asked if message["role"] != "system"]
    earlier = list(zip(texts[:-1:2], texts[1::2], strict=True))
    return base.render_turns(earlier, texts[-1], system)


def _fits(example: Example, spec: TrainingSpec, base: BaseModel) -> None:
    tokens, limit = example.tokens, min(spec.max_length, base.context)
    if spec.recipe in REINFORCED:
        tokens = max(tokens, len(example.prompt_ids) + spec.answer_tokens)
    if tokens > limit:
        raise CannotTrain(
            "training.row_too_long",
            f"Row {example.number} has {tokens} tokens; the limit is {limit}. A row is never cut: half an answer "
            "would teach not to stop.",
            row=example.number,
            tokens=tokens,
            limit=limit,
        )


def places(lengths: Sequence[int], batch_size: int, seed: int) -> Iterator[int]:
    """Endless row indices, the same for the same seed; every `batch_size` of them are a step.

    Epochs are shuffled and follow each other without a seam, so that every step has as many rows as the next.
    """
    rng = random.Random(seed)

    def epochs() -> Iterator[int]:
        while True:
            yield from rng.sample(range(len(lengths)), len(lengths))

    stream = epochs()
    # Never more than an epoch: a row would meet itself in its batch.
    together = batch_size * max(1, min(WINDOW, len(lengths) // batch_size))
    while True:
        window = sorted(islice(stream, together), key=lambda index: lengths[index])
        batches = [window[start : start + batch_size] for start in range(0, len(window), batch_size)]
        rng.shuffle(batches)
        for batch in batches:
            yield from batch


class Order(Sampler[int]):  # type: ignore[misc]  # torch has no types here
    """The rows of a whole run, as one epoch to the trainer: to go on from a checkpoint is to skip what came before, and
    N processes that take every Nth part of a batch see together what one would see."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int, steps: int) -> None:
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
        self._steps = steps

    def __len__(self) -> int:
        return self._steps * self._batch_size

    def __iter__(self) -> Iterator[int]:
        return islice(places(self._lengths, self._batch_size, self._seed), len(self))
