"""Whose turn it is among the jobs that wait for a lab at an engine.

A lab is woken for one job and may be handed another (`turns` in the pipeline). Ranked work comes before what is only
for looking at. Among equals those come first who have the least under way, then those for whom the least was begun
within the last hour, then the oldest. Nobody waits for ever: what was begun for somebody is forgotten after an hour,
and from then on nothing that came later is ahead of him but what belongs to somebody with less under way, which ends.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks.contracts import JOB_KIND, ORDERED_KIND
from arena.benchmarks.models import BenchmarkRun
from arena.kit.celery import BENCH
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job, JobState
from arena.nodes import public as nodes
from arena.submissions import public as submissions
from arena.submissions.contracts import PROBE

RANKED = frozenset({PROBE, JOB_KIND, ORDERED_KIND})
"""Work that decides whether and where an entry stands."""
REMEMBERED = timedelta(hours=1)

Holder = UUID | None
"""A team, or a person alone; None for what is nobody's, such as the house."""


@dataclass(frozen=True)
class Waiting:
    job_id: UUID
    holder: Holder
    ranked: bool
    since: datetime


def first(
    line: Sequence[Waiting], under_way: Mapping[Holder, int], begun: Mapping[Holder, int]
) -> UUID | None:
    """`under_way` and `begun` count jobs by holder; whoever is not in them has none."""

    def order(one: Waiting) -> tuple[bool, int, int, datetime, UUID]:
        return (
            not one.ranked,
            under_way.get(one.holder, 0),
            begun.get(one.holder, 0),
            one.since,
            one.job_id,
        )

    return min(line, key=order).job_id if line else None


async def next_in_line(session: AsyncSession) -> UUID | None:
    # One lab chooses at a time: two would choose the same job, and one of them go home with nothing.
    await session.execute(select(func.pg_advisory_xact_lock(0x7E2A)))
    line = [
        Waiting(job.id, holder, job.kind in RANKED, job.created_at)
        for job, holder in await _rows(session, _held_jobs().where(jobs.due()))
    ]
    if len(line) < 2:
        return line[0].job_id if line else None
    running = _held_jobs().where(Job.state == JobState.RUNNING, Job.lease_until > jobs.now())
    lately = _held_jobs().where(Job.id.in_(nodes.leased_within(REMEMBERED)))
    return first(line, await _count(session, running), await _count(session, lately))


def _held_jobs() -> Select[Job, Holder]:
    """The jobs of the queue, and whom each is for. Its subject is a run, a version, or something of nobody's."""
    version, entry = submissions.Submission, submissions.Entry
    return (
        select(Job, entry.holder)
        .outerjoin(BenchmarkRun, BenchmarkRun.id == Job.subject)
        .outerjoin(version, version.id == func.coalesce(BenchmarkRun.submission_id, Job.subject))
        .outerjoin(entry, entry.id == version.entry_id)
        .where(Job.queue == BENCH)
    )


async def _rows(session: AsyncSession, statement: Select[Job, Holder]) -> Sequence[Row[Job, Holder]]:
    return (await session.execute(statement)).all()


async def _count(session: AsyncSession, statement: Select[Job, Holder]) -> Counter[Holder]:
    return Counter(holder for _, holder in await _rows(session, statement))
