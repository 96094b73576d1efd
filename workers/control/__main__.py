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

from arena.config import Settings
from arena.kit.celery import CONTROL, CONTROL_TASK, Waker, make_celery, serve
from arena.kit.jobs.relay import run_relay, run_sweeper
from arena.kit.logging import configure
from arena.kit.site import Site, open_site
from arena.pipeline import PIPELINE
from workers.control.watch import (
    CLOCK_SECONDS,
    LOOK_SECONDS,
    TIDY_SECONDS,
    forever,
    keep_time,
    look_at_nodes,
    tidy_uploads,
)
from workers.control.work import wake

log = structlog.get_logger()


class Control:
    """The loop thread: relay, sweeper, clock, node watch, and the jobs that Celery hands over."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._site: Future[Site] = Future()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(),), name="control"
        )

    def start(self) -> None:
        self._thread.start()
        self._site.result(timeout=30)

    def stop(self) -> None:
        if self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=15)

    def wake(self, job_id: str) -> None:
        """Called in a Celery thread; returns when the job has ended here."""
        work = wake(self._site.result(), PIPELINE, UUID(job_id))
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        async with open_site(self._settings) as site:
            waker = Waker(self._settings.redis_url)
            self._site.set_result(site)
            tasks = [
                asyncio.create_task(run_relay(site, PIPELINE, waker)),
                asyncio.create_task(run_sweeper(site, PIPELINE)),
                asyncio.create_task(forever(look_at_nodes, site, LOOK_SECONDS)),
                asyncio.create_task(forever(keep_time, site, CLOCK_SECONDS)),
                asyncio.create_task(forever(tidy_uploads, site, TIDY_SECONDS)),
            ]
            stopped = asyncio.create_task(self._stop.wait())
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if stopped not in done:
                # One of the endless tasks ended: a defect. Better no worker than one that only looks alive.
                log.error("control_loop_ended", error=repr(next(iter(done)).exception()))
                os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    configure("control")
    settings = Settings()
    control = Control(settings)
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
