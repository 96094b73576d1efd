"""What a run tells the portal while it goes on: points in batches, and checkpoints once they lie in the store.

In a thread of its own, so that reading what the child says never waits for a network.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import httpx
import structlog

from arena.submissions.contracts import FileOut
from arena.training.contracts import CHECKPOINT_FILE, AtTheLine, CheckpointKept, CheckpointWritten, Point
from workers.lab.job import JobContext, JobFailed
from workers.lab.transfer import upload

SEND_SECONDS = 1.0
"""Points are sent no more often than this."""
MOST = 500
"""Messages that the portal takes at once."""
MOST_WAITING = 50_000
"""Points that are held for a portal that does not take them; then the oldest are lost."""
LAST_WORDS_SECONDS = 15.0
"""How long they, and a last checkpoint, are offered once the child has ended."""

log = structlog.get_logger()


class Outgoing:
    """What is on its way to the portal, in order. A checkpoint is told after the points before it were, and after it
    was stored; one that a newer one has overtaken is left out."""

    def __init__(self, job: JobContext, slots: Sequence[FileOut]) -> None:
        self._job, self._slots = job, slots
        self._said: deque[Point | AtTheLine | CheckpointWritten] = deque(maxlen=MOST_WAITING)
        self._waiting: list[Point | AtTheLine | CheckpointWritten | CheckpointKept] = []
        self._stored = 0
        self._closing = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="outgoing", daemon=True)

    @property
    def lost(self) -> bool:
        """Once closed: there is a checkpoint that the portal knows nothing of."""
        return any(isinstance(one, CheckpointWritten | CheckpointKept) for one in self._waiting)

    def start(self) -> None:
        self._thread.start()

    def add(self, message: Point | AtTheLine | CheckpointWritten) -> None:
        self._said.append(message)

    def close(self) -> None:
        """Send what is left. Raises what went wrong in between, if it concerns the job."""
        self._closing.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        give_up = None
        try:
            while not self._job.stopped:
                closing = self._closing.is_set()
                self._send()
                if closing:
                    give_up = give_up or time.monotonic() + LAST_WORDS_SECONDS
                    if not self._waiting or time.monotonic() > give_up:
                        return
                    time.sleep(min(SEND_SECONDS, 0.5))
                else:
                    self._closing.wait(SEND_SECONDS)
        except Exception as error:
            self._failure = error
            self._job.kill()

    def _send(self) -> None:
        while self._said:
            self._waiting.append(self._said.popleft())
        del self._waiting[:-MOST_WAITING]
        while self._waiting:
            first = self._waiting[0]
            if isinstance(first, CheckpointWritten):
                del self._waiting[0]
                if any(isinstance(later, CheckpointWritten) for later in self._waiting):
                    continue
                try:
                    kept = self._store(first)
                except FileNotFoundError:
                    continue
                if kept is None:
                    self._waiting.append(first)  # points need not wait for a store that is away
                    if all(isinstance(one, CheckpointWritten) for one in self._waiting):
                        return
                    continue
                self._waiting.insert(0, kept)
            batch = list(takewhile(lambda one: not isinstance(one, CheckpointWritten), self._waiting))[:MOST]
            if not self._job.keep([message.model_dump(mode="json") for message in batch]):
                return
            del self._waiting[: len(batch)]

    def _store(self, written: CheckpointWritten) -> CheckpointKept | None:
        """Raises FileNotFoundError when the child has replaced it by a newer one."""
        slot = self._slots[self._stored % len(self._slots)]
        path = Path(written.folder) / CHECKPOINT_FILE
        size = path.stat().st_size
        if size > slot.max_bytes:
            raise JobFailed(f"A checkpoint has {size} bytes; the portal takes {slot.max_bytes}.", retry=False)
        try:
            with httpx.Client(timeout=30.0, trust_env=False) as client:
                digest, size = upload(client, slot.put_url, path)
        except JobFailed as failure:
            log.warning("checkpoint_not_stored", step=written.step, reason=failure.reason)
            return None
        self._stored += 1
        return CheckpointKept(
            slot=self._slots.index(slot),
            step=written.step,
            sha256=digest.hex(),
            bytes=size,
            tokens=written.tokens,
            seconds=written.seconds,
        )
