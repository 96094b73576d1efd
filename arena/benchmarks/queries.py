"""Reads of benchmark runs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Person, Role
from arena.benchmarks import library
from arena.benchmarks.contracts import Answer
from arena.benchmarks.models import UNDER_WAY, BenchmarkAnswer, BenchmarkRun, BenchmarkSample
from arena.benchmarks.rules import Accuracy, overall
from arena.benchmarks.schemas import RunEntry, RunOut, SamplePage, SealedSeed
from arena.kit.errors import NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job
from arena.submissions.public import Entry, Submission

PAGE = 25
"""Questions on a page."""
SHOWN = 300
"""Runs on the producer's page, the newest."""


async def newest_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    statement = (
        select(BenchmarkRun)
        .where(BenchmarkRun.submission_id == submission_id)
        .order_by(BenchmarkRun.created_at.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def open_run(session: AsyncSession, submission_id: UUID) -> BenchmarkRun | None:
    """The run under way by which the version is admitted."""
    statement = select(BenchmarkRun).where(
        BenchmarkRun.submission_id == submission_id,
        BenchmarkRun.admission,
        BenchmarkRun.state.in_(UNDER_WAY),
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def runs_of(session: AsyncSession, submission_id: UUID, caller: Caller) -> list[RunOut]:
    """All runs of a version, the newest first."""
    return await _described(session, _runs().where(BenchmarkRun.submission_id == submission_id), caller)


async def runs_in(session: AsyncSession, season_id: UUID, caller: Caller) -> list[RunOut]:
    """The runs of a season: all that are under way, and the newest of the others."""
    mine = _runs().where(BenchmarkRun.season_id == season_id)
    moving = await _described(session, mine.where(BenchmarkRun.state.in_(UNDER_WAY)), caller)
    ended = await _described(session, mine.where(BenchmarkRun.state.not_in(UNDER_WAY)).limit(SHOWN), caller)
    return [*moving, *ended]


async def describe(session: AsyncSession, run_id: UUID, caller: Caller) -> RunOut:
    (found,) = await _described(session, _runs().where(BenchmarkRun.id == run_id), caller)
    return found


def _runs() -> Select[BenchmarkRun, Entry, Submission, str | None]:
    return (
        select(BenchmarkRun, Entry, Submission, Person.display_name)
        .join(Submission, Submission.id == BenchmarkRun.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .outerjoin(Person, Person.id == BenchmarkRun.ordered_by)
        .order_by(BenchmarkRun.created_at.desc())
        .execution_options(populate_existing=True)
    )


async def _described(
    session: AsyncSession, runs: Select[BenchmarkRun, Entry, Submission, str | None], caller: Caller
) -> list[RunOut]:
    found = []
    for run, entry, submission, name in (await session.execute(runs)).all():
        job = await _job(session, run) if run.state in UNDER_WAY else None
        found.append(
            RunOut.of(
                run,
                RunEntry.of(entry, submission),
                ordered_by=name,
                cancellable=may_cancel(run, caller),
                job=job,
                position=await jobs.position(session, job) if job is not None else 0,
            )
        )
    return found


async def _job(session: AsyncSession, run: BenchmarkRun) -> Job | None:
    """That of an admission is about the version, any other about the run."""
    return await jobs.latest(session, run.submission_id if run.admission else run.id)


def may_cancel(run: BenchmarkRun, caller: Caller) -> bool:
    """Who has ordered it, and producers: whoever else sees that it goes badly would."""
    mine = run.ordered_by is not None and caller.person is not None and run.ordered_by == caller.person.id
    return run.state in UNDER_WAY and not run.admission and (mine or caller.has(Role.PRODUCER))


async def seed_of(session: AsyncSession, season_id: UUID) -> SealedSeed | None:
    """What may be known of the season's own seed; None when its suites have their published one."""
    row = await library.season_seed(session, season_id)
    if row is None:
        return None
    out = row.released_at is not None
    return SealedSeed(
        commitment=library.commitment(row), seed=row.seed if out else None, nonce=row.nonce if out else None
    )


async def run(session: AsyncSession, run_id: UUID, lock: bool = False) -> BenchmarkRun:
    """Raises NotFound `run.not_found`."""
    found = await session.get(BenchmarkRun, run_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("run.not_found", "There is no such run.")
    return found


async def answers(session: AsyncSession, run_id: UUID) -> list[Answer]:
    """What the engine has said in this run so far, in the order of the questions."""
    statement = (
        select(BenchmarkAnswer)
        .where(BenchmarkAnswer.run_id == run_id)
        .order_by(BenchmarkAnswer.task, BenchmarkAnswer.index, BenchmarkAnswer.option)
    )
    return [
        Answer(
            task=row.task,
            index=row.index,
            option=row.option,
            logprob=row.logprob,
            greedy=row.greedy,
            text=row.text,
        )
        for row in (await session.execute(statement)).scalars()
    ]


async def samples(session: AsyncSession, run_id: UUID) -> Sequence[BenchmarkSample]:
    statement = (
        select(BenchmarkSample)
        .where(BenchmarkSample.run_id == run_id)
        .order_by(BenchmarkSample.task, BenchmarkSample.index)
    )
    return (await session.execute(statement)).scalars().all()


async def sample_page(
    session: AsyncSession, run: BenchmarkRun, task: str | None, wrong: bool, page: int
) -> SamplePage:
    """A page of the questions, in the order of the run's tasks. Beyond the last page it is the last one."""
    wanted: list[ColumnElement[bool]] = [BenchmarkSample.run_id == run.id]
    if task is not None:
        wanted.append(BenchmarkSample.task == task)
    if wrong:
        wanted.append(BenchmarkSample.correct.is_(False))
    counted = select(func.count()).select_from(BenchmarkSample).where(*wanted)
    total = (await session.execute(counted)).scalar_one()
    page = min(page, max(1, -(-total // PAGE)))
    places = {scored["task"]: place for place, scored in enumerate(run.tasks)}
    by_task = [case(places, value=BenchmarkSample.task)] if places else []
    statement = (
        select(BenchmarkSample)
        .where(*wanted)
        .order_by(*by_task, BenchmarkSample.task, BenchmarkSample.index)
        .limit(PAGE)
        .offset(PAGE * (page - 1))
    )
    rows = (await session.execute(statement)).scalars().all()
    return SamplePage.of(rows, total, page, PAGE)


async def accuracy(session: AsyncSession, submission_id: UUID) -> Accuracy | None:
    """Overall accuracy from the newest finished run; None when there is none."""
    statement = (
        select(BenchmarkRun)
        .where(BenchmarkRun.submission_id == submission_id, BenchmarkRun.state == "done")
        .order_by(BenchmarkRun.created_at.desc())
        .limit(1)
    )
    run = (await session.execute(statement)).scalar_one_or_none()
    return overall([(task["score"], task["stderr"]) for task in run.tasks]) if run else None
