"""`python -m workers.control`: the trusted worker. Celery threads receive wake-ups; one event loop does the work.

Database services are asynchronous and an engine belongs to one loop, so the loop lives in a thread of its own for the
whole life of the process and Celery's threads hand their job ids over to it.
"""

import asyncio
import os
import signal
import threading
from concurrent.futures import Future
from uuid import UUID

import structlog
from celery.signals import worker_shutting_down

from arena.config import Settings
from arena.kit.celery import CONTROL, CONTROL_TASK, Waker, make_celery, serve
from arena.kit.jobs.relay import run_relay, run_sweeper
from arena.kit.logging import configure
from arena.kit.site import Site, open_site
from arena.pipeline import PIPELINE
from workers.control.program import PROGRAM_SECONDS, keep_program
from workers.control.watch import (
    CLOCK_SECONDS,
    LOOK_SECONDS,
    TIDY_SECONDS,
    forever,
    keep_time,
    look_at_nodes,
    start_races,
    tidy_uploads,
)
from workers.control.work import wake

HAND_BACK_SECONDS = 10.0
"""Less than the grace that whoever stops this process gives it."""

log = structlog.get_logger()


class Control:
    """The loop thread: relay, sweeper, clock, program, node watch, and the jobs that Celery hands over."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._site: Future[Site] = Future()
        self._stop = asyncio.Event()
        self._door = threading.Lock()
        self._closed = False
        self._wakes: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(),), name="control"
        )

    def start(self) -> None:
        self._thread.start()
        self._site.result(timeout=30)

    def leave(self, **_: object) -> None:
        """Begin nothing more and hand back what is running. Safe in a signal handler, and more than once."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        self.leave()
        self._thread.join()

    def wake(self, job_id: str) -> None:
        """Called in a Celery thread; returns when the job has ended here or was handed back."""
        ended: Future[None] = Future()
        with self._door:
            if self._closed:
                return  # the row is still queued; its wake-up is sent again
            self._loop.call_soon_threadsafe(self._begin, UUID(job_id), ended)
        ended.result()

    def _begin(self, job_id: UUID, ended: Future[None]) -> None:
        task = self._loop.create_task(wake(self._site.result(), PIPELINE, job_id))
        self._wakes.add(task)

        def tell(_: object) -> None:
            self._wakes.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is None:
                ended.set_result(None)
            else:
                ended.set_exception(error)

        task.add_done_callback(tell)

    async def _hand_back(self) -> None:
        """Nobody may be left waiting for a loop that ends: a thread that does keeps the process, which looks alive."""
        with self._door:
            self._closed = True
        await asyncio.sleep(0)  # what came through the door before is begun, to be ended in order
        for task in self._wakes:
            task.cancel()
        if self._wakes:
            _, stuck = await asyncio.wait(self._wakes, timeout=HAND_BACK_SECONDS)
            if stuck:
                log.error("jobs_not_handed_back", jobs=len(stuck))
                os._exit(1)

    async def _run(self) -> None:
        async with open_site(self._settings) as site:
            waker = Waker(self._settings.redis_url)
            self._site.set_result(site)
            tasks = [
                asyncio.create_task(run_relay(site, PIPELINE, waker)),
                asyncio.create_task(run_sweeper(site, PIPELINE)),
                asyncio.create_task(forever(look_at_nodes, site, LOOK_SECONDS)),
                asyncio.create_task(forever(keep_time, site, CLOCK_SECONDS)),
                asyncio.create_task(forever(start_races, site, CLOCK_SECONDS)),
                asyncio.create_task(forever(keep_program, site, PROGRAM_SECONDS)),
                asyncio.create_task(forever(tidy_uploads, site, TIDY_SECONDS)),
            ]
            stopped = asyncio.create_task(self._stop.wait())
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in (*tasks, stopped):
                task.cancel()
            await asyncio.gather(*tasks, stopped, return_exceptions=True)
            await self._hand_back()
            if stopped not in done:
                # One of the endless tasks ended: a defect. Better no worker than one that only looks alive.
                log.error("control_loop_ended", error=repr(next(iter(done)).exception()))
                os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    configure("control")
    settings = Settings()
    control = Control(settings)
    worker_shutting_down.connect(control.leave)
    app = make_celery("gavel-control", settings.redis_url)
    app.task(control.wake, name=CONTROL_TASK)
    control.start()
    try:
        serve(
            app,
            [
                "-Q",
                CONTROL,
                "-P",
                "threads",
                "-c",
                "8",
                "-l",
                "WARNING",
                "--without-gossip",
                "--without-mingle",
            ],
        )
    finally:
        control.stop()


if __name__ == "__main__":
    main()
