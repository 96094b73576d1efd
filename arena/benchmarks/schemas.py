"""JSON shapes of benchmarks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from arena.benchmarks.contracts import Extent, FamilySpec, Scorer, SuiteSpec, air_indices
from arena.benchmarks.models import BenchmarkRun, BenchmarkSample, RunState
from arena.benchmarks.rules import Changed, overall
from arena.kit.schemas import Out
from arena.submissions.public import Entry, EntryKind, Submission


class FamilyOut(Out):
    """One task of a suite: what is asked, how often, and what judges an answer."""

    name: str
    title: dict[str, str]
    kind: Literal["choice", "generate"]
    source: Literal["gym", "file"]
    made_by: str
    """The generator's name, or the sha256 of the file that holds the questions."""
    items: int
    air: list[int]
    """Which of them are asked for the stage, counted from 0."""
    options: int
    chance: float
    max_tokens: int
    scorer: Scorer

    @classmethod
    def of(cls, family: FamilySpec) -> "FamilyOut":
        source = family.source
        return cls(
            name=family.name,
            title=family.title,
            kind=family.kind,
            source=source.kind,
            made_by=source.dataset if source.kind == "gym" else source.sha256,
            items=family.items,
            air=air_indices(family),
            options=family.options if family.kind == "choice" else 0,
            chance=family.chance,
            max_tokens=family.max_tokens,
            scorer=family.scorer,
        )


class SealedSeed(Out):
    """The seed that a season has drawn for its suites: what was promised, and what it was once it is released."""

    commitment: str
    seed: str | None


class SuiteOut(Out):
    """A suite as the season asks it."""

    id: str
    name: dict[str, str]
    version: int
    digest: str
    """Of the suite with its published seed."""
    licence: str
    canary: str
    generator: str
    seed: int | str | None
    """Null while the season keeps the one that it has drawn."""
    seed_commitment: str | None
    """Null when the questions come from the seed that was published with the suite."""
    families: list[FamilyOut]

    @classmethod
    def of(cls, suite: SuiteSpec, sealed: SealedSeed | None) -> "SuiteOut":
        return cls(
            id=suite.id,
            name=suite.name,
            version=suite.version,
            digest=suite.digest,
            licence=suite.licence,
            canary=suite.canary,
            generator=suite.generator,
            seed=sealed.seed if sealed else suite.seed,
            seed_commitment=sealed.commitment if sealed else None,
            families=[FamilyOut.of(family) for family in suite.families],
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


class Scored(Out):
    """Whose run or score it is."""

    entry_id: UUID
    name: str
    kind: EntryKind
    version: int

    @classmethod
    def of(cls, entry: Entry, submission: Submission) -> "Scored":
        return cls(entry_id=entry.id, name=entry.name, kind=entry.kind, version=submission.version)


class RunWaits(Out):
    """Why nothing is asked at this moment, and until when it is worth waiting."""

    reason: str
    position: int
    deadline: datetime


class Voided(Out):
    reason: str
    by: str
    at: datetime


class Overridden(Voided):
    score: float


class Marks(Out):
    """What was decided about a run, and what has changed since."""

    void: Voided | None = None
    override: Overridden | None = None
    """On a finished run: what is shown in place of its score."""
    stale: list[Changed] = []


class RunOut(Marks):
    id: UUID
    submission_id: UUID
    entry: Scored
    suite: str
    suite_digest: str
    extent: Extent
    state: RunState
    answered: int
    total: int
    waiting: RunWaits | None
    cancellable: bool
    """By whoever asks. The run of an admission is by nobody: withdrawing the version ends that too."""
    reason: str | None
    code: str | None
    """What `reason` is called in `faults.CODES`; null for any other."""
    tasks: list[TaskOut]
    accuracy: AccuracyOut | None
    ordered_by: str | None
    """Null for the run that every version gets at admission."""
    engine_build: str
    hardware_class: str
    attestation: str | None
    """Digest of what the engine's node stated and signed for this run."""
    lm_eval_version: str | None
    items_digest: str | None
    scorer_digest: str | None
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(
        cls,
        run: BenchmarkRun,
        entry: Scored,
        marks: Marks,
        *,
        ordered_by: str | None,
        cancellable: bool,
        waiting: RunWaits | None,
    ) -> "RunOut":
        tasks = [TaskOut.model_validate(task) for task in run.tasks]
        total = overall([(task.score, task.stderr) for task in tasks])
        return cls(
            **marks.model_dump(),
            id=run.id,
            submission_id=run.submission_id,
            entry=entry,
            suite=run.suite,
            suite_digest=run.suite_digest,
            extent=run.extent,
            state=run.state,
            answered=run.answered,
            total=run.total,
            waiting=waiting,
            cancellable=cancellable,
            reason=run.reason,
            code=run.code,
            tasks=tasks,
            accuracy=AccuracyOut.model_validate(total) if total else None,
            ordered_by=ordered_by,
            engine_build=run.node.get("engine_build", ""),
            hardware_class=run.node.get("hardware_class", ""),
            attestation=run.node.get("attestation"),
            lm_eval_version=run.lm_eval_version,
            items_digest=run.items_digest,
            scorer_digest=run.scorer_digest,
            created_at=run.created_at,
            ended_at=run.ended_at,
        )


class RunPage(Out):
    items: list[RunOut]
    total: int
    """That match."""
    page: int
    """From 1."""
    pages: int


class SampleOut(Out):
    task: str
    index: int
    question: str
    expected: str
    answer: str
    extracted: str | None
    """What was read out of a written answer and judged; null where nothing had to be read out of it."""
    correct: bool
    options: list[str]
    logprobs: list[float]
    """Of each option, natural logarithm, unnormalised: the largest is the answer."""

    @classmethod
    def of(cls, row: BenchmarkSample) -> "SampleOut":
        written = not row.options and bool(row.detail)
        return cls(
            task=row.task,
            index=row.index,
            question=row.question,
            expected=row.expected,
            answer=row.answer,
            extracted=row.extracted if written else None,
            correct=row.correct,
            options=row.options,
            logprobs=row.logprobs,
        )


class SamplePage(Out):
    items: list[SampleOut]
    total: int
    """That match."""
    page: int
    """From 1."""
    pages: int

    @classmethod
    def of(cls, rows: Sequence[BenchmarkSample], total: int, page: int, size: int) -> "SamplePage":
        items = [SampleOut.of(row) for row in rows]
        return cls(items=items, total=total, page=page, pages=max(1, -(-total // size)))


class ReproduceOut(Out):
    """How anybody computes a run's scores again."""

    command: str
    """To be run inside the folder."""
    judge: str
    """Run after it: judges what lm_eval has logged, and says for each question whether it agrees with this site."""
    judged: list[str]
    """The tasks whose answers plain lm_eval cannot judge."""
    folder: str
    """Address of the folder, as .zip."""
