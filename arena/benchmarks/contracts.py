"""What the portal and the lab say to each other about a benchmark run. Frozen messages, nothing else."""

import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

import rfc8785
from pydantic import Field, FiniteFloat, StringConstraints

from arena.kit.facts import Fact
from arena.kit.schemas import Contract, Words
from arena.nodes.attestation import Attestation, Wanted
from arena.submissions.contracts import AdapterRef, Check

JOB_KIND = "benchmarks.run"


class FamilySpec(Contract):
    """One family of procedurally made questions, scored as one task."""

    name: str
    title: dict[str, str]
    """What people read, by language: `zh`, `en`."""
    dataset: str
    """The generator's name in reasoning-gym."""
    config: dict[str, Any]
    """Its parameters, besides seed and size."""
    kind: Literal["choice", "generate"]
    """`choice`: the likeliest of `options` answers wins. `generate`: the family's own verifier judges the text."""
    items: int = Field(ge=1)
    options: int = 4
    distractors: Literal["pool", "swap"] = "pool"
    """For `choice`, the wrong options: other items' answers of like length, or the answer with two words exchanged."""
    chance: float = Field(ge=0, lt=1)
    """What guessing scores."""
    max_tokens: int = 16
    """For `generate`: the length of an answer."""
    judged: Literal["whole", "last_number"] = "whole"
    """For `generate`, what the verifier sees: everything up to the end of the line, or the last number in it."""


class SuiteSpec(Contract):
    """A benchmark, completely: the same spec gives the same questions on any machine."""

    id: str
    name: dict[str, str]
    version: int
    generator: str
    """`reasoning-gym==VERSION`: another version may make other questions from the same seed."""
    seed: int
    families: list[FamilySpec]

    @property
    def digest(self) -> str:
        """sha256 of the spec in canonical JSON (RFC 8785). Hex."""
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()


class SystemPrompt(Contract):
    """An entry that is a system prompt: what is to be known of it beside its scores."""

    template: str
    """The frozen template with the system text in it; `{prompt}` is its only placeholder."""
    question_tokens: int = Field(ge=0)
    """Room that must be left for a question of the show, and (`answer_tokens`) for the answer to it."""
    answer_tokens: int = Field(ge=1)


class BenchmarkContract(Contract):
    run_id: str
    suite: SuiteSpec
    engine_url: str
    engine_token: str
    adapter: AdapterRef | None = None
    """What the lab asks the node to load before it measures."""
    model: str
    """The adapter's engine name; never the base model."""
    base_model: str
    template: str
    """The frozen prompt template of the base model; `{prompt}` is its only placeholder."""
    system: SystemPrompt | None = None
    """When it is there, questions are asked in its template."""
    seed: int
    """For the engine's sampling; the questions come from `suite.seed`."""
    attest: Wanted | None = None
    """What the lab asks the node to state once the adapter is loaded. None: a node that signs nothing."""
    concurrency: int = Field(ge=1, le=64)

    @property
    def asked_in(self) -> str:
        """The template in which the questions are asked."""
        return self.system.template if self.system is not None else self.template


class TaskScore(Contract):
    """`score` = (accuracy - chance) / (1 - chance); `stderr` belongs to `score`, on the same scale."""

    task: str
    n: int = Field(ge=1)
    accuracy: float = Field(ge=0, le=1)
    stderr: FiniteFloat = Field(ge=0)
    chance: float = Field(ge=0, lt=1)
    score: FiniteFloat = Field(le=1)


class Sample(Contract):
    """One question as it was asked and answered."""

    task: str
    index: int
    question: Words
    expected: Words
    answer: Words
    correct: bool


class BenchmarkResult(Contract):
    """`refusal` is there instead of tasks and samples when the entry cannot be asked the questions at all."""

    refusal: Check | None = None
    tasks: list[TaskScore]
    samples: list[Sample]
    lm_eval_version: str
    suite_digest: str
    fingerprint: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    """The adapter's greedy answer as the node took it at loading. None when the contract named no adapter to load."""
    effect: bool = True
    """Whether any probe prompt was answered differently from the untuned base model without a system prompt."""
    attestation: Attestation | None = None
    """As the node signed it, so a lab can leave it out but not make it up."""
    items_digest: str
    """sha256 over the questions, options and answers as they were asked. Hex."""


class BenchmarkFinished(Fact):
    submission_id: UUID
    season_id: UUID
