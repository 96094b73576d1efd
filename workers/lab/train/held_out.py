"""Rows that are kept out of training, and what the model makes of them before and after it."""

from collections.abc import Sequence
from hashlib import sha256
from statistics import fmean

from workers.lab.train.answers import sums
from workers.lab.train.recipe import Example, Kit

LEAST_ROWS = 20
"""Of a smaller data set nothing is kept out: every row is needed."""
SHARE, FEWEST, MOST = 10, 4, 64


def split(rows: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """A tenth, by a hash of seed and row: what is trained on, and what is kept out. Both in the order of the data."""
    if len(rows) < LEAST_ROWS:
        return list(rows), []
    drawn = sorted(rows, key=lambda row: sha256(f"{seed} {row.number}".encode()).digest())
    kept = {row.number for row in drawn[: min(max(len(rows) // SHARE, FEWEST), MOST)]}
    return [row for row in rows if row.number not in kept], [row for row in rows if row.number in kept]


def split_by_label(rows: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """As `split`, of wanted and unwanted answers alike: training never loses the few of one kind."""
    parts = [split([row for row in rows if row.label is label], seed) for label in (True, False)]
    trained, kept = ([*wanted, *unwanted] for wanted, unwanted in zip(*parts, strict=True))
    return sorted(trained, key=_number), sorted(kept, key=_number)


def margins(kit: Kit) -> dict[str, float]:
    """log p(chosen) - log p(rejected), mean of the pairs; per token, so that a long answer weighs no more; and the
    share of pairs in which the chosen one is likelier per token."""
    pairs = [(row.prompt_ids, row.answer_ids, row.rejected_ids or []) for row in kit.held_out]
    if not pairs:
        return {}
    chosen = _sums(kit, [(prompt, answer) for prompt, answer, _ in pairs])
    rejected = _sums(kit, [(prompt, answer) for prompt, _, answer in pairs])
    per_token = [
        c / len(answer) - r / len(other)
        for (_, answer, other), c, r in zip(pairs, chosen, rejected, strict=True)
    ]
    return {
        "margin": fmean(c - r for c, r in zip(chosen, rejected, strict=True)),
        "margin_per_token": fmean(per_token),
        "accuracy": fmean(margin > 0 for margin in per_token),
    }


def wanted_margin(kit: Kit) -> dict[str, float]:
    """Of unpaired rows: the wanted answers' mean log-probability per token minus the unwanted ones'."""
    found = _sums(kit, [(row.prompt_ids, row.answer_ids) for row in kit.held_out])
    per_token = [(row.label, one / len(row.answer_ids)) for row, one in zip(kit.held_out, found, strict=True)]
    wanted, unwanted = ([one for label, one in per_token if label is side] for side in (True, False))
    return {"margin_per_token": fmean(wanted) - fmean(unwanted)} if wanted and unwanted else {}


def loss(kit: Kit) -> dict[str, float]:
    """Mean over the answers' tokens, in nats: what supervised training makes smaller."""
    if not kit.held_out:
        return {}
    found = _sums(kit, [(row.prompt_ids, row.answer_ids) for row in kit.held_out])
    return {"loss": -sum(found) / sum(len(row.answer_ids) for row in kit.held_out)}


def _sums(kit: Kit, rows: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[float]:
    return sums(kit.model, rows, pad_of(kit))


def pad_of(kit: Kit) -> int:
    assert isinstance(kit.tokenizer.pad_token_id, int)
    return kit.tokenizer.pad_token_id


def _number(row: Example) -> int:
    return row.number
