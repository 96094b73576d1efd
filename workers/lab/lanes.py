"""How many jobs of each queue a lab works on at once."""

from collections.abc import Mapping

from arena.kit.celery import BENCH, TRAIN, VERIFY

BENCH_LANES = "GAVEL_BENCH_LANES"
"""Of `lab.bench`. Each runs the harness in a process of its own, which takes about a gigabyte of memory."""
TRAIN_LANES = "GAVEL_TRAIN_LANES"
"""Of `lab.train`. Runs side by side share the processors evenly, so a race of that many is fair on one machine."""


def lane_widths(environment: Mapping[str, str]) -> dict[str, int]:
    """By queue. Raises ValueError with a sentence for whoever has set it wrongly."""
    return {VERIFY: 1, BENCH: _width(environment, BENCH_LANES), TRAIN: _width(environment, TRAIN_LANES)}


def _width(environment: Mapping[str, str], name: str) -> int:
    said = environment.get(name, "2")
    if not (said.isdecimal() and 1 <= int(said) <= 32):
        raise ValueError(f"{name} is {said!r}; it must be a whole number from 1 to 32.")
    return int(said)
