"""The shape of the line: which fact starts which work, and what work is. `arena/pipeline.py` fills it in."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import Json
from arena.kit.facts import Fact
from arena.kit.jobs.models import Job
from arena.kit.schemas import Contract
from arena.kit.site import Site

Prepare = Callable[[Site, AsyncSession, Job], Awaitable[Contract]]
Finish = Callable[[Site, AsyncSession, UUID, Json], Awaitable[None]]
Forget = Callable[[AsyncSession, UUID], Awaitable[None]]
Failed = Callable[[AsyncSession, UUID, str], Awaitable[None]]
Partial = Callable[[Site, AsyncSession, UUID, Sequence[Json]], Awaitable[None]]
Told = Callable[[AsyncSession, UUID], Awaitable[Contract | None]]
Turn = Callable[[AsyncSession], Awaitable[UUID | None]]
"""The id of the job whose turn it is in a queue; None: there is nobody to choose from."""


@dataclass(frozen=True)
class Work:
    """A kind of job. Lab work has `prepare` (row → contract) and `finish` (result → row); control work runs here."""

    kind: str
    queue: str
    limit: timedelta
    failed: Failed
    prepare: Prepare | None = None
    finish: Finish | None = None
    partial: Partial | None = None
    """Of lab work that hands in what it has while it goes on, so that the next attempt need not do it again."""
    max_attempts: int = 3
    refused: Forget | None = None
    """After a result that could not be taken: what was handed in before it is not to be trusted either."""
    told: Told | None = None
    """What whoever does it is told at each sign of life, such as to stop for a while."""


@dataclass(frozen=True)
class Step:
    """`after` this fact, `start` this kind of work on the row that `subject` picks."""

    after: type[Fact]
    start: str
    subject: Callable[[Any], UUID]


@dataclass(frozen=True)
class Air:
    """Which live channels a fact changes."""

    fact: type[Fact]
    channels: Callable[[Any], Iterable[str]]


@dataclass(frozen=True)
class Pipeline:
    works: Sequence[Work]
    steps: Sequence[Step]
    air: Sequence[Air]
    frees: Sequence[tuple[type[Fact], str]]
    """Facts after which a resource that jobs wait for is free."""
    turns: Mapping[str, Turn] = field(default_factory=dict)
    """The queues of the lab in which it is not simply the oldest job's turn."""

    def work(self, kind: str) -> Work:
        """Raises LookupError for a kind that is not on the line."""
        for work in self.works:
            if work.kind == kind:
                return work
        raise LookupError(f"no work of kind {kind} is on the line")

    def started_by(self, fact: Fact) -> list[tuple[Work, UUID]]:
        return [
            (self.work(step.start), step.subject(fact)) for step in self.steps if isinstance(fact, step.after)
        ]

    def channels(self, fact: Fact) -> set[str]:
        return {channel for air in self.air if isinstance(fact, air.fact) for channel in air.channels(fact)}

    def freed_by(self, fact: Fact) -> list[str]:
        return [resource for kind, resource in self.frees if isinstance(fact, kind)]
