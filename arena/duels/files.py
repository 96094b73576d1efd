"""What is recorded of an answer, and the files in which it leaves the site after the reveal: their forms.

Everything in a file is either covered by the record's hash or has its own check in `verify`; nothing else is let in.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from arena.duels.contracts import SideName
from arena.duels.turns import DuelKind, Message
from arena.kit.schemas import Contract
from arena.nodes.attestation import Hex32, Hex64

RECORD = "gavel.answer.v3"
AI_LABEL = {"zh": "AI 生成", "en": "AI-generated"}


class Aigc(Contract):
    """The implicit label, in the names of GB 45438-2025."""

    Label: Literal["1"]
    """Generated, without doubt."""
    ContentProducer: str
    """Who runs the site."""
    ProduceID: str
    """The answer's id there."""


class AiLabel(Contract):
    zh: str
    en: str


class SamplingRecorded(Contract):
    max_tokens: int
    temperature: float
    top_p: float
    stop: str


class EngineRecorded(Contract):
    build: str
    system_fingerprint: str | None
    rehearsal: bool


class NodeRecorded(Contract):
    """What the machine was, not where it stands."""

    hardware_class: str
    attestation: Hex32 | None


class Times(Contract):
    """By the database's clock."""

    staged_at: datetime
    live_at: datetime | None
    answered_at: datetime


class AnswerRecord(Contract):
    """How one answer came about. Written once; its hash covers every field, and through `previous` all records before
    it in the episode."""

    type: Literal["gavel.answer.v3"]
    ai_generated: Literal[True]
    ai_label: AiLabel
    aigc: Aigc
    episode: UUID
    duel: UUID
    number: int
    kind: DuelKind
    images: list[Hex32]
    """sha256 of each image that both sides were shown with the first prompt."""
    turns: int
    answer: UUID
    turn: int
    side: SideName
    prompt: str
    """What both sides were asked in this turn; a debate's topic."""
    messages: list[Message]
    """What was sent, in order, as the template's places were filled. An earlier answer stands here as its digest, so
    that whoever has its words can see that they are what the side was given."""
    rendered_sha256: Hex32
    """Of all the messages in the template, with the system prompt: the text that the engine was sent."""
    system_prompt_digest: Hex32 | None
    """sha256 of the text; the text itself is released beside the record."""
    template_digest: Hex32
    base_digest: Hex32
    adapter_digest: Hex32
    adapter_fingerprint: Hex32
    """Of its greedy answer to one fixed question, by which it is recognised."""
    sampling: SamplingRecorded
    seed: int
    engine: EngineRecorded
    node: NodeRecorded
    token_ids: list[int] | None = None
    """Left out of the files of an answer whose words are withheld."""
    arrived_us: list[int]
    """When each token arrived, in microseconds from the moment the request was handed to the engine."""
    times: Times
    text_sha256: Hex32
    finish_reason: str | None
    moderation: list[dict[str, Any]]
    """What was decided about the answer before it was shown, in order. A decision with `"withheld": true` keeps the
    words out of every file: what may not go on air is not handed out afterwards either."""
    previous: Hex32 | None


def is_withheld(decisions: Iterable[Mapping[str, Any]]) -> bool:
    return any(decision.get("withheld") is True for decision in decisions)


class AttestationFile(Contract):
    digest: Hex32
    document: dict[str, Any]
    signature: Hex64
    public_key: Hex32


class Labelled(Contract):
    """What every file says first."""

    ai_generated: Literal[True]
    ai_label: AiLabel


class AnswerFile(Labelled):
    AIGC: Aigc
    format: Literal["gavel.answer-file.v1"]
    hash: Hex32
    previous: Hex32 | None
    withheld: bool
    """By a decision in `record.moderation`: no text and no token ids here, only their digests."""
    text: str | None
    system_prompt: str | None
    record: AnswerRecord
    digests: dict[str, Hex32]
    """sha256 of each field of the record in canonical JSON; `hash` is that of these. So a changed field has a name."""
    attestation: AttestationFile | None


class SealedAnswer(Contract):
    """An answer that is not revealed yet: its place in the chain, and nothing that tells of it."""

    sealed: Literal[True]
    hash: Hex32
    previous: Hex32 | None


class EpisodeFile(Labelled):
    format: Literal["gavel.episode-file.v1"]
    episode: UUID
    answers: list[AnswerFile | SealedAnswer]
