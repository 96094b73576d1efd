"""JSON shapes of duels. Before reveal no field here can tell which entry is on which side."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.duels.contracts import Outcome, SideName
from arena.duels.models import AttentionView, Duel, DuelState, ProgramAction, ProgramDecision
from arena.duels.program import Air
from arena.duels.queries import SideView, Turns, seen_state
from arena.duels.turns import DuelKind
from arena.kit.jobs.models import Job, JobState
from arena.kit.schemas import In, Out
from arena.submissions.public import EntryKind

OffAir = Literal["replaced", "dumped"]


class EntryName(Out):
    id: UUID
    name: str
    kind: EntryKind


class SideOut(Out):
    text: str
    tokens: int
    finished: bool
    finish_reason: str | None
    off_air: OffAir | None
    """A card stands where the answer was."""
    ai_generated: Literal[True] = True
    entry: EntryName | None
    """Null until reveal, unless the reader is a producer."""


class TurnOut(Out):
    """A turn that is over on air."""

    turn: int
    prompt: str
    left: SideOut
    right: SideOut


class DuelOut(Out):
    id: UUID
    episode_id: UUID
    number: int
    prompt: str
    """The first one; a debate's topic."""
    kind: DuelKind
    turns: int
    """How many there will be."""
    turn: int
    """The one that is on air, or was last."""
    asked: str
    """What both are asked in this turn; in a debate the topic, to which each replies by replying to the other."""
    state: DuelState
    reason: str | None
    forfeit: SideName | None
    """The side that failed twice by its own doing and lost without a vote."""
    revealed: bool
    left: SideOut
    """In this turn."""
    right: SideOut
    earlier: list[TurnOut]

    @classmethod
    def of(cls, duel: Duel, turns: Turns, see_names: bool) -> "DuelOut":
        def side(view: SideView) -> SideOut:
            entry = EntryName.model_validate(view.entry) if see_names or duel.revealed_at else None
            return SideOut(
                text=view.text,
                tokens=view.tokens,
                finished=view.finished,
                finish_reason=view.finish_reason,
                off_air=off_air(view.off_air),
                entry=entry,
            )

        *earlier, now = (
            TurnOut(
                turn=one.number,
                prompt=one.prompt,
                left=side(one.sides["left"]),
                right=side(one.sides["right"]),
            )
            for one in turns
        )
        return cls(
            id=duel.id,
            episode_id=duel.episode_id,
            number=duel.number,
            prompt=duel.prompt,
            kind=duel.kind,
            turns=duel.turns,
            turn=now.turn,
            asked=now.prompt,
            state=seen_state(duel, turns[-1].sides),
            reason=duel.reason if see_names else None,
            forfeit=duel.forfeit,
            revealed=duel.revealed_at is not None,
            left=now.left,
            right=now.right,
            earlier=earlier,
        )


class ImageKept(Out):
    digest: str


class AttemptOut(Out):
    """For producers: where it was tried, and what came of each side."""

    number: int
    node_id: UUID
    started_at: datetime
    ended_at: datetime | None
    left: Outcome | None
    right: Outcome | None
    reason: str | None


def off_air(air: Air | None) -> OffAir | None:
    return air if air == "replaced" or air == "dumped" else None


class Steer(In):
    """What a moderator or a producer does with the program of a duel."""

    action: ProgramAction
    side: SideName | None = None
    """One side; both when it is left out. A dump is always of both."""
    turn: int | None = Field(default=None, ge=1)
    """The one that is on air when it is left out. A dump is always of all."""
    reason: Annotated[str, StringConstraints(max_length=200)] | None = None


class ProgramSide(Out):
    """One side before the hold: for those who decide what goes on air, and for nobody else."""

    text: str
    """All that has been recorded, as the model said it."""
    on_air: int
    """How many characters of it are on air."""
    cleared: int
    """How many characters moderation has passed."""
    tokens: int
    aired: int
    ended: bool
    """The model has finished."""
    air: Air
    unjudged: str | None
    """Why nothing more is cleared: moderation cannot be asked."""
    next_at: datetime | None
    """When the next token is old enough to go on air; null when none waits."""


class ProgramTurn(Out):
    turn: int
    prompt: str
    left: ProgramSide
    right: ProgramSide


class DecisionOut(Out):
    turn: int
    side: SideName
    action: ProgramAction
    by: str | None
    """A name; null when moderation decided."""
    at: datetime
    reason: str | None
    category: str | None
    tokens: int
    aired: int

    @classmethod
    def of(cls, row: ProgramDecision, turn: int, by: str | None) -> "DecisionOut":
        return cls(
            turn=turn,
            side=row.side,
            action=row.action,
            by=by,
            at=row.created_at,
            reason=row.reason,
            category=row.category,
            tokens=row.tokens,
            aired=row.aired,
        )


class ProgramOut(Out):
    """The program of one duel: both sides and every decision, the newest last."""

    duel_id: UUID
    number: int
    prompt: str
    kind: DuelKind
    turns: int
    turn: int
    """The one that is on air."""
    asked: str
    state: DuelState
    """The engine's; what is on air comes later."""
    hold_seconds: int
    over: bool
    """The engine has ended and nothing is left to go on air."""
    left: ProgramSide
    """In the turn that is on air."""
    right: ProgramSide
    earlier: list[ProgramTurn]
    ahead: list[ProgramTurn]
    """Turns of which something is recorded, and which wait for the one that is on air."""
    decisions: list[DecisionOut]


class AttentionProgress(Out):
    done: int
    total: int
    note: str


class AttentionStatus(Out):
    """How far a lab is with looking at an answer's attention."""

    state: Literal["none", "waiting", "running", "done", "failed"]
    """`none`: nobody has asked for it."""
    reason: str | None
    """Why it waits, or why it failed."""
    progress: AttentionProgress | None
    deadline: datetime | None
    """When to give up on it."""

    @classmethod
    def of(cls, view: AttentionView | None, job: Job | None, see_reasons: bool = True) -> "AttentionStatus":
        if view is None:
            return cls(state="none", reason=None, progress=None, deadline=None)
        if view.state != "asked":
            why = view.reason if see_reasons else None
            return cls(state=view.state, reason=why, progress=None, deadline=None)
        running = job is not None and job.state == JobState.RUNNING
        return cls(
            state="running" if running else "waiting",
            reason=job.reason if see_reasons and job and not running else None,
            progress=AttentionProgress.model_validate(job.progress, from_attributes=False)
            if job and job.progress
            else None,
            deadline=job.deadline if job else None,
        )


class AlternativeOut(Out):
    """A token that was likely and was not said."""

    text: str | None
    """Null: it may not be read. Moderation and redaction look at it as at an answer."""
    probability: float


class TraceStep(Out):
    """One token. Probabilities are the model's own, before temperature and top-p; null where they were not recorded."""

    text: str
    """What it put into the answer: nothing while a character is incomplete, and where the answer ended."""
    probability: float | None
    entropy: float | None
    """Bits over the five likeliest tokens and the rest as one outcome: the least that the true entropy can be."""
    margin: float | None
    """The probability of the likeliest token less that of the second."""
    surprise: float | None
    """Bits."""
    alternatives: list[AlternativeOut]
    """The likeliest first; the token itself is not among them."""


class TraceSide(Out):
    entry: EntryName
    text: str
    finish_reason: str | None
    off_air: OffAir | None
    """A card stands where the answer was, and nothing of it is told."""
    ai_generated: Literal[True] = True
    steps: list[TraceStep]
    """Empty for an answer of which no alternatives were recorded."""
    attention: AttentionStatus


class TraceOut(Out):
    """What both models nearly said."""

    duel_id: UUID
    episode_id: UUID
    number: int
    turn: int
    turns: int
    prompt: str
    temperature: float
    """With which tokens were drawn."""
    left: TraceSide
    right: TraceSide


class AttentionToken(Out):
    kind: Literal["mark", "template", "system", "prompt", "answer"]
    """`mark`: the beginning of the text. `system`: of the entry's own system prompt, whose words are not shown here."""
    text: str


class AttentionLayer(Out):
    """Of each token, to which tokens up to itself it paid most attention, the mean over the layer's heads."""

    kind: Literal["sliding", "global", "rollout"]
    """`sliding`: it sees the last `window` tokens only. `rollout`: all layers together, with their residuals."""
    window: int | None
    sources: list[list[int]]
    weights: list[list[int]]
    """In ten-thousandths, rounded down, the largest first."""


class AttentionOut(Out):
    """A diagnostic view of one answer, computed once more from its tokens. It is not why the answer is what it is."""

    diagnostic: Literal[True] = True
    ai_generated: Literal[True] = True
    base_model: str
    tokens: list[AttentionToken]
    answer_from: int
    """The first token of the answer; the row before a token is the one that wrote it."""
    cut: bool
    """The end of a long answer was left out."""
    layers: list[AttentionLayer]
    rollout: AttentionLayer
