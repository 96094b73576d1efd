"""The relay carries committed facts onward, and the sweeper finds what got lost. Both run in every control worker.

`FOR UPDATE SKIP LOCKED` lets any number of them run side by side.
"""

import asyncio

import structlog
from redis.exceptions import RedisError
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from arena.kit.bus import NUDGE
from arena.kit.celery import CONTROL, Waker
from arena.kit.db import transaction
from arena.kit.facts import Fact
from arena.kit.jobs import service
from arena.kit.jobs.models import Job, OutboxFact
from arena.kit.jobs.pipeline import Pipeline
from arena.kit.site import Site

BATCH = 200
POLL_SECONDS = 1.0
SWEEP_SECONDS = 5.0

log = structlog.get_logger()


async def pass_on(site: Site, pipeline: Pipeline, waker: Waker) -> int:
    """Turn waiting facts into jobs and live updates, then send wake-ups; returns how many facts were passed on."""
    channels: set[str] = set()
    async with transaction(site.sessions, site.bus) as session:
        # A fact that only a newer release knows is left for that release.
        waiting = (
            select(OutboxFact)
            .where(OutboxFact.name.in_(Fact.registry))
            .order_by(OutboxFact.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        rows = list((await session.execute(waiting)).scalars())
        for row in rows:
            fact = Fact.registry[row.name].model_validate(row.body)
            for work, subject in pipeline.started_by(fact):
                await service.enqueue(session, work.kind, work.queue, subject, work.limit, work.max_attempts)
            for resource in pipeline.freed_by(fact):
                await service.wake_waiting(session, resource)
            channels |= pipeline.channels(fact)
        if rows:
            await session.execute(delete(OutboxFact).where(OutboxFact.id.in_([row.id for row in rows])))
        jobs = await service.take_unpublished(session)
    # After the commit: a process that dies here has lost a wake-up, which the sweeper sends again.
    for job in jobs:
        await _wake(site, waker, job)
    await site.bus.touch(channels)
    return len(rows)


async def _wake(site: Site, waker: Waker, job: Job) -> None:
    if job.queue == CONTROL:
        await waker.control(job.id)
    else:
        await waker.lab(site.links.job(str(job.id)))


async def sweep(site: Site, pipeline: Pipeline) -> None:
    """Give silent workers' jobs back, end hopeless ones with their reason, let waiting ones try again."""
    async with transaction(site.sessions, site.bus) as session:
        await service.requeue_expired(session)
        for resource in {resource for _, resource in pipeline.frees}:
            await service.wake_waiting(session, resource)
        # The next pass of the relay publishes whatever became due here.
        session.info["recorded"] = True
    while await _end_hopeless(site, pipeline):
        pass


async def _end_hopeless(site: Site, pipeline: Pipeline) -> bool:
    """Poison one job and tell the row it was about. One by one: a row that cannot be told holds up no other."""
    async with transaction(site.sessions, site.bus) as session:
        job = await service.take_hopeless(session)
        if job is None:
            return False
        reason = job.reason or ""
        log.warning("job_poisoned", kind=job.kind, job=str(job.id), reason=reason)
        try:
            async with session.begin_nested():
                await pipeline.work(job.kind).failed(session, job.subject, reason)
        except Exception:
            log.exception("poisoned_subject_not_told", kind=job.kind, subject=str(job.subject))
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
            try:
                await asyncio.wait_for(nudged.wait(), POLL_SECONDS)
            except TimeoutError:
                continue
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
