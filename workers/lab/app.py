"""The lab's Celery app: `python -m workers.lab` runs it.

The process that runs this has no database and no key of the portal; a wake-up is a link, the link is the permission.
"""

import os
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from celery import Celery, Task
from celery.signals import worker_ready

from arena.kit.celery import LAB_TASK, make_celery
from workers.lab.lanes import lane_widths
from workers.lab.runner import run_job

log = structlog.get_logger()


class Lanes:
    """So many jobs of each queue at a time as it has lanes.

    A queue whose lanes are taken is not listened to, so its wake-ups stay in the broker: for another lab, and without
    filling the threads that the other queue needs.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        self._widths = widths
        self._consumer: Any = None
        self._jobs: Counter[str] = Counter()
        """By queue: those that run, and the few that came before the queue was shut."""
        self._counting = threading.Lock()
        self._running = {queue: threading.Semaphore(width) for queue, width in widths.items()}

    def listen(self, sender: Any, **_: Any) -> None:
        """For the signal `worker_ready`, whose sender is the consumer."""
        self._consumer = sender

    def answer(self, queue: str, job_url: str) -> None:
        """Called in a thread of the pool; returns when the job has ended."""
        self._count(queue, 1)
        try:
            with self._running[queue]:
                wake(job_url)
        finally:
            self._count(queue, -1)

    def _count(self, queue: str, change: int) -> None:
        with self._counting:
            self._jobs[queue] += change
        if self._consumer is not None:
            self._consumer.call_soon(self._open_or_shut, queue)

    def _open_or_shut(self, queue: str) -> None:
        """In the consumer's own thread. Looks at what is so now: calls may come out of order."""
        if self._jobs[queue] >= self._widths[queue]:
            self._consumer.cancel_task_queue(queue)
        else:
            self._consumer.add_task_queue(queue)


def create_app(redis_url: str) -> Celery:
    app = make_celery("gavel-lab", redis_url)
    lanes = Lanes(WIDTHS)
    worker_ready.connect(lanes.listen, weak=False)

    def answer(task: Task, job_url: str) -> None:
        lanes.answer(task.request.delivery_info["routing_key"], job_url)

    app.task(answer, name=LAB_TASK, bind=True, shared=False)
    return app


def wake(job_url: str) -> None:
    """Answer one wake-up, if it points at our own portal."""
    portal = os.environ.get("GAVEL_INTERNAL_URL") or os.environ.get("GAVEL_PUBLIC_URL")
    if portal and not job_url.startswith(portal.rstrip("/") + "/"):
        log.warning("foreign_wake_up")
        return
    run_job(job_url)


WIDTHS = lane_widths(os.environ)
app = create_app(os.environ.get("GAVEL_REDIS_URL", "redis://127.0.0.1:6379/0"))
