"""Reads of benchmark runs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.benchmarks import library
from arena.benchmarks.models import UNDER_WAY, BenchmarkRun, BenchmarkSample
from arena.benchmarks.rules import Accuracy, overall
from arena.benchmarks.schemas import RunEntry, RunOut, SamplePage, SealedSeed
from arena.kit.jobs import service as jobs
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
    statement = select(BenchmarkRun).where(
        BenchmarkRun.submission_id == submission_id, BenchmarkRun.state == "running"
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def runs_of(session: AsyncSession, submission_id: UUID) -> list[RunOut]:
    """All runs of a version, the newest first."""
    return await _described(session, _runs().where(BenchmarkRun.submission_id == submission_id))


async def runs_in(session: AsyncSession, season_id: UUID) -> list[RunOut]:
    """The runs of a season: all that are under way, and the newest of the others."""
    mine = _runs().where(BenchmarkRun.season_id == season_id)
    moving = await _described(session, mine.where(BenchmarkRun.state.in_(UNDER_WAY)))
    ended = await _described(session, mine.where(BenchmarkRun.state.not_in(UNDER_WAY)).limit(SHOWN))
    return [*moving, *ended]


async def describe(session: AsyncSession, run_id: UUID) -> RunOut:
    (found,) = await _described(session, _runs().where(BenchmarkRun.id == run_id))
    return found


def _runs() -> Select[tuple[BenchmarkRun, Entry, Submission, str | None]]:
    return (
        select(BenchmarkRun, Entry, Submission, Person.display_name)
        .join(Submission, Submission.id == BenchmarkRun.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .outerjoin(Person, Person.id == BenchmarkRun.ordered_by)
        .order_by(BenchmarkRun.created_at.desc())
        .execution_options(populate_existing=True)
    )


async def _described(
    session: AsyncSession, runs: Select[tuple[BenchmarkRun, Entry, Submission, str | None]]
) -> list[RunOut]:
    return [
        await _with_job(session, run, RunEntry.of(entry, submission), ordered_by)
        for run, entry, submission, ordered_by in (await session.execute(runs)).all()
    ]


async def _with_job(
    session: AsyncSession, run: BenchmarkRun, entry: RunEntry, ordered_by: str | None
) -> RunOut:
    if run.state not in UNDER_WAY:
        return RunOut.of(run, entry, ordered_by)
    # The job of an admission is about the version, any other about the run.
    job = await jobs.latest(session, run.submission_id if run.admission else run.id)
    position = await jobs.position(session, job) if job is not None else 0
    return RunOut.of(run, entry, ordered_by, job, position)


async def seed_of(session: AsyncSession, season_id: UUID) -> SealedSeed | None:
    """What may be known of the season's own seed; None when its suites have their published one."""
    row = await library.season_seed(session, season_id)
    if row is None:
        return None
    out = row.released_at is not None
    return SealedSeed(
        commitment=library.commitment(row), seed=row.seed if out else None, nonce=row.nonce if out else None
    )


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
    order: list[ColumnElement[object] | object] = [BenchmarkSample.task, BenchmarkSample.index]
    places = {scored["task"]: place for place, scored in enumerate(run.tasks)}
    if places:
        order.insert(0, case(places, value=BenchmarkSample.task))
    statement = select(BenchmarkSample).where(*wanted).order_by(*order).limit(PAGE).offset(PAGE * (page - 1))  # type: ignore[arg-type]
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
