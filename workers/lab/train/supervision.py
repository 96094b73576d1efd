"""One training process under supervision: what it says, and what makes it end.

It ends by itself (its steps, its tokens, its clock), or is asked to with SIGTERM and puts a checkpoint away (a pause, a
worker that shuts down), or is killed: at once when the lease is lost or when it needs more memory than its budget, and
later when it does not do as it was asked.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

import psutil
import structlog
from pydantic import TypeAdapter, ValidationError

from arena.kit.launch import launcher
from arena.training.contracts import (
    AtTheLine,
    CheckpointWritten,
    Event,
    Loading,
    Point,
    Ready,
    Refused,
    Told,
    Trained,
    TrainJob,
)
from workers.lab.job import Ended, JobContext
from workers.lab.loading import offline
from workers.lab.secluded import secluded
from workers.lab.train import launch
from workers.lab.train.outgoing import Outgoing

LOOK_SECONDS = 0.25
Why = Literal["leave", "pause", "clock"]
PATIENCE: dict[Why, float] = {"leave": 20.0, "pause": 300.0, "clock": 30.0}
"""How long a child may take for its checkpoint, by why it was asked for one: a long step has to end first. Of `clock`
also how long it may run over the end of a race."""
SILENT_SECONDS = 1800.0
"""A child that says nothing for so long is stuck."""
LONGEST_SECONDS = 30 * 86400.0
"""The child has its own clock, which stands still while it waits for a race to begin."""

NICE = 10
OOM_COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))
"""Where the kernel counts the processes that it has ended because memory ran out."""

log = structlog.get_logger()
_event: TypeAdapter[Event] = TypeAdapter(Event)


class Child:
    """One training process (of `ddp` several): what it says, and what makes it end."""

    def __init__(
        self, asked: TrainJob, race: bool, job: JobContext, outgoing: Outgoing, *, finishes: bool = False
    ) -> None:
        self._asked, self._race, self._job, self._outgoing = asked, race, job, outgoing
        self.finishes = finishes
        """It makes no step: it only turns a checkpoint into an adapter."""
        self.out = Path(asked.out)
        self.last: Trained | Refused | None = None
        self.written: CheckpointWritten | None = None
        """The newest checkpoint on this machine."""
        self.asked_to_end: dict[Why, float] = {}
        """By why: until when it may take."""
        self.peak = 0
        self.out_of_memory = False
        self.stuck = False
        self._broken: OSError | None = None
        self._steps = asked.budget.steps
        self._ready = threading.Event()
        self._winding_up = False
        self._heard_at = time.monotonic()
        self._stop_at: float | None = None
        """Of a race, once it has begun."""
        self._over = threading.Event()

    @property
    def came_to_an_end(self) -> bool:
        return isinstance(self.last, Trained) and self.last.stopped != "asked"

    @property
    def ran_over(self) -> bool:
        """The race is over, and it has not come in."""
        silent = not (self.came_to_an_end or isinstance(self.last, Refused) or self.out_of_memory)
        return silent and "clock" in self.asked_to_end

    def run(self, errors: Path) -> Ended:
        path = self.out.with_suffix(".json")
        path.write_text(self._asked.model_dump_json())
        how = launch.command(path, self._asked.spec.profile, self._asked.spec.processes)
        for place, text in how.files.items():
            place.write_text(text)
        say_whether_it_is_alone()
        taken_before = _taken_by_the_kernel()
        watch = threading.Thread(target=self._watch, name="watch", daemon=True)
        watch.start()
        try:
            ended = self._job.run_child(
                [*secluded(0 if self._race else NICE), *launcher(signal.SIGKILL), *how.argv],
                timeout=LONGEST_SECONDS,
                on_line=self._hear,
                environment=_environment(self._job.folder, self._asked.threads),
                stderr=errors,
                gentle=True,
            )
        finally:
            self._over.set()
            watch.join()
        if self._broken is not None:
            raise self._broken
        # Somebody else's process may have been taken meanwhile: ours, or one of several, was killed.
        killed = ended.code == -signal.SIGKILL or (ended.code != 0 and self._asked.spec.processes > 1)
        if killed and self.last is None and not (self.asked_to_end or self.stuck):
            self.out_of_memory |= _taken_by_the_kernel() != taken_before
        return ended

    # --- what it says -----------------------------------------------------------------------------------------------

    def _hear(self, line: bytes) -> None:
        """In the handler's thread, which waits for nothing but the next line."""
        try:
            event = _event.validate_json(line)
        except ValidationError as error:
            log.warning("not_an_event", line=line[:200], problems=error.error_count())
            return
        self._heard_at = time.monotonic()
        match event:
            case Loading():
                self._winding_up = self._ready.is_set()
                self._job.progress(self._done_so_far(), self._steps, event.note)
            case Ready():
                self._steps = event.steps
                self._ready.set()
                if self._race:
                    self._outgoing.add(AtTheLine())
                self._job.progress(
                    self._done_so_far(), self._steps, "at_the_line" if self._race else "training"
                )
            case Point():
                self._outgoing.add(event)
                self._job.progress(event.step, self._steps, "training")
            case CheckpointWritten():
                self.written = event
                self._outgoing.add(event)
            case Trained() | Refused():
                self.last = event

    def _done_so_far(self) -> int:
        progress = self._job.latest_progress
        return min(progress.done, self._steps) if progress is not None else 0

    # --- what makes it end ------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """A child that nobody watches is not left alone."""
        try:
            self._look()
        except OSError as error:
            self._broken = error
            self._job.kill()

    def _look(self) -> None:
        """Until it is over. A race begins at its moment, not at the next look."""
        wait = LOOK_SECONDS
        while not self._over.wait(wait):
            wait = LOOK_SECONDS
            self._look_at_memory()
            self._look_at_wishes()
            if self._race and self._ready.is_set() and self._stop_at is None:
                wait = self._look_at_the_start()
            elif time.monotonic() > self._heard_at + SILENT_SECONDS:
                self.stuck = True
                self._job.kill()

    def _look_at_memory(self) -> None:
        if launch.gpus():
            return  # the budget is the device's, and the child holds itself to it
        held = self._held()
        self.peak = max(self.peak, held)
        if held > self._asked.budget.memory_bytes:
            self.out_of_memory = True
            self._job.kill()

    def _held(self) -> int:
        """Resident bytes of all its processes; what they share counts for each."""
        total = 0
        for process in self._processes():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total

    def _processes(self) -> list[psutil.Process]:
        """What we have started, and what that has."""
        pid = self._job.child
        with suppress(psutil.Error):
            first = psutil.Process(pid) if pid is not None else None
            several = self._asked.spec.processes > 1
            return [] if first is None else [first, *(first.children(recursive=True) if several else ())]
        return []

    def _terminate(self) -> None:
        """Those that train, not who started several of them: that one would give them half a minute and no more."""
        found = self._processes()
        for process in found[1:] or found:
            with suppress(psutil.Error):
                process.terminate()

    def _look_at_wishes(self) -> None:
        told = self._told()
        if self._job.interrupted:
            self._ask_to_end("leave")
        if self.finishes:
            pass  # it is about to end, and nothing would be won by ending it before
        elif told is not None and told.pause:
            self._ask_to_end("pause")
        elif self._stop_at is not None and time.monotonic() > self._stop_at:
            self.asked_to_end.setdefault("clock", self._stop_at + PATIENCE["clock"])
        now = time.monotonic()
        if any(
            now > until for why, until in self.asked_to_end.items() if why == "leave" or not self._winding_up
        ):
            self._job.kill()

    def _ask_to_end(self, why: Why) -> None:
        if why in self.asked_to_end:
            return
        first = not self.asked_to_end
        self.asked_to_end[why] = time.monotonic() + PATIENCE[why]
        if not self._ready.is_set() or (self._race and self._stop_at is None):
            self._job.kill()  # it has nothing to put away
        elif first:
            self._terminate()

    def _look_at_the_start(self) -> float:
        """Returns how long until to look again."""
        told = self._told()
        heard = self._job.heard
        if told is None or heard is None or told.go_in is None:
            # Said anew, so that the portal is asked again at once rather than at the next beat of the heart.
            self._job.progress(self._done_so_far(), self._steps, "at_the_line")
            return LOOK_SECONDS
        go_at = heard.at + told.go_in
        left = go_at - time.monotonic()
        if left > 0:
            return min(left, LOOK_SECONDS)
        stop_at = heard.at + told.stop_in if told.stop_in is not None else go_at + self._asked.budget.seconds
        if (
            stop_at < time.monotonic()
        ):  # this attempt came too late: what an earlier one has left is all there is
            self.asked_to_end["clock"] = stop_at
            self._job.kill()
            return LOOK_SECONDS
        assert self._asked.go_file is not None
        go_file = Path(self._asked.go_file)
        draft = go_file.with_suffix(".draft")
        draft.write_text(json.dumps({"stop_at": stop_at}))
        draft.rename(go_file)
        self._stop_at = stop_at
        self._heard_at = time.monotonic()
        return LOOK_SECONDS

    def _told(self) -> Told | None:
        heard = self._job.heard
        if heard is None:
            return None
        with suppress(ValidationError):
            return Told.model_validate(heard.told)
        return None


def _environment(folder: Path, threads: int) -> dict[str, str]:
    """Nothing of the lab's but where the GPUs are."""
    devices = {
        name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH") if name in os.environ
    }
    said = {"HF_HUB_DISABLE_TELEMETRY": "1", "TRL_EXPERIMENTAL_SILENCE": "1", "GLOO_SOCKET_IFNAME": "lo"}
    return offline(folder) | devices | said | {"OMP_NUM_THREADS": str(threads)}


@cache
def say_whether_it_is_alone() -> None:
    """Once, and loud enough: whoever runs the lab believes that what trains has no network."""
    refused = refused_network()
    if refused:
        log.warning("training_has_a_network", reason=refused)


def refused_network() -> str:
    """Why the system grants no namespace here, in its words; empty: it does. Found out with a program that does
    nothing."""
    nothing = [sys.executable, "-I", "-S", "-c", ""]
    said = subprocess.run(
        [*secluded(0), *nothing], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return said.stderr.decode(errors="replace").strip()


def _taken_by_the_kernel() -> dict[Path, str]:
    found = {}
    for path in OOM_COUNTERS:
        with suppress(OSError):
            found[path] = next(
                (line for line in path.read_text().splitlines() if line.startswith("oom_kill ")), ""
            )
    return found
