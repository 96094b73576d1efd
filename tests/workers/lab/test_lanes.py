"""A real lab worker on the real broker: who waits for a verdict does not wait for a benchmark."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from arena.kit.celery import BENCH, QUANTISE, TRAIN, VERIFY, Waker
from tests.support.lab_portal import LabPortal, serve_lab_portal
from tests.support.services import Services
from workers.lab.lanes import lane_widths

WORKER = """
import time
from pydantic import BaseModel
from workers.lab import runner
from workers.lab.__main__ import main

class Result(BaseModel):
    answer: int = 42

def long(contract, job):
    while True:
        job.check()
        time.sleep(0.01)

runner.HEARTBEAT_SECONDS = runner.PROGRESS_SECONDS = 0.05
runner.HANDLERS |= {"short": lambda contract, job: Result(), "long": long}
main()
"""


def wait_for(condition: Callable[[], object]) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def lanes() -> int:
    return 1


@pytest.fixture
def worker(services: Services, tmp_path: Path, lanes: int) -> Iterator[subprocess.Popen[bytes]]:
    services.forget()
    ready = tmp_path / "ready"
    environment = {
        **os.environ,
        "GAVEL_REDIS_URL": services.redis_url,
        "GAVEL_READY_FILE": str(ready),
        "GAVEL_BENCH_LANES": str(lanes),
    }
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", WORKER], env=environment, cwd=root) as process:
        try:
            wait_for(lambda: ready.exists() or process.poll() is not None)
            yield process
        finally:
            process.kill()


def test_each_kind_has_its_own_lane(services: Services, worker: subprocess.Popen[bytes]) -> None:
    waker = Waker(services.redis_url)

    def publish(queue: str, portal: LabPortal) -> None:
        asyncio.run(waker.lab(queue, portal.job_url))

    with ExitStack() as stack:
        benches = [stack.enter_context(serve_lab_portal()) for _ in range(12)]
        verifications = [stack.enter_context(serve_lab_portal()) for _ in range(3)]
        for bench in benches:
            bench.kind = "long"
            publish(BENCH, bench)

        def running() -> list[LabPortal]:
            return [
                bench for bench in benches if bench.calls and not (bench.lease_lost or bench.bodies("fail"))
            ]

        wait_for(running)
        for verification in verifications:
            verification.kind = "short"
            publish(VERIFY, verification)
        wait_for(lambda: all(verification.bodies("complete") for verification in verifications))
        (first,) = running()
        first.lease_lost = True
        wait_for(lambda: running() and running() != [first])
        (second,) = running()

        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        (told,) = second.bodies("fail")
        assert (told["retry"], told["counted"]) == (True, False)
        assert len([bench for bench in benches if bench.calls]) == 2


@pytest.mark.parametrize("lanes", [2])
def test_benchmarks_run_side_by_side_up_to_the_lanes(
    services: Services, worker: subprocess.Popen[bytes]
) -> None:
    """And the third waits in the broker, where another lab can take it."""
    waker = Waker(services.redis_url)
    with ExitStack() as stack:
        benches = [stack.enter_context(serve_lab_portal()) for _ in range(4)]
        for bench in benches:
            bench.kind = "long"
            asyncio.run(waker.lab(BENCH, bench.job_url))

        def running() -> list[LabPortal]:
            return [bench for bench in benches if bench.calls and not bench.lease_lost]

        wait_for(lambda: len(running()) == 2)
        verification = stack.enter_context(serve_lab_portal())
        verification.kind = "short"
        asyncio.run(waker.lab(VERIFY, verification.job_url))
        wait_for(lambda: verification.bodies("complete"))
        assert len(running()) == 2
        first, _ = running()
        first.lease_lost = True
        wait_for(lambda: len(running()) == 2)


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_lanes_that_is_none_is_refused_with_its_name(said: str) -> None:
    for name in ("GAVEL_BENCH_LANES", "GAVEL_TRAIN_LANES"):
        with pytest.raises(ValueError, match=rf"{name} .* whole number from 1 to 32"):
            lane_widths({name: said})
    assert lane_widths({"GAVEL_TRAIN_LANES": "3"}) == {VERIFY: 1, BENCH: 2, TRAIN: 3, QUANTISE: 1}


def test_a_lab_may_take_no_exports() -> None:
    assert lane_widths({"GAVEL_QUANTISE_LANES": "0"})[QUANTISE] == 0
    with pytest.raises(ValueError, match=r"GAVEL_QUANTISE_LANES .* from 0 to 32"):
        lane_widths({"GAVEL_QUANTISE_LANES": "-1"})
