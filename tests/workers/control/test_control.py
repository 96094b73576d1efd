"""The control worker as a process lives it: it ends when it is told to, or when it cannot do its work any more."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from arena.config import Settings
from arena.kit.celery import CONTROL
from arena.kit.jobs.models import Job, JobState
from arena.kit.jobs.service import enqueue
from arena.kit.site import Site, open_site
from arena.ratings.contracts import RECOMPUTE
from tests.support.portal import settings
from tests.support.services import Services
from workers.control import __main__ as process
from workers.control import work
from workers.control.held import Held


@pytest.fixture
def wanted(services: Services, database_url: str, tmp_path: Path) -> Settings:
    return settings(database_url, services.redis_url, tmp_path)


@pytest.fixture
async def site(wanted: Settings) -> AsyncIterator[Site]:
    async with open_site(wanted) as opened:
        yield opened


async def queued(site: Site) -> Job:
    async with site.sessions() as session, session.begin():
        return await enqueue(session, RECOMPUTE, CONTROL, uuid4(), timedelta(minutes=10))


async def seen(site: Site, job: Job) -> Job:
    async with site.sessions() as session:
        return await session.get_one(Job, job.id)


def endless(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Work that never ends by itself; the event tells that it has begun."""
    begun = threading.Event()

    async def run(held: Held) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setitem(work.RUN, RECOMPUTE, run)
    return begun


async def in_hand(control: process.Control, job: Job, begun: threading.Event) -> "asyncio.Task[None]":
    """The job, taken by one of Celery's threads."""
    thread = asyncio.create_task(asyncio.to_thread(control.wake, str(job.id)))
    assert await asyncio.to_thread(begun.wait, 20)
    return thread


async def handed_back(site: Site, job: Job) -> None:
    found = await seen(site, job)
    assert (found.state, found.attempts, found.owner) == (JobState.QUEUED, 0, None)
    assert found.reason == "the worker was shut down"


async def test_who_is_told_to_go_hands_its_jobs_back(
    wanted: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, job, other = endless(monkeypatch), await queued(site), await queued(site)
    control = process.Control(wanted)
    await asyncio.to_thread(control.start)
    thread = await in_hand(control, job, begun)
    control.leave()
    await asyncio.wait_for(thread, 20)
    await handed_back(site, job)
    await asyncio.to_thread(control.stop)
    await asyncio.to_thread(control.wake, str(other.id))
    assert (await seen(site, other)).attempts == 0, "who leaves takes nothing new"


async def test_a_defect_ends_the_whole_process(
    wanted: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread waits for ever for a loop that is no more: a process that only looks alive is replaced by nobody."""
    broken = threading.Event()

    async def run_sweeper(*_: object) -> None:
        await asyncio.to_thread(broken.wait)
        raise ZeroDivisionError

    killed: list[int] = []
    monkeypatch.setattr(process, "run_sweeper", run_sweeper)
    monkeypatch.setattr(os, "kill", lambda _, number: killed.append(number))
    begun, job, other = endless(monkeypatch), await queued(site), await queued(site)
    control = process.Control(wanted)
    await asyncio.to_thread(control.start)
    thread = await in_hand(control, job, begun)
    broken.set()
    await asyncio.wait_for(thread, 20)
    await handed_back(site, job)
    await asyncio.to_thread(control.stop)
    assert killed == [signal.SIGTERM]
    await asyncio.to_thread(control.wake, str(other.id))
