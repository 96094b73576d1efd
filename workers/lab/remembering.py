"""A model for the harness that is asked nothing twice.

What an earlier attempt has answered comes from memory, the rest goes to the engine, and every new answer is told the
moment it is there. The harness has a cache of its own for this, a pickled SQLite file beside the process: it would die
with the machine, and a pickle is not opened here.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from lm_eval.api.model import LM, hash_args

from arena.benchmarks.contracts import Answer

Place = tuple[str, int, int]
"""Task, index of the question, option."""


class Remembering(LM):  # type: ignore[misc]
    def __init__(self, engine: LM, known: Sequence[Answer], tell: Callable[[Answer], None]) -> None:
        super().__init__()
        self._engine, self._tell = engine, tell
        self._known: dict[Place, Answer] = {_place_of(one): one for one in known}
        self._asked: dict[str, list[Place]] = {}
        """Requests that are with the engine, by what is asked."""
        engine.set_cache_hook(self)

    def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
        answers = self._answers("loglikelihood", requests)
        return [
            (one.logprob, one.greedy) for one in answers if one.logprob is not None and one.greedy is not None
        ]

    def generate_until(self, requests: list[Any]) -> list[str]:
        return [one.text for one in self._answers("generate_until", requests) if one.text is not None]

    def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
        raise NotImplementedError("no suite asks for perplexity")

    def add_partial(self, method: str, request: Sequence[Any], said: Any) -> None:
        """The engine's client calls this as its cache for each answer as it comes, in whatever order."""
        key = hash_args(method, request)
        answers = [_answer(*place, said) for place in self._asked.get(key, ())]
        self._asked.pop(key, None)
        for answer in answers:
            self._known[_place_of(answer)] = answer
            self._tell(answer)

    def _answers(self, method: str, requests: list[Any]) -> list[Answer]:
        """What is equal is asked once: the harness would ask it twice and get the same."""
        new: dict[str, Any] = {}
        for request in requests:
            place = request.task_name, int(request.doc["index"]), int(request.idx)
            if place not in self._known:
                key = hash_args(method, request.args)
                new.setdefault(key, request)
                self._asked.setdefault(key, []).append(place)
        if new:
            getattr(self._engine, method)(list(new.values()))
        # Also the new ones are read from memory: it makes no difference when something was answered.
        return [self._known[one.task_name, int(one.doc["index"]), int(one.idx)] for one in requests]


def _place_of(answer: Answer) -> Place:
    return answer.task, answer.index, answer.option


def _answer(task: str, index: int, option: int, said: Any) -> Answer:
    if isinstance(said, str):
        return Answer(task=task, index=index, option=option, text=said)
    logprob, greedy = said
    if not math.isfinite(logprob):
        raise ValueError(f"{task}: the engine gave a likelihood that is not a number")
    return Answer(task=task, index=index, option=option, logprob=float(logprob), greedy=bool(greedy))
