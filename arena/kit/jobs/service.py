"""The life of a job: queued → running (leased, fenced) → done, failed or poisoned.

Claim, heartbeat and completion are single guarded UPDATEs on the database clock, so any number of workers, duplicate
messages and zombies are harmless: whoever holds the newest fence writes, everyone else is told to stop.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from arena.kit.db import Json
from arena.kit.errors import Conflict
from arena.kit.jobs.contracts import JobProgressed
from arena.kit.jobs.models import Job, JobState
from arena.kit.jobs.outbox import record

LEASE = timedelta(seconds=60)
HEARTBEAT_SECONDS = 10
RETRY_AFTER = timedelta(seconds=2)
"""Pause before the second attempt, twice that before the third: what failed may be starting again."""
REPUBLISH_AFTER = timedelta(seconds=30)
"""A wake-up not answered for this long is taken as lost, unless it stands behind work that takes longer."""

LOST_AFTER = timedelta(minutes=10)
"""A wake-up not answered for this long is sent again in any case: others' work can take days, and a broker restarts."""

now = func.clock_timestamp


class LostLease(Conflict):
    """The worker is no longer the owner: its work was given to another, or ended."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__(
            "job.lost_lease", "This worker no longer holds the job; it must stop.", job=str(job_id)
        )


class NotReady(Exception):
    """Raised while preparing a claimed job whose resource is not free: the job waits, no attempt is counted."""

    def __init__(self, resource: str, reason: str, asks: Json | None = None) -> None:
        super().__init__(reason)
        self.resource = resource
        self.reason = reason
        self.asks = asks
        """What of the resource it wants, in the words of whoever hands it out."""


@dataclass(frozen=True)
class Claim:
    """Proof of ownership; every later write carries it."""

    job_id: UUID
    fence: int


async def enqueue(
    session: AsyncSession, kind: str, queue: str, subject: UUID, limit: timedelta, max_attempts: int = 3
) -> Job:
    """Add work. `limit` bounds its whole life, waiting included."""
    job = Job(
        kind=kind,
        queue=queue,
        subject=subject,
        deadline=now() + limit,
        max_attempts=max_attempts,
        reason="queued",
    )
    session.add(job)
    await session.flush()
    return job


async def waits(session: AsyncSession, kind: str, subject: UUID) -> bool:
    """Whether such a job waits for its first attempt: it will see all that is true by then.

    Held until the transaction ends. One that is being claimed right now does not count: it may have looked already.
    """
    untouched = (
        select(Job.id)
        .where(Job.kind == kind, Job.subject == subject, Job.state == JobState.QUEUED, Job.attempts == 0)
        .with_for_update(skip_locked=True)
        .limit(1)
    )
    return (await session.execute(untouched)).first() is not None


async def claim(session: AsyncSession, job_id: UUID, owner: str, lanes: int | None = None) -> Job | None:
    """Take a queued job, or one whose owner's lease ran out. None: somebody else has it, or it has ended."""
    free = or_(
        and_(Job.state == JobState.QUEUED, Job.run_after <= now()),
        and_(Job.state == JobState.RUNNING, Job.lease_until < now()),
    )
    statement = (
        update(Job)
        .where(Job.id == job_id, free, Job.attempts < Job.max_attempts, Job.deadline > now())
        .values(
            state=JobState.RUNNING,
            owner=owner,
            lanes=lanes,
            fence=Job.fence + 1,
            attempts=Job.attempts + 1,
            lease_until=now() + LEASE,
            waiting_for=None,
            progress=None,
            reason=f"running on {owner}",
        )
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    job = (await session.execute(statement)).scalar_one_or_none()
    if job is not None:
        announce(session, job)
    return job


def due() -> ColumnElement[bool]:
    """Of jobs that wait for nothing but a worker."""
    return and_(
        Job.state == JobState.QUEUED,
        Job.run_after <= now(),
        Job.waiting_for.is_(None),
        Job.attempts < Job.max_attempts,
        Job.deadline > now(),
    )


async def give_way(session: AsyncSession, job_id: UUID) -> bool:
    """Announce the job anew, because the worker that was woken for it takes another one. False: it is not waiting."""
    statement = update(Job).where(Job.id == job_id, due()).values(published_at=None).returning(Job.id)
    gave = (await session.execute(statement)).scalar_one_or_none() is not None
    session.info["recorded"] = True
    return gave


async def defer(session: AsyncSession, job: Job, waiting: NotReady) -> None:
    """Put a just-claimed job back because what it needs is busy; the attempt is given back."""
    job.state = JobState.QUEUED
    job.owner = None
    job.lease_until = None
    job.attempts -= 1
    job.waiting_for = waiting.resource
    job.asks = waiting.asks
    job.reason = waiting.reason
    announce(session, job)
    await session.flush()


async def heartbeat(session: AsyncSession, claim: Claim, progress: Json | None = None) -> Job:
    """Extend the lease. Raises LostLease when the fence is not the newest any more."""
    values: Json = {"lease_until": now() + LEASE}
    if progress is None:
        return await _fenced(session, claim, values)
    job = await _fenced(session, claim, values | {"progress": progress})
    announce(session, job)
    return job


def announce(session: AsyncSession, job: Job) -> None:
    """Pages that show the job's subject show it anew."""
    record(session, JobProgressed(kind=job.kind, subject=job.subject))


async def complete(session: AsyncSession, claim: Claim) -> Job:
    ended = {"state": JobState.DONE, "reason": None, "owner": None, "lease_until": None, "ended_at": now()}
    return await _fenced(session, claim, ended)


async def fail(session: AsyncSession, claim: Claim, reason: str) -> Job:
    """End it for good: trying again could not help."""
    ended = {
        "state": JobState.FAILED,
        "reason": reason,
        "owner": None,
        "lease_until": None,
        "ended_at": now(),
    }
    return await _fenced(session, claim, ended)


async def cancel(
    session: AsyncSession, kind: str, subject: UUID, reason: str, besides: UUID | None = None
) -> None:
    """End it, wherever it stands: nobody wants it any more. Whoever works on it hears so at the next heartbeat.

    `besides`: the one job about the same subject that goes on.
    """
    statement = (
        update(Job)
        .where(Job.kind == kind, Job.subject == subject, Job.state.in_([JobState.QUEUED, JobState.RUNNING]))
        .where(Job.id != besides if besides is not None else true())
        .values(
            state=JobState.FAILED,
            reason=reason,
            owner=None,
            lease_until=None,
            fence=Job.fence + 1,
            ended_at=now(),
        )
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    for job in (await session.execute(statement)).scalars():
        announce(session, job)


async def retry(session: AsyncSession, claim: Claim, reason: str) -> Job:
    """Give it back after a fault. The sweeper poisons it once the attempts are used up."""
    job = await _fenced(session, claim, _given_back(reason))
    announce(session, job)
    return job


async def hand_back(session: AsyncSession, claim: Claim, reason: str) -> Job:
    """Give it back at once because the worker was told to go: that is no attempt, and no fault to let pass."""
    job = await _fenced(
        session, claim, _given_back(reason) | {"attempts": Job.attempts - 1, "run_after": now()}
    )
    announce(session, job)
    return job


def _given_back(reason: str) -> Json:
    return {
        "state": JobState.QUEUED,
        "reason": reason,
        "owner": None,
        "lease_until": None,
        "published_at": None,
        "run_after": now() + Job.attempts * literal(RETRY_AFTER),
    }


async def _fenced(session: AsyncSession, claim: Claim, values: Json) -> Job:
    statement = (
        update(Job)
        .where(Job.id == claim.job_id, Job.fence == claim.fence, Job.state == JobState.RUNNING)
        .values(**values)
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    job = (await session.execute(statement)).scalar_one_or_none()
    if job is None:
        raise LostLease(claim.job_id)
    return job


async def requeue_expired(session: AsyncSession) -> None:
    """Jobs whose worker went silent and that may be tried again."""
    # Not those that a finishing worker's transaction is holding at this very moment.
    lost = (
        select(Job.id)
        .where(Job.state == JobState.RUNNING, Job.lease_until < now(), Job.attempts < Job.max_attempts)
        .with_for_update(skip_locked=True)
    )
    silent = (
        update(Job).where(Job.id.in_(lost)).values(**_given_back("the worker went silent")).returning(Job)
    )
    for job in (await session.execute(silent)).scalars():
        announce(session, job)


async def take_hopeless(session: AsyncSession, skip: Collection[UUID]) -> Job | None:
    """Poison one job that has no attempts or no time left, none of `skip`.

    Its reason is the sentence for the person waiting.
    """
    spent = and_(
        Job.attempts >= Job.max_attempts,
        or_(Job.state == JobState.QUEUED, and_(Job.state == JobState.RUNNING, Job.lease_until < now())),
    )
    late = and_(Job.state.in_([JobState.QUEUED, JobState.RUNNING]), Job.deadline < now())
    first = (
        select(Job.id)
        .where(or_(spent, late), Job.id.not_in(skip))
        .order_by(Job.created_at)
        .with_for_update(skip_locked=True)
        .limit(1)
    )
    cause = case((Job.deadline < now(), "its time ran out"), else_="given up")
    last = case((Job.lease_until < now(), "the worker went silent"), else_=Job.reason)
    sentence = func.format(
        "%s after %s of %s attempts; last: %s", cause, Job.attempts, Job.max_attempts, last
    )
    poison = (
        update(Job)
        .where(Job.id == first.scalar_subquery())
        .values(
            state=JobState.POISONED,
            reason=sentence,
            owner=None,
            lease_until=None,
            # Whoever still works on it has lost it.
            fence=Job.fence + 1,
            ended_at=now(),
        )
        .returning(Job)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(poison)).scalar_one_or_none()


async def take_unpublished(
    session: AsyncSession, one_by_one: Collection[str] = (), limit: int = 200
) -> list[Job]:
    """Queued jobs whose wake-up was never sent or seems lost, oldest first; marks them as published now.

    In the queues `one_by_one` a wake-up waits in the broker while its worker is busy: silence then is no loss, for a
    while.
    """
    running = aliased(Job)
    busy = (
        select(running.id)
        .where(running.queue == Job.queue, running.state == JobState.RUNNING, running.lease_until > now())
        .exists()
    )
    silent = and_(Job.published_at < now() - REPUBLISH_AFTER, or_(Job.queue.not_in(one_by_one), not_(busy)))
    lost = or_(silent, Job.published_at < now() - LOST_AFTER)
    due = or_(Job.published_at.is_(None), lost)
    statement = (
        select(Job)
        .where(Job.state == JobState.QUEUED, Job.run_after <= now(), Job.waiting_for.is_(None), due)
        .order_by(Job.created_at)
        .with_for_update(skip_locked=True)
        .limit(limit)
    )
    jobs = list((await session.execute(statement)).scalars())
    if jobs:
        await session.execute(
            update(Job).where(Job.id.in_([job.id for job in jobs])).values(published_at=now())
        )
    return jobs


async def wake_waiting(session: AsyncSession, resource: str) -> None:
    """The resource is free: jobs waiting for it may be published again."""
    await session.execute(
        update(Job)
        .where(Job.state == JobState.QUEUED, Job.waiting_for == resource)
        .values(waiting_for=None, published_at=None)
    )


async def position(session: AsyncSession, job: Job) -> int:
    """How many jobs of the same queue stand before this one (0 = next)."""
    statement = select(func.count()).where(
        Job.queue == job.queue, Job.state == JobState.QUEUED, Job.created_at < job.created_at
    )
    return (await session.execute(statement)).scalar_one()


def in_good_hands() -> ColumnElement[bool]:
    """Of jobs that somebody works on who was heard of."""
    return and_(Job.state == JobState.RUNNING, Job.lease_until > now())


async def lanes(session: AsyncSession, queue: str) -> int | None:
    """How many jobs of the queue those workers do at once that are at one now. None: one of them has not said how many,
    or nobody is at work."""
    at_work = select(Job.owner, func.max(Job.lanes).label("lanes")).where(Job.queue == queue, in_good_hands())
    workers = at_work.group_by(Job.owner).subquery()
    known = case((func.bool_and(workers.c.lanes.is_not(None)), func.sum(workers.c.lanes)))
    found: int | None = (await session.execute(select(known))).scalar_one()
    return found


async def latest(session: AsyncSession, subject: UUID) -> Job | None:
    statement = select(Job).where(Job.subject == subject).order_by(Job.created_at.desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()
