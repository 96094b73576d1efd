"""What the portal and the lab say to each other about a benchmark run. Frozen messages, nothing else."""

import hashlib
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import rfc8785
from pydantic import Field, FiniteFloat, StringConstraints, field_validator, model_validator

from arena.benchmarks.faults import CODES
from arena.kit.facts import Fact
from arena.kit.schemas import Contract, Words
from arena.nodes.attestation import Attestation, Wanted
from arena.submissions.contracts import AdapterRef, Check

JOB_KIND = "benchmarks.run"


Extent = Literal["air", "full"]
"""`air`: the few items asked at admission and for the stage. `full`: all of them, for the night."""

Scorer = Literal["gym", "exact", "number", "format", "contains", "letter"]
"""How a written answer is judged. A closed set: a suite names one of these, and never brings code.

`gym`: the generator's own verifier. `exact`: the accepted answer and nothing else. `number`: the last number in the
text. `format`: the demands written beside the question. `contains`: the accepted answer somewhere in the text.
`letter`: the option by its letter. All but the first are in `scoring.py`.
"""

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class GymSource(Contract):
    """Questions made from the suite's seed by reasoning-gym."""

    kind: Literal["gym"] = "gym"
    dataset: str
    """The generator's name in reasoning-gym."""
    config: dict[str, Any] = {}
    """Its parameters, besides seed and size."""


class FileSource(Contract):
    """Questions that somebody wrote down: one JSON object a line, in the published order (`rows.in_order`)."""

    kind: Literal["file"] = "file"
    sha256: Sha256
    """Of the file, which lies beside the suite (shipped) or in the site's store (imported)."""


class FamilySpec(Contract):
    """One task of a suite: questions of one kind, scored together."""

    name: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,59}$")]
    title: dict[str, str]
    """What people read, by language: `zh`, `en`."""
    source: Annotated[GymSource | FileSource, Field(discriminator="kind")]
    kind: Literal["choice", "generate"]
    """`choice`: the likeliest of `options` answers wins. `generate`: the scorer judges the text."""
    items: int = Field(ge=1)
    air: int = Field(ge=0)
    """How many of them are asked on air: the first ones of the published order. 0: none."""
    options: int = 4
    """For `choice`: how many a question has, at most."""
    distractors: Literal["pool", "swap"] = "pool"
    """For `choice` out of a generator, the wrong options: other items' answers of like length, or the answer with two
    words exchanged."""
    chance: float = Field(ge=0, lt=1)
    """What guessing scores."""
    max_tokens: int = Field(default=16, ge=1, le=512)
    """For `generate`: the length of an answer."""
    scorer: Scorer = "gym"
    until: tuple[str, ...] = ("\n",)
    """For `generate`: what ends an answer."""


def air_indices(family: FamilySpec) -> list[int]:
    """Which items of a family are asked on air. Rows in a file stand in an order in which any beginning has as many of
    each stratum as can be; what a generator makes has no order to begin with. So it is the first ones.
    """
    return list(range(min(family.air, family.items)))


Seed = Annotated[int, Field(ge=0, le=2**53)] | Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
"""A number is public: its questions are a stretch of what a generator makes. 256 bits in hex are a season's own: each
question is drawn by a hash of them, so that nobody finds the others from some, or from the suite's digest."""


class SuiteSpec(Contract):
    """A benchmark, completely: the same spec gives the same questions on any machine."""

    id: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,39}$")]
    name: dict[str, str]
    version: int = Field(ge=1)
    generator: str
    """`reasoning-gym==VERSION`: another version may make other questions from the same seed."""
    seed: Seed
    """Of generated questions, and of the place of the right option in written ones."""
    families: list[FamilySpec] = Field(min_length=1)
    licence: str
    """Of the questions: an SPDX id, or what their publisher calls it."""
    canary: str
    """A GUID that stands in no other text: a model that can say how it goes on has seen the suite's files."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [family.name for family in self.families]
        if len(set(names)) != len(names):
            raise ValueError("families: two of the same name")
        return self

    @property
    def digest(self) -> str:
        """sha256 of the spec in canonical JSON (RFC 8785), and so of the files that it names too. Hex."""
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()

    @property
    def sampling_seed(self) -> int:
        """For the engine, below 2**31."""
        if isinstance(self.seed, int):
            return self.seed % 2**31
        return int.from_bytes(hashlib.sha256(f"{self.seed}/sampling".encode()).digest()) % 2**31

    def indices(self, extent: Extent) -> dict[str, list[int]]:
        """What is asked, by family. A family of which nothing is asked is left out."""
        asked = {
            family.name: air_indices(family) if extent == "air" else list(range(family.items))
            for family in self.families
        }
        return {name: listed for name, listed in asked.items() if listed}

    @property
    def files(self) -> list[str]:
        """The files that it needs, by sha256."""
        return [family.source.sha256 for family in self.families if isinstance(family.source, FileSource)]


class SystemPrompt(Contract):
    """An entry that is a system prompt: what is to be known of it beside its scores."""

    template: str
    """The frozen template with the system text in it; `{prompt}` is its only placeholder."""
    question_tokens: int = Field(ge=0)
    """Room that must be left for a question of the show, and (`answer_tokens`) for the answer to it."""
    answer_tokens: int = Field(ge=1)


class Answer(Contract):
    """What the engine said to one request: how likely one option of a choice is, or a text."""

    task: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{0,59}$")]
    index: int = Field(ge=0)
    option: int = Field(default=0, ge=0, lt=100)
    """Of a choice."""
    logprob: FiniteFloat | None = None
    greedy: bool | None = None
    """Whether the model would have said this option by itself."""
    text: Words | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.text is None) != (self.logprob is not None and self.greedy is not None):
            raise ValueError("either a text, or a log-probability and whether it is the greedy one")
        return self


class BenchmarkContract(Contract):
    run_id: str
    suite: SuiteSpec
    items: dict[str, list[int]]
    """What is asked: the indices of questions, by task."""
    files: dict[str, str] = {}
    """A link to each file of the suite, by its sha256."""
    known: list[Answer] = []
    """What an earlier attempt has answered on such an engine: it is not asked again."""
    engine_url: str
    engine_token: str
    adapter: AdapterRef | None = None
    """What the lab asks the node to load before it measures."""
    must_differ: bool = False
    """An adapter that answers as the base model does is not worth measuring. The house does so by design."""
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
    options: list[Words] = []
    logprobs: list[FiniteFloat] = []
    """Of a choice, for each option."""
    normalised: list[FiniteFloat] = []
    """The same for each character of the option: a long one is unlikely whatever it says."""
    extracted: Words = ""
    """What was read out of the answer, and so what was judged."""
    detail: dict[str, Any] = {}
    """How it was judged: `scorer`; of a choice also `ahead`, by how much the likeliest option was, and `greedy`."""


class Fault(Contract):
    """Why there is no score, found before the first question was asked. Trying again would not help."""

    code: str
    """One of `faults.CODES`."""
    message: Words

    @field_validator("code")
    @classmethod
    def _listed(cls, code: str) -> str:
        if code not in CODES:
            raise ValueError(f"{code} is not on the list of faults")
        return code


class BenchmarkResult(Contract):
    """Instead of tasks and samples there is a `refusal` when the entry cannot be asked the questions at all, or a
    `fault` when that is so for another reason."""

    refusal: Check | None = None
    fault: Fault | None = None
    tasks: list[TaskScore]
    samples: list[Sample]
    lm_eval_version: str
    scorer_digest: Sha256
    """Of what has judged the answers. It changes with the scorers, the harness or the generator with its verifiers."""
    suite_digest: str
    fingerprint: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = None
    """The adapter's greedy answer as the node took it at loading. None when the contract named no adapter to load."""
    effect: bool = True
    """Whether any probe prompt was answered differently from the untuned base model without a system prompt."""
    attestation: Attestation | None = None
    """As the node signed it, so a lab can leave it out but not make it up."""
    items_digest: str = ""
    """sha256 over the questions, options and answers as they were asked, in hex. Empty when nothing was."""


class BenchmarkFinished(Fact):
    submission_id: UUID
    season_id: UUID


ORDERED_KIND = "benchmarks.suite"
"""The job of a run that somebody has ordered; `JOB_KIND` is the one by which a version is admitted."""


class RunOrdered(Fact):
    """It waits in the state `queued`."""

    run_id: UUID


RESCORE_KIND = "benchmarks.rescore"


class Kept(Contract):
    """An answer as it was stored: the text, and of a choice how likely each option was."""

    task: str
    index: int
    answer: Words
    logprobs: list[FiniteFloat] = []


class RescoreContract(Contract):
    """The stored answers of a run, to be judged again. No engine is asked."""

    suite: SuiteSpec
    items: dict[str, list[int]]
    files: dict[str, str] = {}
    """A link to each file of the suite, by its sha256."""
    answers: list[Kept]


class Judged(Contract):
    task: str
    index: int
    answer: Words
    extracted: Words
    correct: bool


class RescoreResult(Contract):
    suite_digest: str
    items_digest: str
    """Of the questions as they are made now: other questions were not answered by these answers."""
    scorer_digest: Sha256
    samples: list[Judged]
    tasks: list[TaskScore]


class RescoreAsked(Fact):
    run_id: UUID


class ScoreChanged(Fact):
    """A score of a version was voided, set, lifted or judged again."""

    submission_id: UUID
    season_id: UUID
