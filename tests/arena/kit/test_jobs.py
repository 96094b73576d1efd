"""The queue of record: what is promised about work, whatever happens to messages, workers and brokers.

The line here is a toy with one kind of work, so that every turn can be taken on purpose. Facts, jobs, relay, sweeper
and the control worker's wake-up are the real ones.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.bus import LIVE
from arena.kit.celery import BENCH, CONTROL
from arena.kit.db import transaction
from arena.kit.errors import Conflict
from arena.kit.facts import Fact
from arena.kit.jobs import relay, service
from arena.kit.jobs.models import Job, JobState, OutboxFact
from arena.kit.jobs.outbox import record
from arena.kit.jobs.pipeline import Air, Pipeline, Step, Work
from arena.kit.jobs.relay import pass_on, sweep
from arena.kit.jobs.service import Claim, LostLease, NotReady
from arena.kit.site import Site, open_site
from tests.support.clock import time_passes
from tests.support.portal import RecordingWaker, settings
from tests.support.services import Services
from workers.control import work as control
from workers.control.held import Held
from workers.pool.client import EngineError

BAKE = "toy.bake"
OVEN = "oven"


class CakeOrdered(Fact):
    cake: UUID


class CakeBaked(Fact):
    cake: UUID


class OvenFreed(Fact):
    pass


Handler = Callable[[Held], Awaitable[None]]


class Bakery:
    """The toy line with everything that happened on it."""

    def __init__(self, site: Site, patch: pytest.MonkeyPatch) -> None:
        self.site = site
        self.waker = RecordingWaker()
        self.told: list[tuple[UUID, str]] = []
        self.begun = 0
        self._patch = patch
        self.pipeline = Pipeline(
            works=(Work(BAKE, CONTROL, timedelta(minutes=30), self._failed),),
            steps=(Step(CakeOrdered, BAKE, lambda fact: fact.cake),),
            air=(),
            frees=((OvenFreed, OVEN),),
        )
        self.handle(bake)

    def handle(self, handler: Handler) -> None:
        async def counted(held: Held) -> None:
            self.begun += 1
            await handler(held)

        self._patch.setitem(control.RUN, BAKE, counted)

    async def _failed(self, session: AsyncSession, subject: UUID, reason: str) -> None:
        self.told.append((subject, reason))

    async def state(self, fact: Fact) -> None:
        async with transaction(self.site.sessions, self.site.bus) as session:
            record(session, fact)

    async def order(self) -> UUID:
        """A cake is ordered and its job published; returns the job's id."""
        cake = uuid4()
        await self.state(CakeOrdered(cake=cake))
        await self.relay()
        return (await self.job_of(cake)).id

    async def relay(self) -> None:
        while await pass_on(self.site, self.pipeline, self.waker):  # type: ignore[arg-type]
            pass

    async def sweep(self) -> None:
        await sweep(self.site, self.pipeline)

    async def wake(self, job_id: UUID) -> None:
        await control.wake(self.site, self.pipeline, job_id)

    async def job(self, job_id: UUID) -> Job:
        async with self.site.sessions() as session:
            return await session.get_one(Job, job_id)

    async def job_of(self, subject: UUID) -> Job:
        async with self.site.sessions() as session:
            return (await session.execute(select(Job).where(Job.subject == subject))).scalar_one()

    async def facts(self) -> list[str]:
        """What waits in the outbox, except that some job moved."""
        async with self.site.sessions() as session:
            names = (await session.execute(select(OutboxFact.name).order_by(OutboxFact.id))).scalars().all()
        return [name for name in names if name != "JobProgressed"]

    async def claim(self, job_id: UUID, owner: str = "somebody") -> Claim | None:
        async with self.site.sessions() as session, session.begin():
            job = await service.claim(session, job_id, owner)
            return Claim(job.id, job.fence) if job else None

    async def time_passes(self, seconds: float) -> None:
        await time_passes(self.site.sessions, seconds)


async def bake(held: Held) -> None:
    async with held.finishing() as session:
        record(session, CakeBaked(cake=held.subject))


@pytest.fixture
async def bakery(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bakery]:
    async with open_site(settings(database_url, services.redis_url, tmp_path)) as site:
        yield Bakery(site, monkeypatch)


# --- facts ----------------------------------------------------------------------------------------


async def test_a_fact_leaves_if_and_only_if_its_transaction_commits(bakery: Bakery) -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction(bakery.site.sessions, bakery.site.bus) as session:
            record(session, CakeOrdered(cake=uuid4()))
            await session.flush()
            raise ZeroDivisionError
    await bakery.relay()
    assert bakery.waker.control_jobs == []
    await bakery.state(CakeOrdered(cake=uuid4()))
    await bakery.relay()
    assert len(bakery.waker.control_jobs) == 1


async def test_a_fact_becomes_one_job_and_one_wake_up(bakery: Bakery) -> None:
    job_id = await bakery.order()
    for _ in range(3):
        await bakery.relay()
    assert bakery.waker.control_jobs == [job_id]
    assert await bakery.facts() == []


async def test_what_is_said_twice_before_anybody_has_begun_is_one_job(bakery: Bakery) -> None:
    cake = uuid4()
    for _ in range(2):
        await bakery.state(CakeOrdered(cake=cake))
    await bakery.relay()
    await bakery.state(CakeOrdered(cake=cake))
    await bakery.relay()
    assert bakery.waker.control_jobs == [(await bakery.job_of(cake)).id]


async def test_what_is_said_after_work_has_begun_is_another_job(bakery: Bakery) -> None:
    cake = uuid4()
    await bakery.state(CakeOrdered(cake=cake))
    await bakery.relay()
    await bakery.claim(bakery.waker.control_jobs[0])
    await bakery.state(CakeOrdered(cake=cake))
    await bakery.relay()
    assert len(set(bakery.waker.control_jobs)) == 2


async def test_relays_side_by_side_pass_each_fact_on_once(bakery: Bakery) -> None:
    cakes = [uuid4() for _ in range(20)]
    for cake in cakes:
        await bakery.state(CakeOrdered(cake=cake))
    await asyncio.gather(*(bakery.relay() for _ in range(5)))
    assert len(bakery.waker.control_jobs) == 20
    assert len({(await bakery.job_of(cake)).id for cake in cakes}) == 20


async def test_a_fact_of_a_newer_release_waits_for_that_release(bakery: Bakery) -> None:
    async with bakery.site.sessions() as session, session.begin():
        session.add(OutboxFact(name="CakeFlambéed", body={"with": "rum"}))
    await bakery.order()
    assert await bakery.facts() == ["CakeFlambéed"]


async def test_one_fact_that_cannot_be_passed_on_holds_up_no_other(bakery: Bakery) -> None:
    """It was written by another release, say, or the line has a defect; it is tried again a little later."""
    async with bakery.site.sessions() as session, session.begin():
        session.add(OutboxFact(name="CakeOrdered", body={"pie": "apple"}))
    await bakery.order()
    assert len(bakery.waker.control_jobs) == 1
    assert await bakery.facts() == ["CakeOrdered"]
    async with bakery.site.sessions() as session, session.begin():
        await session.execute(text("update outbox set body = :body"), {"body": f'{{"cake": "{uuid4()}"}}'})
    await bakery.relay()
    assert len(bakery.waker.control_jobs) == 1, "not in each round: it would crowd out the others"
    await bakery.time_passes(11)
    await bakery.relay()
    assert len(bakery.waker.control_jobs) == 2
    assert await bakery.facts() == []


async def test_pages_are_told_before_workers_are_woken(bakery: Bakery) -> None:
    """A broker that is away takes its time, and what changed is committed already."""
    heard: list[str] = []
    bakery.pipeline = replace(bakery.pipeline, air=(Air(CakeOrdered, lambda fact: ["shop-window"]),))
    async with bakery.site.bus.redis.pubsub() as ear:
        await ear.subscribe(LIVE)
        assert (await ear.get_message(timeout=20))["type"] == "subscribe"

        class Late(RecordingWaker):
            async def control(self, job_id: UUID) -> None:
                heard.extend(orjson.loads((await ear.get_message(timeout=20))["data"]))

        await bakery.state(CakeOrdered(cake=uuid4()))
        await pass_on(bakery.site, bakery.pipeline, Late())  # type: ignore[arg-type]
    assert heard == ["shop-window"]


async def test_a_relay_that_is_told_to_go_while_it_is_nudged_goes(
    bakery: Bakery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the whole worker would wait for it, and whoever ends the worker would have to kill it."""
    waits = asyncio.Event()

    async def pass_on(*_: object) -> int:
        waits.set()
        return 0

    async def listen(_: str) -> AsyncIterator[bytes]:
        await waits.wait()
        yield b"1"
        working.cancel()
        await asyncio.Event().wait()

    monkeypatch.setattr(relay, "pass_on", pass_on)
    monkeypatch.setattr(bakery.site.bus, "listen", listen)
    working = asyncio.create_task(relay.run_relay(bakery.site, bakery.pipeline, bakery.waker))  # type: ignore[arg-type]
    done, _ = await asyncio.wait([working], timeout=20)
    working.cancel()
    assert done


async def test_a_process_that_dies_between_commit_and_publish_loses_only_time(bakery: Bakery) -> None:
    class Dying(RecordingWaker):
        async def control(self, job_id: UUID) -> None:
            raise ConnectionResetError

    await bakery.state(CakeOrdered(cake=uuid4()))
    with pytest.raises(ConnectionResetError):
        await pass_on(bakery.site, bakery.pipeline, Dying())  # type: ignore[arg-type]
    await bakery.relay()
    assert bakery.waker.control_jobs == []
    await bakery.time_passes(31)
    await bakery.relay()
    assert len(bakery.waker.control_jobs) == 1


# --- one worker at a time -------------------------------------------------------------------------


async def test_a_lost_wake_up_is_sent_again(bakery: Bakery) -> None:
    job_id = await bakery.order()
    bakery.waker.control_jobs.clear()
    await bakery.time_passes(29)
    await bakery.relay()
    assert bakery.waker.control_jobs == []
    await bakery.time_passes(2)
    await bakery.relay()
    assert bakery.waker.control_jobs == [job_id]


async def test_who_stands_behind_another_s_work_is_not_called_again_and_again(bakery: Bakery) -> None:
    """In a lab's lane a wake-up waits in the broker until its turn; repeating it would only make the queue longer."""
    bakery.pipeline = replace(
        bakery.pipeline, works=(Work(BAKE, BENCH, timedelta(minutes=30), bakery._failed),)
    )
    first, second = await bakery.order(), await bakery.order()
    assert len(bakery.waker.lab_links) == 2
    claim = await bakery.claim(first)
    assert claim
    await bakery.time_passes(31)
    await bakery.relay()
    assert len(bakery.waker.lab_links) == 2
    async with bakery.site.sessions() as session, session.begin():
        await service.complete(session, claim)
    await bakery.relay()
    assert len(bakery.waker.lab_links) == 3
    assert await bakery.claim(second)


async def test_five_deliveries_are_one_run(bakery: Bakery) -> None:
    job_id = await bakery.order()
    for _ in range(5):
        await bakery.wake(job_id)
    assert bakery.begun == 1
    assert await bakery.facts() == ["CakeBaked"]
    assert (await bakery.job(job_id)).state == JobState.DONE


async def test_of_many_claimers_at_once_one_wins(bakery: Bakery) -> None:
    job_id = await bakery.order()
    claims = await asyncio.gather(*(bakery.claim(job_id, f"worker {number}") for number in range(16)))
    assert len([claim for claim in claims if claim]) == 1
    assert (await bakery.job(job_id)).attempts == 1


async def test_a_wake_up_for_nothing_is_harmless(bakery: Bakery) -> None:
    await bakery.wake(uuid4())
    assert bakery.begun == 0


async def test_heartbeats_keep_the_lease(bakery: Bakery) -> None:
    job_id = await bakery.order()
    claim = await bakery.claim(job_id)
    assert claim
    for _ in range(5):
        await bakery.time_passes(50)
        async with bakery.site.sessions() as session, session.begin():
            await service.heartbeat(session, claim)
        await bakery.sweep()
        assert await bakery.claim(job_id) is None
    await bakery.time_passes(61)
    assert await bakery.claim(job_id)


async def test_a_worker_that_was_thought_dead_writes_nothing(bakery: Bakery) -> None:
    """It slept through its lease, another took the job; whatever the first one does afterwards is refused."""
    successor: list[Claim | None] = []

    async def sleeps(held: Held) -> None:
        await bakery.time_passes(61)
        successor.append(await bakery.claim(held.claim.job_id, "successor"))
        await bake(held)

    bakery.handle(sleeps)
    job_id = await bakery.order()
    await bakery.wake(job_id)
    assert await bakery.facts() == []
    job = await bakery.job(job_id)
    assert (job.owner, job.fence) == ("successor", 2)
    zombie = Claim(job_id, 1)
    async with bakery.site.sessions() as session, session.begin():
        for write in (
            service.heartbeat(session, zombie),
            service.complete(session, zombie),
            service.fail(session, zombie, "no"),
            service.retry(session, zombie, "no"),
        ):
            with pytest.raises(LostLease):
                await write
        assert successor[0]
        await service.complete(session, successor[0])


@pytest.mark.parametrize(
    "error", [EngineError("gone"), Conflict("oven.cold", "It is cold."), NotReady(OVEN, "busy")]
)
async def test_a_worker_that_fails_after_its_lease_leaves_no_trace(bakery: Bakery, error: Exception) -> None:
    async def fails_late(held: Held) -> None:
        await bakery.time_passes(61)
        await bakery.claim(held.claim.job_id, "successor")
        raise error

    bakery.handle(fails_late)
    job_id = await bakery.order()
    await bakery.wake(job_id)
    job = await bakery.job(job_id)
    assert (job.state, job.owner, job.attempts) == (JobState.RUNNING, "successor", 2)
    assert bakery.told == []


async def test_a_worker_that_is_told_to_go_hands_its_job_back(bakery: Bakery) -> None:
    """Being told to go is no attempt, and the next worker is woken at once."""
    begun = asyncio.Event()

    async def slow(held: Held) -> None:
        begun.set()
        await asyncio.Event().wait()

    bakery.handle(slow)
    job_id = await bakery.order()
    for _ in range(4):
        begun.clear()
        running = asyncio.create_task(bakery.wake(job_id))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        job = await bakery.job(job_id)
        assert (job.state, job.attempts, job.owner) == (JobState.QUEUED, 0, None)
        bakery.waker.control_jobs.clear()
        await bakery.relay()
        assert bakery.waker.control_jobs == [job_id]
    bakery.handle(bake)
    await bakery.wake(job_id)
    assert (await bakery.job(job_id)).state == JobState.DONE


# --- failing --------------------------------------------------------------------------------------


async def test_a_handler_that_raises_is_tried_three_times_then_the_reason_stands(bakery: Bakery) -> None:
    async def burns(held: Held) -> None:
        raise RuntimeError("smoke")

    bakery.handle(burns)
    job_id = await bakery.order()
    for attempt in (1, 2, 3):
        await bakery.wake(job_id)
        job = await bakery.job(job_id)
        assert (job.state, job.attempts, job.owner) == (JobState.QUEUED, attempt, None)
        assert job.reason == "an internal error: RuntimeError"
        await bakery.time_passes(10)
    await bakery.wake(job_id)
    assert bakery.begun == 3
    await bakery.sweep()
    job = await bakery.job(job_id)
    sentence = "given up after 3 of 3 attempts; last: an internal error: RuntimeError"
    assert (job.state, job.reason) == (JobState.POISONED, sentence)
    assert bakery.told == [(job.subject, sentence)]


async def test_a_fault_gets_some_seconds_to_pass(bakery: Bakery) -> None:
    async def faults(held: Held) -> None:
        raise EngineError("starting again")

    bakery.handle(faults)
    job_id = await bakery.order()
    await bakery.wake(job_id)
    bakery.waker.control_jobs.clear()
    await bakery.time_passes(-60)  # or a slow machine would let the seconds pass by itself
    await bakery.relay()
    await bakery.wake(job_id)
    assert (bakery.begun, bakery.waker.control_jobs) == (1, [])
    await bakery.time_passes(63)
    await bakery.relay()
    assert bakery.waker.control_jobs == [job_id]
    await bakery.wake(job_id)
    assert bakery.begun == 2


async def test_a_refusal_ends_the_job_at_once(bakery: Bakery) -> None:
    async def refuses(held: Held) -> None:
        raise Conflict("oven.cold", "The oven is cold.")

    bakery.handle(refuses)
    job_id = await bakery.order()
    await bakery.wake(job_id)
    job = await bakery.job(job_id)
    assert (job.state, job.reason, job.attempts) == (JobState.FAILED, "The oven is cold.", 1)
    assert bakery.told == [(job.subject, "The oven is cold.")]


async def test_a_worker_that_dies_each_time_poisons_its_job(bakery: Bakery) -> None:
    job_id = await bakery.order()
    for _ in range(3):
        assert await bakery.claim(job_id)
        await bakery.time_passes(61)
        await bakery.sweep()
        await bakery.time_passes(10)
    job = await bakery.job(job_id)
    assert job.state == JobState.POISONED
    assert job.reason == "given up after 3 of 3 attempts; last: the worker went silent"
    assert bakery.told == [(job.subject, job.reason)]
    assert await bakery.claim(job_id) is None


async def test_a_silent_worker_s_job_is_published_again(bakery: Bakery) -> None:
    job_id = await bakery.order()
    await bakery.claim(job_id)
    bakery.waker.control_jobs.clear()
    await bakery.time_passes(61)
    await bakery.sweep()
    await bakery.time_passes(3)
    await bakery.relay()
    assert bakery.waker.control_jobs == [job_id]


@pytest.mark.parametrize("taken", [False, True])
async def test_what_is_late_ends_with_a_reason(bakery: Bakery, taken: bool) -> None:
    job_id = await bakery.order()
    claim = await bakery.claim(job_id) if taken else None
    await bakery.time_passes(30 * 60 + 1)
    assert await bakery.claim(job_id) is None, "its time is over: nobody may begin"
    await bakery.sweep()
    job = await bakery.job(job_id)
    assert job.state == JobState.POISONED
    assert (job.reason or "").startswith("its time ran out after ")
    assert [reason for _, reason in bakery.told] == [job.reason]
    if claim:
        async with bakery.site.sessions() as session:
            with pytest.raises(LostLease):
                await service.complete(session, claim)


async def test_one_row_that_cannot_be_told_holds_up_no_other(bakery: Bakery) -> None:
    """Nor is it forgotten: a job ends together with what it was about, so it is tried again until it can be told."""
    first, second = await bakery.order(), await bakery.order()
    told_of = (await bakery.job(second)).subject
    untold = (await bakery.job(first)).subject
    speechless = {untold}

    async def failed(session: AsyncSession, subject: UUID, reason: str) -> None:
        await session.execute(text("select 1 / :zero"), {"zero": 0 if subject in speechless else 1})
        bakery.told.append((subject, reason))

    bakery.pipeline = Pipeline((Work(BAKE, CONTROL, timedelta(minutes=30), failed),), (), (), ())
    await bakery.time_passes(30 * 60 + 1)
    await bakery.sweep()
    assert [subject for subject, _ in bakery.told] == [told_of]
    assert (await bakery.job_of(untold)).state == JobState.QUEUED
    speechless.clear()
    await bakery.sweep()
    assert [subject for subject, _ in bakery.told] == [told_of, untold]
    assert (await bakery.job_of(untold)).state == JobState.POISONED


# --- waiting --------------------------------------------------------------------------------------


async def no_oven(held: Held) -> None:
    raise NotReady(OVEN, "waiting for an oven")


async def test_a_job_without_its_resource_waits_and_says_for_what(bakery: Bakery) -> None:
    bakery.handle(no_oven)
    job_id = await bakery.order()
    for _ in range(7):
        await bakery.wake(job_id)
    job = await bakery.job(job_id)
    assert (job.state, job.attempts, job.reason) == (JobState.QUEUED, 0, "waiting for an oven")
    bakery.waker.control_jobs.clear()
    await bakery.time_passes(31)
    await bakery.relay()
    assert bakery.waker.control_jobs == [], "nobody is woken for nothing"


async def test_waiting_ends_when_the_resource_is_free(bakery: Bakery) -> None:
    bakery.handle(no_oven)
    job_id = await bakery.order()
    await bakery.wake(job_id)
    bakery.waker.control_jobs.clear()
    await bakery.state(OvenFreed())
    await bakery.relay()
    assert bakery.waker.control_jobs == [job_id]
    bakery.handle(bake)
    await bakery.wake(job_id)
    assert (await bakery.job(job_id)).state == JobState.DONE


async def test_the_sweeper_finds_who_waits_although_the_news_was_lost(bakery: Bakery) -> None:
    bakery.handle(no_oven)
    job_id = await bakery.order()
    await bakery.wake(job_id)
    bakery.waker.control_jobs.clear()
    await bakery.sweep()
    await bakery.relay()
    assert bakery.waker.control_jobs == [job_id]


# --- what the table itself refuses ----------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "reason = null",
        "deadline = null",
        "state = 'running'",
        "state = 'running', owner = 'me', lease_until = null",
        "state = 'running', owner = null, lease_until = now()",
        "owner = 'me'",
        "state = 'done'",
        "state = 'failed', reason = null, ended_at = now()",
        "state = 'poisoned', reason = null, ended_at = now()",
        "state = 'asleep'",
    ],
)
async def test_no_job_without_an_owner_or_a_reason_and_a_deadline(bakery: Bakery, change: str) -> None:
    job_id = await bakery.order()
    async with bakery.site.sessions() as session:
        with pytest.raises(IntegrityError):
            await session.execute(text(f"update jobs set {change} where id = :id"), {"id": job_id})
