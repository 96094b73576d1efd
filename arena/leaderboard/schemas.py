"""JSON shapes of the board. A score that does not exist is null, never a number."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from arena.benchmarks.public import AccuracyOut, Extent, TaskOut
from arena.kit.schemas import In, Out
from arena.submissions.public import EntryKind


class BoardRow(Out):
    rank: int | None
    entry_id: UUID
    name: str
    kind: EntryKind
    rating: float | None
    lo: float | None
    hi: float | None
    duels: int
    reason: str | None
    """Why there is no rating: `not_enough_duels` or `not_connected`."""
    accuracy: AccuracyOut | None
    speed: None = Field(default=None, description="Measured by speed rounds, which come later.")


class Board(Out):
    season_id: UUID
    season: str
    version: int
    frozen: bool
    computed_at: datetime
    duels: int
    close_call: bool
    rows: list[BoardRow]


class Freeze(In):
    frozen: Annotated[bool, Field(description="True keeps what is shown now until it is lifted.")]


class SuiteRow(Out):
    """One entry on one suite, in the version that would go on stage."""

    entry_id: UUID
    name: str
    kind: EntryKind
    version: int | None
    accuracy: AccuracyOut | None
    override: str | None
    """Why a producer has set it, where one has."""
    run_id: UUID | None
    """The run that counts."""
    extent: Extent | None
    tasks: list[TaskOut]
    hardware_class: str | None
    attestation: str | None
    """Digest of what the engine's node stated and signed: `/attestations/{digest}`."""


class SuiteScores(Out):
    suite: str
    frozen: bool
    """What was measured since the board was frozen is not here."""
    rows: list[SuiteRow]
