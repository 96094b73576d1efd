"""JSON shapes of practice."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from arena.kit.jobs.models import Job, JobState
from arena.kit.schemas import In, Out
from arena.practice.contracts import Voice
from arena.practice.models import Exchange, ExchangeState, PracticeAnswer


class NewPractice(In):
    prompt: str = Field(max_length=20_000)
    """As long as the season allows; `prompt.too_long` says how long that is."""


class VoiceOut(Out):
    text: str
    tokens: int
    finished: bool
    refused: str | None
    """The category for which it is not shown."""
    ai_generated: Literal[True] = True

    @classmethod
    def of(cls, row: PracticeAnswer) -> "VoiceOut":
        return cls(
            text=row.text,
            tokens=row.tokens,
            finished=row.finish_reason is not None,
            refused=row.refused,
        )


class PracticeWaits(Out):
    reason: str
    deadline: datetime


class PracticeOut(Out):
    """`practice:{id}`: one prompt, answered by a version of one's own and by the house."""

    id: UUID
    entry_id: UUID
    submission_id: UUID
    version: int
    prompt: str
    state: ExchangeState
    reason: str | None
    waiting: PracticeWaits | None
    mine: VoiceOut
    house: VoiceOut
    created_at: datetime

    @classmethod
    def of(
        cls, row: Exchange, version: int, answers: Mapping[Voice, PracticeAnswer], job: Job | None
    ) -> "PracticeOut":
        waiting = None
        if job is not None and job.state == JobState.QUEUED:
            waiting = PracticeWaits(reason=job.reason or "queued", deadline=job.deadline)
        return cls(
            id=row.id,
            entry_id=row.entry_id,
            submission_id=row.submission_id,
            version=version,
            prompt=row.prompt,
            state=row.state,
            reason=row.reason,
            waiting=waiting,
            mine=VoiceOut.of(answers["mine"]),
            house=VoiceOut.of(answers["house"]),
            created_at=row.created_at,
        )
