"""JSON shapes of the judges' desk. Sides are the duel's own everywhere; `mirrored` tells a page how to lay them out."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from arena.judging.contracts import CONFLICT_REASONS, SKIP_REASONS, Abstention
from arena.judging.rules import Rest
from arena.kit.schemas import In, Out
from arena.shows.judging import Criterion
from arena.votes.contracts import Choice, ExcusalKind

Score = Annotated[int, Field(ge=1, le=5, strict=True)]
GivenScores = Annotated[
    dict[Annotated[str, StringConstraints(max_length=24)], dict[Literal["left", "right"], Score]],
    Field(max_length=8),
]
Note = Annotated[str, StringConstraints(max_length=500)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class GiveVerdict(In):
    choice: Choice
    note: Note = ""
    scores: GivenScores = {}
    """Criterion -> side -> 1 to 5. They stand beside the choice; the choice alone counts."""


class VerdictOut(Out):
    ballot_id: UUID
    choice: Choice
    note: str
    scores: dict[str, dict[Literal["left", "right"], int]]
    look: Literal[1, 2]
    """2: given or confirmed in the second look."""


class KeepDraft(In):
    version: int = Field(ge=0)
    """Of the draft that this one goes on from; 0: there was none."""
    choice: Choice | None = None
    note: Note = ""
    scores: GivenScores = {}


class DraftOut(Out):
    version: int
    choice: Choice | None
    note: str
    scores: dict[str, dict[Literal["left", "right"], int]]


class Excuse(In):
    """“I cannot judge this” (skip) or “I must not” (conflict)."""

    kind: ExcusalKind
    reason: str
    text: Annotated[str, StringConstraints(max_length=300)] = ""

    @model_validator(mode="after")
    def _of_the_list(self) -> Self:
        known = SKIP_REASONS if self.kind == "skip" else CONFLICT_REASONS
        if self.reason not in known:
            raise ValueError(f"reason: one of {', '.join(known)}")
        if self.reason == "other" and not self.text:
            raise ValueError("text: say what it is")
        return self


class ExcusalOut(Out):
    kind: ExcusalKind
    reason: str
    text: str


class SecondLookOut(Out):
    until: datetime
    first: Choice | None
    """What this judge had said; nobody else's word."""


class DeskOut(Out):
    """All that one judge's desk needs of one duel. No other judge is in it."""

    duel_id: UUID
    mirrored: bool
    """This judge sees the duel's left side on the right."""
    rubric: list[Criterion]
    scores: Literal["off", "optional", "required"]
    warn_seconds: int
    skip_reasons: list[str]
    conflict_reasons: list[str]
    barred: Literal["own_entry", "conflict", "staff"] | None
    """Why this judge is not of the jury."""
    excusal: ExcusalOut | None
    draft: DraftOut | None
    second_look: SecondLookOut | None
    rest: Rest | None
    judged: int
    """Duels of this episode on which the judge is done."""
    duels: int
    """That have been put to the vote in this episode."""


class DeclareConflict(In):
    entry_id: UUID
    reason: Annotated[str, StringConstraints(min_length=1, max_length=300)]


class ConflictOut(Out):
    id: UUID
    judge: str
    entry_id: UUID
    entry: str
    reason: str
    at: datetime


class NewCalibrationItem(In):
    prompt: Text
    left: Text
    right: Text
    gold: Choice | None = None
    """The better answer, where it is known."""
    why: Annotated[str, StringConstraints(max_length=500)] = ""
    times: Literal[1, 2] = 1
    """2: each judge sees it twice, the second time among the others and with the sides turned."""

    @model_validator(mode="after")
    def _measures(self) -> Self:
        if self.gold is None and self.times == 1:
            raise ValueError("gold: without a known better answer an item has to be shown twice (times: 2)")
        return self


class CalibrationItemOut(Out):
    id: UUID
    prompt: str
    left: str
    right: str
    gold: Choice | None
    why: str
    times: int
    answered: int
    """Judges who are through with it."""


class CalibrationTask(Out):
    """What is shown to a judge: nothing tells whether it is known, or a repeat."""

    item_id: UUID
    time: Literal[1, 2]
    prompt: str
    left: str
    right: str
    mirrored: bool
    done: int
    total: int


class AnswerCalibration(In):
    time: Literal[1, 2]
    choice: Choice


class CalibrationSaid(Out):
    """After an item's last time: what the producers know of it."""

    gold: Choice | None
    why: str
    agrees: bool | None
    steady: bool | None
    """Whether both times the same was said."""


class JurorOut(Out):
    """How far one judge is with a duel; nothing of what he says."""

    name: str
    state: Literal["open", "given", "skipped", "missed", "barred"]
    reason: str | None
    """Of a skip or a conflict."""
    rest: Rest | None


class JuryOut(Out):
    ballot_id: UUID | None
    jurors: list[JurorOut]
    second_look_until: datetime | None


class AlphaOut(Out):
    value: float
    low: float
    high: float
    units: int


class CalibrationScore(Out):
    gold: int
    """Answers to items with a known better answer."""
    right: int
    repeats: int
    steady: int


class JudgeReport(Out):
    name: str
    verdicts: int
    second_looks: int
    changed: int
    """Of these, where the second word was another."""
    skips: int
    left_seen: float | None
    ties: float
    agrees: float | None
    strictness: dict[str, float]
    seconds: float | None
    """Median from the opening of the vote to the verdict."""
    calibration: CalibrationScore


class ModelReport(Out):
    id: str
    model: str
    verdicts: int
    abstained: dict[str, int]
    agrees: float | None
    """Share of its verdicts that most of the people on that duel gave, too."""


class JudgingReport(Out):
    """Of published ballots only: nobody knows a split before the reveal."""

    duels: int
    nominal: AlphaOut | None
    interval: AlphaOut | None
    judges: list[JudgeReport]
    models: list[ModelReport]


class PanelVerdictOut(Out):
    judge: str
    model: str
    weight: float
    choice: Choice | None
    abstains: Abstention | None


class PanelOut(Out):
    """The models' series, apart from judges and crowd."""

    says: Choice | None
    """None: fewer than two decided, or they are divided."""
    verdicts: list[PanelVerdictOut]
