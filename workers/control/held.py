"""A claimed job in the hands of this process. Every write through it carries the fence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import transaction
from arena.kit.jobs import service
from arena.kit.jobs.models import Job
from arena.kit.jobs.service import Claim
from arena.kit.site import Site

log = structlog.get_logger()


@dataclass(frozen=True)
class Held:
    site: Site
    subject: UUID
    claim: Claim

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[tuple[AsyncSession, Job]]:
        """A transaction that begins by proving, and extending, the lease. Raises LostLease."""
        async with transaction(self.site.sessions, self.site.bus) as session:
            yield session, await service.heartbeat(session, self.claim)

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[AsyncSession]:
        """The last transaction: what is written in it and the end of the job are one."""
        async with transaction(self.site.sessions, self.site.bus) as session:
            await service.complete(session, self.claim)
            yield session

    async def keep(self) -> None:
        """Heartbeats until cancelled; ends with LostLease when the job was given to another.

        A database that is away for a moment is no reason to stop: the lease outlives several missed beats.
        """
        while True:
            await asyncio.sleep(service.HEARTBEAT_SECONDS)
            try:
                async with self.writing():
                    pass
            except SQLAlchemyError as error:
                log.warning("heartbeat_failed", job=str(self.claim.job_id), error=str(error))
