"""What the portal and the lab say to each other about a benchmark run. Frozen messages, nothing else."""

import hashlib
from typing import Any, Literal

import rfc8785
from pydantic import BaseModel, ConfigDict, Field

JOB_KIND = "benchmarks.run"


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FamilySpec(Message):
    """One family of procedurally made questions, scored as one task."""

    name: str
    title: dict[str, str]
    """What people read, by language: `zh`, `en`."""
    dataset: str
    """The generator's name in reasoning-gym."""
    config: dict[str, Any]
    """Its parameters, besides seed and size."""
    kind: Literal["choice", "generate"]
    """`choice`: the likeliest of `options` answers wins. `generate`: the text is judged by the family's own verifier."""
    items: int = Field(ge=1)
    options: int = 4
    chance: float = Field(ge=0, lt=1)
    """What guessing scores."""
    max_tokens: int = 16
    """For `generate`: the length of an answer."""


class SuiteSpec(Message):
    """A benchmark, completely: the same spec gives the same questions on any machine."""

    id: str
    name: dict[str, str]
    version: int
    seed: int
    families: list[FamilySpec]

    @property
    def digest(self) -> str:
        """sha256 of the spec in canonical JSON (RFC 8785). Hex."""
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()


class BenchmarkContract(Message):
    run_id: str
    suite: SuiteSpec
    engine_url: str
    engine_token: str
    model: str
    """The adapter's engine name; never the base model."""
    base_model: str
    template: str
    """The frozen prompt template of the base model; `{prompt}` is its only placeholder."""
    seed: int
    concurrency: int = Field(ge=1, le=64)


class TaskScore(Message):
    """`score` = (accuracy - chance) / (1 - chance); `stderr` belongs to `score`, on the same scale."""

    task: str
    n: int
    accuracy: float
    stderr: float
    chance: float
    score: float


class Sample(Message):
    """One question as it was asked and answered."""

    task: str
    index: int
    question: str
    expected: str
    answer: str
    correct: bool
    logprobs: list[float] | None = None
    """For `choice`: the log-likelihood of each option, in the order of the item's options."""


class BenchmarkResult(Message):
    tasks: list[TaskScore]
    samples: list[Sample]
    lm_eval_version: str
    suite_digest: str
