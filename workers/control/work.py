"""One wake-up in a control worker: claim, run under heartbeat, end with done, retry or failed."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from arena.kit.db import transaction
from arena.kit.errors import GavelError
from arena.kit.jobs import service
from arena.kit.jobs.pipeline import Pipeline
from arena.kit.jobs.service import Claim, LostLease, NotReady
from arena.kit.site import Site
from arena.nodes.public import PRELOAD, RECYCLE
from workers.control import calibration, duels, leaderboard, panel, ratings, speed, talks, upkeep
from workers.control.held import Held
from workers.pool.client import EngineError

OWNER = f"control@{socket.gethostname()}"

RUN: dict[str, Callable[[Held], Awaitable[None]]] = {
    duels.KIND: duels.run,
    speed.KIND: speed.run,
    talks.PRACTICE.kind: talks.PRACTICE.run,
    talks.GATEWAY.kind: talks.GATEWAY.run,
    panel.KIND: panel.run,
    ratings.KIND: ratings.run,
    leaderboard.KIND: leaderboard.run,
    PRELOAD: upkeep.preload,
    RECYCLE: upkeep.recycle,
    calibration.KIND: calibration.run,
}

log = structlog.get_logger()


async def wake(site: Site, pipeline: Pipeline, job_id: UUID) -> None:
    """Run the job if it is free. Called for every message, so doubles and strays must be harmless.

    When it is cancelled, the job goes back to the queue as if it had not been tried.
    """
    async with transaction(site.sessions, site.bus) as session:
        job = await service.claim(session, job_id, OWNER)
    if job is None:
        return
    try:
        await _run(Held(site, job.subject, Claim(job.id, job.fence)), pipeline, job.kind)
    except LostLease:
        # Another worker has it, or it was ended: nothing more may be written, not even that we gave up.
        log.warning("lease_lost", kind=job.kind, job=str(job.id))


async def _run(held: Held, pipeline: Pipeline, kind: str) -> None:
    try:
        await _under_heartbeat(held, RUN[kind])
    except LostLease:
        raise
    except asyncio.CancelledError:
        log.info("job_handed_back", kind=kind, job=str(held.claim.job_id))
        async with transaction(held.site.sessions, held.site.bus) as session:
            await service.hand_back(session, held.claim, "the worker was shut down")
        raise
    except NotReady as waiting:
        async with held.writing() as (session, mine):
            await service.defer(session, mine, waiting)
    except EngineError as error:
        await _give_back(held, kind, f"the engine failed: {error}")
    except GavelError as error:
        async with transaction(held.site.sessions, held.site.bus) as session:
            await service.fail(session, held.claim, error.message)
            await pipeline.work(kind).failed(session, held.subject, error.message)
    except Exception as error:
        # A defect of ours: logged whole, tried again, poisoned by the sweeper once the attempts are used up.
        log.exception("job_crashed", kind=kind, job=str(held.claim.job_id))
        await _give_back(held, kind, f"an internal error: {type(error).__name__}")


async def _give_back(held: Held, kind: str, reason: str) -> None:
    log.warning("job_retry", kind=kind, job=str(held.claim.job_id), reason=reason)
    async with transaction(held.site.sessions, held.site.bus) as session:
        await service.retry(session, held.claim, reason)


async def _under_heartbeat(held: Held, run: Callable[[Held], Awaitable[None]]) -> None:
    work = asyncio.ensure_future(run(held))
    pulse = asyncio.create_task(held.keep())
    try:
        done, _ = await asyncio.wait([work, pulse], return_when=asyncio.FIRST_COMPLETED)
        # The pulse ends by itself only when the lease is lost.
        await (work if work in done else pulse)
    finally:
        work.cancel()
        pulse.cancel()
        await asyncio.gather(work, pulse, return_exceptions=True)
