"""What a measurement of speed is called, what its runner needs, what it finds, and the facts about it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, FiniteFloat

from arena.benchmarks.contracts import SuiteSpec
from arena.kit.facts import Fact
from arena.kit.schemas import Contract, Words
from arena.submissions.contracts import AdapterRef

RUN, DRAW, SCORE = "speed.run", "speed.draw", "speed.score"

Kind = Literal["duel", "quiz"]
Who = Literal["a", "b", "house"]
WHO: tuple[Who, Who, Who] = ("a", "b", "house")

Void = Literal["not_exclusive", "throttled", "attestation_changed", "lease_lost", "stopped"]
"""Why what was measured does not count."""

Positive = Annotated[FiniteFloat, Field(gt=0)]


class Racer(Contract):
    who: Who
    adapter: AdapterRef
    rendered: list[str]
    """What is asked, inside the racer's frozen template: an entry's own system prompt is in it, because what it costs
    is part of its speed. The first is for the warm-up alone."""


class SpeedPlan(Contract):
    """All that the runner needs."""

    run_id: UUID
    kind: Kind
    seed: int
    blocks: int
    temperature: float
    top_p: float
    stop: list[str]
    """For the quiz, whose answers end by themselves. A duel's answers are of fixed length."""
    max_tokens: list[int]
    """For each thing that is asked."""
    racers: list[Racer]


class Measured(Contract):
    """One request and its answer: everything that was stamped, in microseconds from the moment the request was handed
    to the socket. The definitions of "time to first token" that are in use elsewhere can all be read off it."""

    number: int
    block: int | None
    """None: a warm-up, thrown away."""
    who: Who
    ask: int
    cache_salt: str
    head_us: int
    chunk_us: int
    arrived_us: list[int]
    """When each token was there. The first is the time to first token that is scored."""
    end_us: int
    prompt_tokens: int
    finish_reason: str
    text: Words | None
    """Of a quiz, for the scorer. What a duel says at a fixed length means nothing and is not kept."""
    engine: dict[str, Any] | None
    """What the engine itself measured; its first token counts from when it began to compute, without the queue."""


class Ratio(Contract):
    """A ratio of two racers within the same block: its median over the blocks, and a 95 % interval of that."""

    median: Positive
    lo: Positive
    hi: Positive
    blocks: list[Positive]


Metric = Literal["first_token", "decode", "whole"]
METRICS: tuple[Metric, ...] = ("first_token", "decode", "whole")
Outcome = Literal["a", "b", "tie"]


class MetricResult(Contract):
    """`a`, `b` and `house` are medians over blocks, in milliseconds, or in tokens a second for `decode`. They hold on
    this machine alone; the ratios hold on any. None: there is no such number, and then there is no ratio either."""

    metric: Metric
    a: Positive | None
    b: Positive | None
    house: Positive | None
    a_to_house: Ratio | None
    b_to_house: Ratio | None
    a_to_b: Ratio | None
    outcome: Outcome | None
    """Who is faster by `a_to_b`; `tie` is too close to call."""


class Given(Contract):
    """One racer's answer to one question."""

    correct: bool
    ms: Positive
    tokens: int
    answer: str | None
    """As far as moderation lets it be shown. None: it does not, or has not been asked."""


class QuizLine(Contract):
    question: str
    expected: str
    a: Given
    b: Given
    house: Given


Axis = Literal["accuracy", "time_to_answer", "first_token", "decode", "evenness"]
AXES: tuple[Axis, ...] = ("accuracy", "time_to_answer", "first_token", "decode", "evenness")


class AxisValues(Contract):
    """Larger is better on every axis. Accuracy and evenness are shares; the other three say how many times as fast as
    the house, which is 1. None: there is no such number."""

    axis: Axis
    a: FiniteFloat | None
    b: FiniteFloat | None
    house: FiniteFloat | None


class SpeedResult(Contract):
    metrics: list[MetricResult]
    quiz: list[QuizLine]
    """Empty for a duel, as are the axes."""
    axes: list[AxisValues]


class Question(Contract):
    family: str
    index: int
    question: Words
    expected: Words
    max_tokens: int = Field(ge=1)


class QuizContract(Contract):
    """The lab makes the questions: the generator is not installed where the database is."""

    suite: SuiteSpec
    items: dict[str, list[int]]
    """Which questions of it, by family."""
    files: dict[str, str]
    """A link to each file of the suite, by its sha256."""


class DrawContract(QuizContract):
    pass


class DrawResult(Contract):
    suite_digest: str
    items_digest: str
    questions: list[Question]


class AnswerGiven(Contract):
    who: Who
    family: str
    index: int
    text: str


class ScoreContract(QuizContract):
    answers: list[AnswerGiven]


class Score(Contract):
    who: Who
    family: str
    index: int
    correct: bool


class ScoreResult(Contract):
    items_digest: str
    scores: list[Score]


class SpeedReady(Fact):
    """There is something to ask, and somebody to be asked."""

    run_id: UUID


class SpeedReleased(Fact):
    season_id: UUID


class QuizStarted(Fact):
    run_id: UUID


class QuizAnswered(Fact):
    run_id: UUID
