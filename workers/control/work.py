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
from workers.control import duels, leaderboard, ratings
from workers.control.held import Held
from workers.pool.client import EngineError

OWNER = f"control@{socket.gethostname()}"

RUN: dict[str, Callable[[Held], Awaitable[None]]] = {
    duels.KIND: duels.run,
    ratings.KIND: ratings.run,
    leaderboard.KIND: leaderboard.run,
}

log = structlog.get_logger()


async def wake(site: Site, pipeline: Pipeline, job_id: UUID) -> None:
    """Run the job if it is free. Called for every message, so doubles and strays must be harmless."""
    async with transaction(site.sessions, site.bus) as session:
        job = await service.claim(session, job_id, OWNER)
    if job is None:
        return
    held = Held(site, job.subject, Claim(job.id, job.fence))
    try:
        await _under_heartbeat(held, RUN[job.kind])
    except LostLease:
        log.warning("lease_lost", kind=job.kind, job=str(job.id))
    except NotReady as waiting:
        async with held.writing() as (session, mine):
            await service.defer(session, mine, waiting)
    except EngineError as error:
        await _give_back(held, job.kind, f"the engine failed: {error}")
    except GavelError as error:
        async with transaction(site.sessions, site.bus) as session:
            await service.fail(session, held.claim, error.message)
            await pipeline.work(job.kind).failed(session, job.subject, error.message)
    except Exception as error:
        # A defect of ours: logged whole, tried again, poisoned by the sweeper once the attempts are used up.
        log.exception("job_crashed", kind=job.kind, job=str(job.id))
        await _give_back(held, job.kind, f"an internal error: {type(error).__name__}")


async def _give_back(held: Held, kind: str, reason: str) -> None:
    log.warning("job_retry", kind=kind, job=str(held.claim.job_id), reason=reason)
    async with transaction(held.site.sessions, held.site.bus) as session:
        await service.retry(session, held.claim, reason)
        session.info["recorded"] = True  # let the relay publish it again at once


async def _under_heartbeat(held: Held, run: Callable[[Held], Awaitable[None]]) -> None:
    work = asyncio.ensure_future(run(held))
    pulse = asyncio.create_task(held.keep())
    try:
        await asyncio.wait([work, pulse], return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()  # the pulse ended first: the lease is lost
            await asyncio.gather(work, return_exceptions=True)
            pulse.result()
        await work
    finally:
        pulse.cancel()
        await asyncio.gather(pulse, return_exceptions=True)
