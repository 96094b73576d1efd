"""What practice is called, what its runner needs, and the facts about it."""

from typing import Literal
from uuid import UUID

from arena.kit.facts import Fact
from arena.kit.schemas import Contract, Words
from arena.submissions.contracts import AdapterRef

Voice = Literal["mine", "house"]
VOICES: tuple[Voice, Voice] = ("mine", "house")

ANSWER = "practice.answer"

ON_AIR = "the engine is on air"
"""Why practice waits, as long as a duel is under way anywhere."""


class VoicePlan(Contract):
    answer_id: UUID
    adapter: AdapterRef
    rendered: str
    """The prompt inside the frozen template, as the engine sees it, with the version's system prompt if it is one."""


class TalkPlan(Contract):
    """All that the runner of a talk off air needs: every voice gets the same sampling and seed, as in a duel."""

    base_model: str
    seed: int
    max_tokens: int
    temperature: float
    top_p: float
    stop: list[str]
    """Texts that end an answer besides the end-of-text token; they are not part of the answer."""
    voices: list[VoicePlan]


class Said(Contract):
    """What a voice has said so far."""

    text: Words
    tokens: int
    prompt_tokens: int | None
    """Known with the end."""
    finish_reason: str | None


class PracticeAsked(Fact):
    exchange_id: UUID


class PracticeChanged(Fact):
    exchange_id: UUID
