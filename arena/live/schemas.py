"""The states that travel over channels. They are part of the API, so the web's types come from here too."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from arena.duels.public import DuelKind, OffAir, ProgramOut
from arena.duels.schemas import EntryName
from arena.kit.schemas import Out
from arena.leaderboard.public import Board
from arena.nodes.public import NodeOut
from arena.practice.public import PracticeOut
from arena.rundown.public import Phase
from arena.shows.public import EpisodeOut, Preferences
from arena.submissions.public import RosterRow, SubmissionOut
from arena.training.public import RaceOut, TrainingOut
from arena.votes.public import BallotKind, BallotOut, BallotState, Count, Option, TallyOut


class StageSide(Out):
    text: str
    tokens: int
    finished: bool
    off_air: OffAir | None
    """A card stands where the answer was."""
    ai_generated: Literal[True] = True


class StageTurn(Out):
    """A turn that is over on air."""

    turn: int
    prompt: str
    left: StageSide
    right: StageSide


class StageDuel(Out):
    id: UUID
    number: int
    prompt: str
    """The first one; a debate's topic."""
    kind: DuelKind
    turns: int
    """How many there will be."""
    turn: int
    """The one that is on air, or was last."""
    asked: str
    """What both are asked in this turn; in a debate the topic."""
    state: Literal["queued", "loading", "live", "answered", "failed"]
    forfeit: Literal["left", "right"] | None
    """The side that has lost without a vote."""
    left: StageSide
    """In this turn."""
    right: StageSide
    earlier: list[StageTurn]


class JudgesIn(Out):
    submitted: int
    total: int


class StageBallot(Out):
    """What everybody may know while the vote is open: how many, never which way."""

    id: UUID
    state: BallotState
    digest: str
    """Of what was asked, of whom and for how long, since it was armed."""
    opens_at: datetime
    closes_at: datetime
    """For viewers without delay."""
    delays: dict[str, int]
    """Channel -> seconds by which it votes later."""
    locks_at: datetime
    """For judges; earlier when all have submitted."""
    counted: int
    judges: JudgesIn
    root: str | None
    teaches: Preferences
    """Whose words a model may learn from afterwards; whoever speaks is told so beside the buttons."""


class StagePoll(Out):
    """A question, a surprise or a prize beside the duel: how many, and once it is published which way."""

    id: UUID
    kind: BallotKind
    state: BallotState
    digest: str
    question_zh: str
    question_en: str
    options: list[Option]
    opens_at: datetime
    closes_at: datetime
    """For viewers without delay."""
    delays: dict[str, int]
    counted: int
    threshold: int | None
    triggered: bool
    """Enough had asked for the surprise within its window."""
    root: str | None
    result: Count | None


class StageResult(Out):
    """Only after the reveal."""

    winner: Literal["left", "right", "tie"]
    left: EntryName
    right: EntryName
    crowd: TallyOut
    judges: TallyOut
    too_close: bool
    levels: dict[str, int]
    """How the counted voters had shown who they are: level -> voters."""
    seats: dict[str, int]
    """Seat codes by then: `made`, `used`, `taken_back`; empty where the show has none."""
    votes_to_flip: int | None
    """Fewest viewers who, voting the other way, would have changed the winner."""


class Stage(Out):
    """`stage:{episode}`: the show as everyone sees it."""

    episode: EpisodeOut
    version: int
    phase: Phase
    duel: StageDuel | None
    ballot: StageBallot | None
    result: StageResult | None
    polls: list[StagePoll]
    """Those under way, and the ones published last, until the show goes on."""


class DeskBallot(BallotOut):
    """With what only those who run the show need to know."""

    alarm: dict[str, Any] | None
    """Where the second count was not equal to the first."""
    agreed: str | None
    """Who agrees that it closes before its time."""


class Program(Out):
    """`program:{episode}`: what waits for the air, for moderators and producers. Its texts are not redacted."""

    episode: EpisodeOut
    phase: Phase
    duel: ProgramOut | None
    ballots: list[DeskBallot]
    """That are open or being counted: a moderator may be the second person whom a step of theirs takes."""


class DeskEvent(Out):
    version: int
    type: str
    at: datetime
    body: dict[str, Any]


class DeskSides(Out):
    left: EntryName
    right: EntryName
    reason: str | None
    follow_ups: list[str]
    """What will be asked in later turns."""
    images: list[str]
    """Digests of what is shown beside the prompt."""


class Desk(Stage):
    """`desk:{episode}`: the producer's view: names, nodes, roster and log. No split before it is certified either."""

    ballots: list[DeskBallot]
    """All of the episode."""
    names: DeskSides | None
    roster: list[RosterRow]
    nodes: list[NodeOut]
    log: list[DeskEvent]


class Snapshot(Out):
    """`GET /api/live/{channel}`: the same state as over the socket, for when there is no socket."""

    channel: str
    epoch: str
    seq: int
    now: datetime
    state: Stage | Desk | Program | Board | SubmissionOut | PracticeOut | TrainingOut | RaceOut
