"""JSON shapes of benchmarks."""

from datetime import datetime
from uuid import UUID

from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.models import BenchmarkRun, RunState
from arena.benchmarks.rules import Changed, overall
from arena.kit.schemas import Out


class FamilyOut(Out):
    name: str
    title: dict[str, str]
    items: int
    chance: float
    kind: str


class SuiteOut(Out):
    id: str
    name: dict[str, str]
    version: int
    digest: str
    seed: int
    families: list[FamilyOut]

    @classmethod
    def of(cls, suite: SuiteSpec) -> "SuiteOut":
        families = [FamilyOut.model_validate(family) for family in suite.families]
        return cls(
            id=suite.id,
            name=suite.name,
            version=suite.version,
            digest=suite.digest,
            seed=suite.seed,
            families=families,
        )


class TaskOut(Out):
    task: str
    n: int
    accuracy: float
    stderr: float
    chance: float
    score: float


class AccuracyOut(Out):
    value: float
    stderr: float | None
    """Null: somebody has set a score in it, and a decision has no error of measurement."""
    overridden: bool = False
    stale: bool = False
    """Made with something that has changed since."""


class Voided(Out):
    """A run that counts nowhere."""

    reason: str
    by: str
    at: datetime


class Overridden(Voided):
    """A score that somebody has set."""

    score: float


class Marks(Out):
    """What is said beside a run's figures."""

    void: Voided | None = None
    override: Overridden | None = None
    """On the run that counts: what is shown in its place."""
    stale: list[Changed] = []
    """What has changed since."""


class RunOut(Out):
    id: UUID
    submission_id: UUID
    suite: str
    suite_digest: str
    state: RunState
    reason: str | None
    tasks: list[TaskOut]
    accuracy: AccuracyOut | None
    engine_build: str
    hardware_class: str
    attestation: str | None
    """Digest of what the engine's node stated and signed for this run."""
    lm_eval_version: str | None
    items_digest: str | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, run: BenchmarkRun) -> "RunOut":
        tasks = [TaskOut.model_validate(task) for task in run.tasks]
        total = overall([(task.score, task.stderr) for task in tasks])
        return cls(
            id=run.id,
            submission_id=run.submission_id,
            suite=run.suite,
            suite_digest=run.suite_digest,
            state=run.state,
            reason=run.reason,
            tasks=tasks,
            accuracy=AccuracyOut.model_validate(total) if total else None,
            engine_build=run.node.get("engine_build", ""),
            hardware_class=run.node.get("hardware_class", ""),
            attestation=run.node.get("attestation"),
            lm_eval_version=run.lm_eval_version,
            items_digest=run.items_digest,
            created_at=run.created_at,
            ended_at=run.ended_at,
        )


class SampleOut(Out):
    task: str
    index: int
    question: str
    expected: str
    answer: str
    correct: bool


class SamplesOut(Out):
    items: list[SampleOut]
