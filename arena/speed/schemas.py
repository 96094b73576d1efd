"""JSON shapes of speed runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from arena.benchmarks.suites import SURPRISE
from arena.duels.files import AiLabel, AttestationFile
from arena.kit.jobs.models import Job
from arena.kit.schemas import In, Out
from arena.nodes.public import commit
from arena.shows.public import SpeedRules
from arena.speed.contracts import Kind, Measured, Question, SpeedResult, Void, Who
from arena.speed.models import UNDER_WAY, SpeedRun, SpeedState
from arena.submissions.public import EntryKind


class NewSpeedRun(In):
    kind: Kind
    entry_a: UUID
    entry_b: UUID
    suite: str | None = Field(default=None, max_length=60)
    """Of a quiz: where its questions come from; `surprise` is the bank that nobody has practised for. None: from the
    season's own suite."""


class RacerOut(Out):
    entry_id: UUID
    name: str
    kind: EntryKind
    version: int


class SpeedWaits(Out):
    reason: str
    deadline: datetime


class SpeedOut(Out):
    """A measurement. What came of it is there once a producer has released it; to producers at once."""

    id: UUID
    episode_id: UUID
    number: int
    kind: Kind
    state: SpeedState
    a: RacerOut
    b: RacerOut
    house: RacerOut
    rules: SpeedRules
    rules_digest: str
    seed_commitment: str
    seed: int | None
    """Once it is over."""
    blocks: int
    blocks_done: int
    waiting: SpeedWaits | None
    void: Void | None
    reason: str | None
    hardware_class: str | None
    rehearsal: bool
    """Measured on a fake engine: the figures are of no model."""
    attested_before: str | None
    attested_after: str | None
    result: SpeedResult | None
    suite: str | None
    """Of a quiz."""
    surprise: dict[str, str] | None
    """What the surprise bank came up with, by language: once it is over and shown."""
    released_at: datetime | None
    measured_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: SpeedRun, racers: Mapping[Who, RacerOut], job: Job | None, shown: bool) -> "SpeedOut":
        over = row.state not in UNDER_WAY
        node: Mapping[str, Any] = row.node or {}
        return cls(
            id=row.id,
            episode_id=row.episode_id,
            number=row.number,
            kind=row.kind,
            state=row.state,
            a=racers["a"],
            b=racers["b"],
            house=racers["house"],
            rules=SpeedRules.model_validate(row.rules),
            rules_digest=row.rules_digest,
            seed_commitment=commit(str(row.id), row.seed),
            seed=row.seed if over else None,
            blocks=row.blocks,
            blocks_done=row.blocks_done,
            waiting=SpeedWaits(reason=job.reason or "queued", deadline=job.deadline) if job else None,
            void=row.void if shown else None,
            reason=row.reason if shown else None,
            hardware_class=node.get("hardware_class"),
            rehearsal=bool(node.get("rehearsal")),
            attested_before=node.get("attestation"),
            attested_after=row.attested_after,
            result=SpeedResult.model_validate(row.result) if shown and row.result else None,
            suite=row.suite["id"] if row.suite else None,
            surprise=_surprise(row) if shown and over else None,
            released_at=row.released_at,
            measured_at=row.measured_at,
            created_at=row.created_at,
        )


def _surprise(row: SpeedRun) -> dict[str, str] | None:
    if row.suite is None or row.suite["id"] != SURPRISE:
        return None
    title: dict[str, str] = row.suite["families"][0]["title"]
    return title


class SpeedFile(Out):
    """All that was stamped, for whoever wants to compute it again."""

    ai_generated: bool
    ai_label: AiLabel
    format: str
    run: SpeedOut
    prompts: list[str]
    """Of a duel: the first for the warm-up, then one for each block."""
    questions: list[Question]
    items_digest: str | None
    requests: list[Measured]
    """In the order in which they were made, without their words; those of a quiz that may be read are in the result."""
    attestations: list[AttestationFile]
    """Before and after."""
