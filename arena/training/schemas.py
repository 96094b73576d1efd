"""JSON shapes of training."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.kit.schemas import In, Out
from arena.shows.training import Budget, Method, Profile, RecipeId, TrainingSpec
from arena.submissions.datasets.contracts import Form
from arena.submissions.models import SubmissionState
from arena.training.commands import Remark
from arena.training.contracts import Stopped, TrainRecord
from arena.training.models import RaceState, RunState, TrainingAction
from arena.training.rules import PresetId


class NewTraining(In):
    """What is to be trained, and for which entry: the adapter becomes its next version."""

    entry_id: UUID
    dataset: UUID
    """The version that is a verified data set."""
    spec: TrainingSpec = TrainingSpec()
    parent: UUID | None = None
    """The version whose adapter training begins with."""


class NewRace(In):
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    entries: list[NewTraining] = Field(min_length=1, max_length=12)
    seconds: int = Field(ge=10, le=86400)
    line_seconds: int = Field(default=600, ge=10, le=86400)
    """How long the first at the line waits for the others; then the race starts with who is there."""


class VersionRef(Out):
    """One version of an entry."""

    submission_id: UUID
    entry_id: UUID
    entry: str
    version: int
    state: SubmissionState


class ParentOption(VersionRef):
    """A version with whose adapter training may begin. A run that goes on with it has these numbers."""

    method: Method
    rank: int
    alpha: float
    target_modules: list[str]


class UnusableParent(VersionRef):
    """A version with whose adapter training cannot begin, and why."""

    code: str
    reason: str


class RaceRef(Out):
    id: UUID
    name: str


class TrainingWaits(Out):
    """Why nothing happens at this moment, and until when it is worth waiting."""

    reason: str
    position: int
    deadline: datetime


class TrainingProgress(Out):
    """What the lab says it does."""

    done: int
    total: int
    note: str


class TrainingDecisionOut(Out):
    action: TrainingAction
    by: str
    at: datetime


class TrainingFile(Out):
    name: str
    sha256: str
    bytes: int


class TrainingOut(Out):
    id: UUID
    entry_id: UUID
    entry: str
    dataset: VersionRef
    form: Form
    parent: VersionRef | None
    race: RaceRef | None
    at_line: bool
    base_model: str
    spec: TrainingSpec
    budget: Budget
    dtype: str
    state: RunState
    reason: str | None
    """Why it ended without an adapter or without a version."""
    code: str | None
    """What that reason is called; pages explain it in both languages."""
    detail: dict[str, Any]
    """Of a refusal: such as `step`, `row`, `peak_bytes`, `hint`."""
    attempt: int
    step: int
    tokens: int
    seconds: float
    """On the training clock."""
    loss: float | None
    """Of the newest step."""
    checkpoint_step: int | None
    """Where it goes on when it is resumed."""
    stopped: Stopped | None
    record: TrainRecord | None
    files: list[TrainingFile]
    """The adapter as it was trained; for whoever holds the entry to download."""
    result: VersionRef | None
    """The version that came of it; null for a reward model, and for a run that ended after the deadline."""
    waiting: TrainingWaits | None
    progress: TrainingProgress | None
    pausable: bool
    pauses_left: int
    paused_until: datetime | None
    """Of a paused run: whoever has not gone on with it by then has cancelled it."""
    resumable: bool
    cancellable: bool
    ordered_by: str
    decisions: list[TrainingDecisionOut]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class PointOut(Out):
    step: int
    loss: float
    learning_rate: float
    tokens: int
    tokens_per_second: float
    gradient_norm: float
    memory_bytes: int
    seconds: float
    extra: dict[str, float]
    """What only some recipes have: `margin`, `accuracy`, `reward`, `kl`, `answer_tokens`."""


class PointsOut(Out):
    stride: int
    """How far apart the given steps are, so that a long run can be drawn."""
    points: list[PointOut]


class EstimateOut(Out):
    """About what a run takes. `seconds` is null while nothing was measured in this season."""

    steps: int
    rows: int
    passes: float
    tokens: int
    seconds: float | None


class PresetOut(Out):
    id: PresetId
    spec: TrainingSpec
    estimate: EstimateOut


class RecipeOption(Out):
    id: RecipeId
    presets: list[PresetOut]
    tokens_per_second: float | None
    """Median of the season's finished runs of this recipe; null before the first."""


class TrainingOptions(Out):
    """What can be made of a data set, and within which limits."""

    form: Form
    rows: int
    tokens_per_row: int
    """About."""
    recipes: list[RecipeOption]
    """Those for its form that the track allows."""
    methods: list[Method]
    profiles: list[Profile]
    modules: list[str]
    max_rank: int
    max_length: int
    budget: Budget
    parents: list[ParentOption]
    """Of the same owner."""
    unusable_parents: list[UnusableParent]
    runs_left: int
    """Today, of whoever the data set belongs to."""
    under_way: UUID | None
    """The run that has to end before another one can be ordered."""
    closes_at: datetime | None


class TrainingRecipe(Out):
    """How anybody makes the same adapter."""

    recipe: dict[str, Any]
    """All that decides the weights, by digest."""
    command: str
    """With this platform."""
    swift: str | None
    """With ms-swift; null for what it cannot do."""
    remarks: list[Remark]
    """In what ms-swift's run differs. Pages explain them in both languages."""


class RaceRun(Out):
    """A contestant of a race, as everybody sees it."""

    entry_id: UUID
    entry: str
    recipe: RecipeId
    method: Method
    state: RunState
    at_line: bool
    step: int
    tokens: int
    seconds: float
    loss: float | None
    curve: dict[int, tuple[float, float]]
    """By step: seconds on the training clock, and the loss. Only ever grows, but when it is thinned."""
    stopped: Stopped | None
    code: str | None
    version: int | None
    """What came of it."""


class RaceOut(Out):
    id: UUID
    season_id: UUID
    name: str
    seconds: int
    state: RaceState
    line_seconds: int
    line_until: datetime | None
    """While somebody waits at the line: then it starts with who is there."""
    room: int | None
    """Before the start: how many of its runs the labs at work can take at once. Null where that is not known."""
    started_at: datetime | None
    """May lie a little ahead."""
    ends_at: datetime | None
    runs: dict[UUID, RaceRun]
    """By run."""
    created_at: datetime
