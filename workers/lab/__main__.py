"""`python -m workers.lab`: one lab worker, until it is told to stop."""

from typing import Any

from celery.signals import worker_shutting_down

from arena.kit.celery import serve
from arena.kit.logging import configure
from workers.lab.app import WIDTHS, app
from workers.lab.runner import interrupt

QUEUES = [queue for queue, width in WIDTHS.items() if width]
THREADS = sum(WIDTHS.values()) + 6
"""More than lanes: a wake-up may come in while its queue is being shut, and then waits here."""


def _give_back(**_: Any) -> None:
    interrupt()


def main() -> None:
    configure("lab")
    worker_shutting_down.connect(_give_back)
    # Neither gossip, mingle nor heartbeat: they need broadcast channels, which the lab's broker account does not have.
    serve(
        app,
        [
            "--pool=threads", f"--concurrency={THREADS}", f"--queues={','.join(QUEUES)}", "--loglevel=WARNING",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
