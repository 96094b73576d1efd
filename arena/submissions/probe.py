"""The effect probe: does the engine answer with this adapter what PEFT answers in float32, and does it stay sane?

A LoRA that an engine applies to the wrong place, or not at all, loads without a word and answers like the base model
(vllm #34186). So nothing goes on stage before it was asked: the lab computes with PEFT what the first tokens should be,
the engine says what they are, and here the two are compared. Pure; the lab does the asking.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, FiniteFloat

from arena.kit.schemas import Contract
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check, CheckStatus, Refusal
from arena.submissions.refusals import AdapterRefused

PROMPTS = (
    "Write one sentence about the sea.",
    "What is two plus three?",
    "写一句关于月亮的话。",
    "The door opened and a stranger walked in. What did she say?",
    "Name three things that a lighthouse keeper needs.",
    "为什么天空是蓝色的？",
    "Explain to a child how bread is made.",
    "用一句话介绍你自己。",
)
LENGTHS = (8, 512)
"""Prompt lengths in tokens at which kernels have broken; the longest that the base model takes is the third."""
LONG_TOKENS = 4
"""How far a long prompt is answered."""

LIKELIEST = 64
"""How many of PEFT's likeliest first tokens are kept for each prompt."""
AGREEING = len(PROMPTS) - 1
"""Prompts on which engine and PEFT must begin alike. One may differ: an engine in BF16 rounds."""
NEAR_TIE = 0.1
"""Nats. Two tokens that PEFT itself puts this close together count as the same beginning."""
MIN_DIFFERENCE = 1e-3
"""Nats, at the first token of any prompt. Float32 noise is below 1e-4; the weakest of the trained adapters in this
repository is above 0.5."""


class Likely(Contract):
    token_id: int
    logprob: FiniteFloat


class ReferenceAnswer(Contract):
    """What PEFT computed in float32 for one prompt: its likeliest first tokens, best first, and how far the adapter
    moved the log-probability of any of them from the base model's, in nats (0 where that was not asked any more because
    an earlier prompt had shown a difference). Empty when something was no number."""

    likeliest: Annotated[list[Likely], Field(max_length=LIKELIEST)]
    difference: Annotated[FiniteFloat, Field(ge=0)]


class FirstToken(Contract):
    """The engine's greedy first token for one prompt, None when it was not a number."""

    token_id: int | None
    logprob: FiniteFloat | None


class LongAnswer(Contract):
    """Whether the engine's answer to a prompt of this many tokens consisted of numbers."""

    length: int
    finite: bool


class Ending(Contract):
    """How one answer at the season's full length ended."""

    tokens: int
    stopped: bool


class EngineAnswers(Contract):
    effect: bool
    """Whether any greedy answer differs from the identity adapter's."""
    first: list[FirstToken]
    """In the order of PROMPTS."""
    long: list[LongAnswer]
    endings: list[Ending]
    """In the order in which they ended, up to the first that ended by itself."""

    @property
    def finite(self) -> bool:
        return all(answer.finite for answer in self.long) and all(
            token.logprob is not None for token in self.first
        )


def is_finite(reference: Sequence[ReferenceAnswer]) -> bool:
    return all(answer.likeliest for answer in reference)


def judge(
    reference: Sequence[ReferenceAnswer] | None, engine: EngineAnswers | None
) -> tuple[list[Check], Refusal | None]:
    """The two checks of the probe, and the first reason to refuse. Without a reference (a rehearsal engine has no
    weights to compare with) the first check is a warning, never a pass. Without the engine's answers (it is not asked
    when PEFT has computed what is no number) the second is pending."""
    checks = [
        _compared(reference, engine.first if engine is not None else []),
        _on_the_engine(engine) if engine is not None else Check(code="engine", status="pending"),
    ]
    for check in checks:
        if check.status == "refused":
            first = check.detail["problems"][0]
            return checks, Refusal(code=first["code"], message=first["message"])
    return checks, None


def _compared(reference: Sequence[ReferenceAnswer] | None, first: Sequence[FirstToken]) -> Check:
    if reference is None:
        note = AdapterRefused(
            "adapter.not_compared", "This engine has no weights to compare with: it is a rehearsal engine."
        )
        return _check("reference", "warning", [note])
    if not is_finite(reference):
        return _check("reference", "refused", [_failed("In PEFT, float32, the answer is not a number.")])
    difference = max(answer.difference for answer in reference)
    if difference < MIN_DIFFERENCE:
        words = "With the adapter the base model answers as without it. Train it longer."
        return _check("reference", "refused", [AdapterRefused("adapter.no_effect", words)])
    agreeing = sum(_agrees(expected, said) for expected, said in zip(reference, first, strict=True))
    figures = {
        "agreeing": agreeing,
        "of": len(first),
        "apart": round(_apart(reference, first), 4),
        "difference": round(difference, 4),
    }
    if agreeing >= AGREEING:
        return Check(code="reference", status="passed", detail=figures)
    words = (
        f"The engine begins {len(first) - agreeing} of {len(first)} answers otherwise than PEFT in float32."
    )
    return _check("reference", "refused", [_failed(words)], figures)


def _agrees(expected: ReferenceAnswer, said: FirstToken) -> bool:
    said_by_peft = next(
        (one.logprob for one in expected.likeliest if one.token_id == said.token_id), -math.inf
    )
    return said_by_peft >= expected.likeliest[0].logprob - NEAR_TIE


def _apart(reference: Sequence[ReferenceAnswer], first: Sequence[FirstToken]) -> float:
    """The largest distance in nats between what PEFT and the engine give the engine's first token."""
    known = [{likely.token_id: likely.logprob for likely in answer.likeliest} for answer in reference]
    return max(
        (
            abs(said.logprob - by_id[said.token_id])
            for said, by_id in zip(first, known, strict=True)
            if said.logprob is not None and said.token_id in by_id
        ),
        default=0.0,
    )


def _on_the_engine(engine: EngineAnswers) -> Check:
    broken = [answer.length for answer in engine.long if not answer.finite]
    if any(token.logprob is None for token in engine.first):
        broken.insert(0, 0)
    figures = {
        "lengths": [answer.length for answer in engine.long],
        "tokens": [end.tokens for end in engine.endings],
    }
    if broken:
        where = [f"a prompt of {length} tokens" if length else "a short prompt" for length in broken]
        return _check(
            "engine",
            "refused",
            [_failed(f"The engine's answer to {name} is not a number.") for name in where],
        )
    if not engine.effect:
        words = "The adapter answers every probe prompt exactly like the base model. Train it longer."
        return _check("engine", "refused", [AdapterRefused("adapter.no_effect", words)])
    if not any(end.stopped for end in engine.endings):
        words = f"None of {len(engine.endings)} answers came to an end by itself; on stage they are cut off."
        runaway = AdapterRefused(
            "adapter.runaway", words, {"tokens": max(end.tokens for end in engine.endings)}
        )
        return _check("engine", "warning", [runaway], figures)
    return Check(code="engine", status="passed", detail=figures)


def _failed(message: str) -> AdapterRefused:
    return AdapterRefused("adapter.probe_failed", message)


def _check(
    code: str,
    status: CheckStatus,
    problems: Sequence[AdapterRefused],
    figures: Mapping[str, object] | None = None,
) -> Check:
    line = line_of(code, list(problems), status)
    return line.model_copy(update={"detail": line.detail | dict(figures or {})})
