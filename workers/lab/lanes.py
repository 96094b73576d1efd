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
        BENCH: whole_number(environment, BENCH_LANES, 2),
        TRAIN: whole_number(environment, TRAIN_LANES, 2),
        QUANTISE: whole_number(environment, QUANTISE_LANES, 1, least=0),
    }


def whole_number(
    environment: Mapping[str, str], name: str, usual: int, least: int = 1, most: int = 32
) -> int:
    """Raises ValueError with a sentence for whoever has set it wrongly."""
    said = environment.get(name, str(usual))
    if not (said.isdecimal() and least <= int(said) <= most):
        raise ValueError(f"{name} is {said!r}; it must be a whole number from {least} to {most}.")
    return int(said)
