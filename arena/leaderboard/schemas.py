"""JSON shapes of the board. A score that does not exist is null, never a number."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from arena.benchmarks.public import AccuracyOut, Extent, TaskOut
from arena.duels.files import AiLabel
from arena.kit.schemas import In, Out
from arena.leaderboard.models import Staging
from arena.leaderboard.overall import Axis
from arena.shows.public import OverallWeights
from arena.submissions.public import EntryKind


class Sealed(Out):
    """An entry that is on the board, and what of it is not told yet: everything."""

    entry_id: UUID
    name: str
    kind: EntryKind


class SpeedScore(Out):
    """How many times as fast as the house, from the request to the last token of an answer of fixed length."""

    ratio: float
    lo: float | None
    hi: float | None
    """95 % interval. Null for the house, which is as fast as itself."""
    run_id: UUID | None
    """The measurement: `/speed/{run_id}`."""
    rehearsal: bool
    """Measured on a fake engine: the figure is of no model."""


class OverallScore(Out):
    """Of 100: the axes by the season's declared weights, each brought to one scale (`leaderboard/overall.py`)."""

    value: float
    lo: float | None
    hi: float | None
    """95 % interval. Null where somebody has set a score, about whose error nothing is known."""


class BoardRow(Out):
    rank: int | None
    """The best place that it may have, by intervals over all pairs."""
    rank_to: int | None = None
    """The worst."""
    entry_id: UUID
    name: str
    kind: EntryKind
    rating: float | None
    """Creativity."""
    lo: float | None
    hi: float | None
    duels: int
    reason: str | None
    """Why there is no rating: `not_enough_duels` or `not_connected`."""
    accuracy: AccuracyOut | None
    speed: SpeedScore | None = None
    overall: OverallScore | None = None
    missing: list[Axis] = []
    """Scores that overall lacks."""


class Board(Out):
    season_id: UUID
    season: str
    version: int
    frozen: bool
    closed: bool = False
    """Nothing is shown, or, while it is being revealed, its last rows only."""
    sealed: list[Sealed] = []
    """By name: those whose rows are not shown yet."""
    staging: Staging | None = None
    """How it is being revealed."""
    computed_at: datetime
    duels: int
    close_call: bool
    rules_digest: str | None = None
    snapshot_id: UUID | None = None
    """The ratings that it shows: `/ratings/snapshots/{id}`."""
    weights: OverallWeights | None = None
    """Of the overall score. Null: the season has declared none."""
    rows: list[BoardRow]


class Freeze(In):
    frozen: Annotated[bool, Field(description="True keeps what is shown now until it is lifted.")]


class NextStep(In):
    staging: Staging | Literal["all"] = Field(
        description="How to go on. The first press chooses between the two ways; `all` shows the rest at once."
    )
    shown: int = Field(
        ge=0, description="How many rows the producer sees revealed: the same press twice is one step."
    )


class EpisodeRow(Out):
    """As it stood when the episode was over."""

    rank: int | None
    rank_to: int | None
    entry_id: UUID
    name: str
    kind: EntryKind
    rating: float | None
    lo: float | None
    hi: float | None
    duels: int
    """Of this episode alone, as far as they were revealed."""
    speed: SpeedScore | None


class EpisodeBoard(Out):
    """The season's ratings after an episode. Accuracy is measured between the shows and belongs to none of them."""

    episode_id: UUID
    number: int
    title: str
    snapshot_id: UUID | None
    """Null: nothing had been rated by then."""
    at: datetime | None
    duels: int
    """Of the episode."""
    rows: list[EpisodeRow]


class Moment(Out):
    snapshot_id: UUID
    at: datetime
    duels: int
    ratings: dict[UUID, float]
    """Of those that had one."""


class History(Out):
    """How the ratings have moved, the oldest first; thinned evenly when there are many."""

    entries: list[Sealed]
    moments: list[Moment]


class BoardFile(Out):
    """The board as it was shown."""

    ai_generated: bool
    ai_label: AiLabel
    format: str
    board: Board


class OriginDuel(Out):
    duel_id: UUID
    ballot_id: UUID
    """What was voted, checkable: `/check/{ballot_id}`."""
    episode_id: UUID
    episode: int
    number: int
    opponent: Sealed
    crowd: tuple[int, int, int, int]
    judges: tuple[int, int, int, int]
    """Counted: for this entry, for the other one, tie, both bad."""


class OriginSuite(Out):
    suite: str
    weight: float
    """In the overall accuracy; 0 for a suite that does not count there."""
    accuracy: AccuracyOut | None
    run_id: UUID | None


class OriginRun(Out):
    run_id: UUID
    episode_id: UUID
    number: int
    kind: Literal["duel", "quiz"]
    void: bool
    counts: bool
    """Whether the speed on the board is this one's."""


class Origins(Out):
    """What every figure in a row of the board follows from."""

    row: BoardRow
    version: int | None
    """In which accuracy and speed were measured."""
    snapshot_id: UUID | None
    rules_digest: str | None
    weights: OverallWeights | None
    duels: list[OriginDuel] | None
    """Null for ratings of an earlier release, which did not say."""
    suites: list[OriginSuite]
    speed: list[OriginRun]


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
    """What was measured since the board was frozen or closed is not here."""
    rows: list[SuiteRow]
