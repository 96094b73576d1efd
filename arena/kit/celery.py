"""Celery, told once how to behave: it carries wake-ups, nothing else.

Messages are acknowledged at once and may be lost or doubled without harm, because the job row in PostgreSQL is the
queue of record (infra/decisions/0002). No ETA, no countdown, no result backend.
"""

import asyncio
import os
import warnings
from pathlib import Path
from uuid import UUID

import structlog
from celery import Celery
from celery.signals import worker_ready
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

CONTROL = "control"
VERIFY, BENCH, TRAIN, QUANTISE = "lab.verify", "lab.bench", "lab.train", "lab.quantise"
LAB_QUEUES = (VERIFY, BENCH, TRAIN, QUANTISE)
"""One lane for each kind of lab work: who waits for a verdict does not wait for somebody's benchmark to end."""
CONTROL_TASK = "gavel.control.wake"
LAB_TASK = "gavel.lab.wake"

log = structlog.get_logger()


def _tell_supervisor(**_: object) -> None:
    """A worker has no door to knock at: whoever started it names a file that says it has begun to listen."""
    if path := os.environ.get("GAVEL_READY_FILE"):
        Path(path).touch()


worker_ready.connect(_tell_supervisor)


def make_celery(name: str, redis_url: str) -> Celery:
    app = Celery(name, broker=redis_url.replace("unix://", "redis+socket://"))
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        task_create_missing_queues=True,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        visibility_timeout=300,
        broker_transport_options={
            "visibility_timeout": 300,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": 15,
            "socket_connect_timeout": 5,
            "socket_keepalive": not redis_url.startswith("unix"),
            "health_check_interval": 10,
            "global_keyprefix": "gavel:",
        },
    )
    return app


def serve(app: Celery, arguments: list[str]) -> None:
    """Be a worker until told to stop, without Celery's banner (which no setting turns off) and its word about root."""
    warnings.filterwarnings("ignore", message=r"You're running the worker with superuser privileges")
    app.Worker.emit_banner = lambda self: None  # the class is this app's own
    app.worker_main(["worker", *arguments])


class Waker:
    """Sends wake-ups. A broker that is away is logged and forgotten: the sweeper sends again."""

    def __init__(self, redis_url: str) -> None:
        self._celery = make_celery("gavel", redis_url)

    async def control(self, job_id: UUID) -> None:
        await self._send(CONTROL_TASK, str(job_id), CONTROL)

    async def lab(self, queue: str, job_url: str) -> None:
        await self._send(LAB_TASK, job_url, queue)

    async def _send(self, task: str, argument: str, queue: str) -> None:
        try:
            await asyncio.to_thread(self._celery.send_task, task, args=[argument], queue=queue, retry=False)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("broker_unreachable", task=task, error=str(error))
