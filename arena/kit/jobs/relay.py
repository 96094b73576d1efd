"""The relay carries committed facts onward, and the sweeper finds what got lost. Both run in every control worker.

`FOR UPDATE SKIP LOCKED` lets any number of them run side by side.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.bus import NUDGE
from arena.kit.celery import CONTROL, LAB_QUEUES, Waker
from arena.kit.db import transaction
from arena.kit.facts import Fact
from arena.kit.jobs import service
from arena.kit.jobs.models import OutboxFact
from arena.kit.jobs.pipeline import Pipeline
from arena.kit.site import Site

BATCH = 200
POLL_SECONDS = 1.0
SWEEP_SECONDS = 5.0
HELD = timedelta(seconds=10)
"""How long a fact that could not be passed on is put aside before it is tried again."""

log = structlog.get_logger()


async def pass_on(site: Site, pipeline: Pipeline, waker: Waker) -> int:
    """Turn waiting facts into jobs and live updates, then send wake-ups; returns how many facts were taken up."""
    channels: set[str] = set()
    async with transaction(site.sessions, site.bus) as session:
        # A fact that only a newer release knows is left for that release.
        waiting = (
            select(OutboxFact)
            .where(OutboxFact.name.in_(Fact.registry))
            .where(or_(OutboxFact.held_until.is_(None), OutboxFact.held_until < func.clock_timestamp()))
            .order_by(OutboxFact.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        rows = [(row.id, row.name, row.body) for row in (await session.execute(waiting)).scalars()]
        passed, held = [], []
        for number, name, body in rows:
            try:
                async with session.begin_nested():
                    channels |= await _follow(session, pipeline, Fact.registry[name].model_validate(body))
                passed.append(number)
            except Exception:
                # One fact that cannot be read or followed holds up no other.
                log.exception("fact_not_passed_on", fact=name, number=number)
                held.append(number)
        if passed:
            await session.execute(delete(OutboxFact).where(OutboxFact.id.in_(passed)))
        if held:
            aside = update(OutboxFact).where(OutboxFact.id.in_(held))
            await session.execute(aside.values(held_until=func.clock_timestamp() + HELD))
        jobs = await service.take_unpublished(session, one_by_one=LAB_QUEUES)
        wake_ups = [(job.queue, job.id) for job in jobs]
    # After the commit: a process that dies here has lost hints, which gateways and the sweeper make up for.
    # Pages first, as a broker that is away takes its time.
    await site.bus.touch(channels)
    for queue, job_id in wake_ups:
        await _wake(site, waker, queue, job_id)
    return len(rows)


async def _follow(session: AsyncSession, pipeline: Pipeline, fact: Fact) -> set[str]:
    """What the line says follows from the fact; returns the live channels that it changes."""
    for work, subject in pipeline.started_by(fact):
        # What is ordered, cancelled and ordered again while the relay is away is one piece of work.
        if not await service.waits(session, work.kind, subject):
            await service.enqueue(session, work.kind, work.queue, subject, work.limit, work.max_attempts)
    for resource in pipeline.freed_by(fact):
        await service.wake_waiting(session, resource)
    return pipeline.channels(fact)


async def _wake(site: Site, waker: Waker, queue: str, job_id: UUID) -> None:
    if queue == CONTROL:
        await waker.control(job_id)
    else:
        await waker.lab(queue, site.links.job(str(job_id)))


async def sweep(site: Site, pipeline: Pipeline) -> None:
    """Give silent workers' jobs back, end hopeless ones with their reason, let waiting ones try again."""
    async with transaction(site.sessions, site.bus) as session:
        await service.requeue_expired(session)
        for resource in {resource for _, resource in pipeline.frees}:
            await service.wake_waiting(session, resource)
        # The next pass of the relay publishes whatever became due here.
        session.info["recorded"] = True
    untold: set[UUID] = set()
    while await _end_hopeless(site, pipeline, untold):
        pass


async def _end_hopeless(site: Site, pipeline: Pipeline, untold: set[UUID]) -> bool:
    """Poison one job and tell the row it was about, both or neither.

    One by one: a row that cannot be told holds up no other. It goes into `untold`, and the next sweep tries again.
    """
    async with transaction(site.sessions, site.bus) as session:
        job = await service.take_hopeless(session, untold)
        if job is None:
            return False
        about = {"kind": job.kind, "job": str(job.id), "reason": job.reason}
        job_id = job.id
        try:
            await pipeline.work(job.kind).failed(session, job.subject, job.reason or "")
            await session.flush()
        except Exception:
            log.exception("poisoned_subject_not_told", **about)
            await session.rollback()
            untold.add(job_id)
        else:
            log.warning("job_poisoned", **about)
        return True


async def run_relay(site: Site, pipeline: Pipeline, waker: Waker) -> None:
    """Forever: pass on after each nudge, and at least every second."""
    nudged = asyncio.Event()

    async def hear() -> None:
        while True:
            try:
                async for _ in site.bus.listen(NUDGE):
                    nudged.set()
            except (RedisError, OSError) as error:
                log.warning("relay_deaf", error=str(error))
                await asyncio.sleep(POLL_SECONDS)

    listener = asyncio.create_task(hear())
    try:
        while True:
            nudged.clear()
            try:
                while await pass_on(site, pipeline, waker) == BATCH:
                    pass
            except SQLAlchemyError as error:
                log.error("relay_failed", error=str(error))
            # Not `wait_for`: before Python 3.12 it takes a nudge of the same moment for the end of being cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await nudged.wait()
    finally:
        listener.cancel()


async def run_sweeper(site: Site, pipeline: Pipeline) -> None:
    """Forever, every five seconds."""
    while True:
        try:
            await sweep(site, pipeline)
        except SQLAlchemyError as error:
            log.error("sweep_failed", error=str(error))
        await asyncio.sleep(SWEEP_SECONDS)
