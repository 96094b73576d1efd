"""The lab's Celery app: `python -m workers.lab` runs it.

The process that runs this has no database and no key of the portal; a wake-up is a link, the link is the permission.
"""

import os

import structlog
from celery import Celery

from arena.kit.celery import LAB, LAB_TASK, make_celery
from workers.lab.runner import run_job

log = structlog.get_logger()


def create_app(redis_url: str) -> Celery:
    app = make_celery("gavel-lab", redis_url)
    app.conf.update(task_default_queue=LAB, worker_pool="solo", worker_concurrency=1)
    app.task(name=LAB_TASK)(wake)
    return app


def wake(job_url: str) -> None:
    """Answer one wake-up, if it points at our own portal."""
    portal = os.environ.get("GAVEL_INTERNAL_URL") or os.environ.get("GAVEL_PUBLIC_URL")
    if portal and not job_url.startswith(portal.rstrip("/") + "/"):
        log.warning("foreign_wake_up")
        return
    run_job(job_url)


app = create_app(os.environ.get("GAVEL_REDIS_URL", "redis://127.0.0.1:6379/0"))
