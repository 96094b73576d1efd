"""Facts about duels, and the words they are told in."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from arena.kit.facts import Fact
from arena.kit.schemas import Contract, Words
from arena.shows.public import Deadlines
from arena.submissions.contracts import AdapterRef

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")
OTHER: dict[SideName, SideName] = {"left": "right", "right": "left"}

RUN = "duels.run"


Outcome = Literal[
    "answered",
    "cut_off",
    "empty",
    "not_numbers",
    "stalled",
    "too_slow",
    "engine_died",
    "engine_error",
    "adapter_missing",
    "adapter_refused",
    "too_long",
    "wrong_adapter",
    "node_lost",
    "lease_expired",
    "not_ready",
    "handed_back",
]
"""What came of one side in one attempt at a duel; `arena/duels/ruling.py` says whose fault each is."""


MediaType = Literal["image/png", "image/jpeg"]


class TextPart(Contract):
    type: Literal["text"]
    text: str


class ImagePart(Contract):
    """An image beside a prompt, kept under its sha256."""

    type: Literal["image"]
    media_type: MediaType
    digest: str
    body: bytes


ContentPart = TextPart | ImagePart


class SidePlan(Contract):
    side: SideName
    answer_id: UUID
    adapter: AdapterRef
    rendered: str
    """The conversation up to this turn inside the side's frozen template, as the engine sees it."""


class DuelPlan(Contract):
    """All that the runner needs for one turn: both sides get the same prompt, sampling and seed.

    What the engine sees differs only by an entry's own system prompt, and from the second turn on by what was said.
    """

    duel_id: UUID
    episode_id: UUID
    turn: int
    turns: int
    content: tuple[ContentPart, ...]
    """What the producer asks in this turn: a text, and before it the duel's images, which all turns share."""
    seed: int
    max_tokens: int
    temperature: float
    top_p: float
    stop: str
    """Text that ends an answer besides the end-of-text token; it is not part of the answer."""
    deadlines: Deadlines
    sides: tuple[SidePlan, SidePlan]

    @property
    def images(self) -> list[ImagePart]:
        return [part for part in self.content if isinstance(part, ImagePart)]


ALTERNATIVES = 5
"""How many of the likeliest tokens are asked for beside each one that is said."""


class Likely(Contract):
    """A token that the model held likely, by its text."""

    text: Words
    logprob: Annotated[float, Field(le=0, allow_inf_nan=False)]
    """Natural, of the model's own distribution: before temperature and top-p."""


class Token(Contract):
    """One generated token as it arrived."""

    token_id: int
    text: Words
    """What this token completed: empty while a character is still split over tokens."""
    at_us: int
    """Microseconds from the moment the request was handed to the engine."""
    likely: tuple[Likely, ...] | None = None
    """The token itself, then the others, the likeliest first. None: the engine did not say."""


class DuelStarted(Fact):
    duel_id: UUID
    episode_id: UUID
    season_id: UUID


class DuelChanged(Fact):
    duel_id: UUID
    episode_id: UUID


class DuelAnswered(Fact):
    duel_id: UUID
    episode_id: UUID


class DuelRevealed(Fact):
    duel_id: UUID
    episode_id: UUID
    season_id: UUID


class AttentionAsked(Fact):
    view_id: UUID
    duel_id: UUID
