"""How many jobs of each queue a lab works on at once."""

from collections.abc import Mapping

from arena.kit.celery import BENCH, QUANTISE, TRAIN, VERIFY

BENCH_LANES = "GAVEL_BENCH_LANES"
"""Of `lab.bench`. Each runs the harness in a process of its own, which takes about a gigabyte of memory."""
TRAIN_LANES = "GAVEL_TRAIN_LANES"
"""Of `lab.train`. Runs side by side share the processors evenly, so a race of that many is fair on one machine. Who is
alone keeps to his share, too: threads decide the last bits of what is learned, and a run that is killed beside others,
or goes on beside them, is to end with the same bytes. 1: one run at a time, on all of them."""

QUANTISE_LANES = "GAVEL_QUANTISE_LANES"
"""Of `lab.quantise`, where models are exported. 0: this lab takes no such work, because another
one of the site has the environment for it and this one has not."""


def lane_widths(environment: Mapping[str, str]) -> dict[str, int]:
    """By queue. Raises ValueError with a sentence for whoever has set it wrongly."""
    return {
        VERIFY: 1,
        BENCH: _width(environment, BENCH_LANES),
        TRAIN: _width(environment, TRAIN_LANES),
        QUANTISE: _width(environment, QUANTISE_LANES, usual=1, least=0),
    }


def _width(environment: Mapping[str, str], name: str, usual: int = 2, least: int = 1) -> int:
    said = environment.get(name, str(usual))
    if not (said.isdecimal() and least <= int(said) <= 32):
        raise ValueError(f"{name} is {said!r}; it must be a whole number from {least} to 32.")
    return int(said)
