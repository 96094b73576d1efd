"""How fast the engine is, beside the least that any check of a text could cost."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from arena.moderation.engine import Engine

TEXT = (
    "这场对决由两个适配器同时回答同一个题目，观众看不到名字，只能比较答案。评委打分之后，投票才会揭晓，"
    "所有选票都可以由任何人重新清点。The rules of the show are simple: two adapters, one prompt, the same hardware, "
    "and nobody knows who is who until the vote is locked. 一位选手说：“我用三天整理了两千条数据，再训练了四个小时。” "
    "Her well-known first version, e.g. the one from last week, scored 41.5 % — not bad for a model of this size…\n"
)
"""Mixed Chinese and English prose with the punctuation that prose has; none of it is refused."""


@dataclass(frozen=True)
class Speed:
    """Bytes of UTF-8 per second on one core, best of several runs."""

    bytes_per_second: float
    baseline: float
    """`str.casefold().count` of one word over the same text: no look-alikes, no marks, no list."""


def measure(engine: Engine, megabytes: float = 8.0, runs: int = 5) -> Speed:
    """The scan with normalisation, over one long text, and the baseline over the same in the same call."""
    text = TEXT * max(1, round(megabytes * 1e6 / len(TEXT.encode())))
    texts = [TEXT * 60] * max(1, len(text) // len(TEXT * 60))
    size = sum(len(one.encode()) for one in texts)
    best = {"engine": float("inf"), "baseline": float("inf")}
    ways: dict[str, Callable[[], object]] = {
        "engine": lambda: engine.check_all(texts),
        "baseline": lambda: [one.casefold().count("gavel") for one in texts],
    }
    # Processor time, and in turns, so that another program's noise meets both.
    for _ in range(runs):
        for name, way in ways.items():
            began = time.process_time()
            way()
            best[name] = min(best[name], time.process_time() - began)
    return Speed(size / best["engine"], size / best["baseline"])
