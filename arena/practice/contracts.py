"""What practice is called, what its runner needs, and the facts about it."""

from typing import Literal
from uuid import UUID

from arena.kit.facts import Fact
from arena.kit.schemas import Contract
from arena.submissions.contracts import AdapterRef

Voice = Literal["mine", "house"]
VOICES: tuple[Voice, Voice] = ("mine", "house")

ANSWER = "practice.answer"

ON_AIR = "the engine is on air"
"""Why practice waits, as long as a duel is under way anywhere."""


class VoicePlan(Contract):
    voice: Voice
    answer_id: UUID
    adapter: AdapterRef
    rendered: str
    """The prompt inside the frozen template, as the engine sees it, with the version's system prompt if it is one."""


class PracticePlan(Contract):
    """All that the runner needs: both voices get exactly the same prompt, sampling and seed, as in a duel."""

    exchange_id: UUID
    base_model: str
    seed: int
    max_tokens: int
    temperature: float
    top_p: float
    stop: str
    voices: tuple[VoicePlan, VoicePlan]


class PracticeAsked(Fact):
    exchange_id: UUID


class PracticeChanged(Fact):
    exchange_id: UUID
