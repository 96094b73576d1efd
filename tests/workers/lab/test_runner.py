"""The lab's loop: whatever the portal or the handler does, a job ends once, and only by its owner."""

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.support.lab_portal import LabPortal
from workers.lab import runner
from workers.lab.app import create_app, wake
from workers.lab.job import JobContext, JobFailed, JobStopped, ShutDown

Handler = Callable[[dict[str, Any], JobContext], BaseModel]


class Result(BaseModel):
    answer: int = 42


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(runner, "PROGRESS_SECONDS", 0.05)
    monkeypatch.setattr(runner, "HAND_IN_SECONDS", 0.5)
    monkeypatch.setattr(runner, "_leaving", threading.Event())


def handle(monkeypatch: pytest.MonkeyPatch, portal: LabPortal, handler: Handler) -> None:
    portal.kind = "test"
    monkeypatch.setitem(runner.HANDLERS, "test", handler)


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


def sleeper(job: JobContext, path: Path) -> None:
    """A child with a child, which writes its process ids and outlives everyone unless it is killed."""
    code = (
        "import os, subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(path)!r}, 'w').write(f'{{os.getpid()}} {{p.pid}}'); time.sleep(600)"
    )
    job.run_child([sys.executable, "-c", code], timeout=60, on_line=lambda _: None, environment={})


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"


def test_a_result_is_handed_in_under_the_fence(monkeypatch: pytest.MonkeyPatch, portal: LabPortal) -> None:
    handle(monkeypatch, portal, lambda contract, job: Result())
    assert runner.run_job(portal.job_url) == "done"
    assert portal.bodies("complete") == [{"fence": 7, "result": {"answer": 42}}]


def test_a_message_that_comes_twice_does_nothing(monkeypatch: pytest.MonkeyPatch, portal: LabPortal) -> None:
    handle(monkeypatch, portal, lambda contract, job: Result())
    assert [runner.run_job(portal.job_url) for _ in range(3)] == ["done", "nothing", "nothing"]
    assert len(portal.bodies("complete")) == 1


@pytest.mark.parametrize("status", [404, 409, 500])
def test_what_cannot_be_claimed_is_left_alone(portal: LabPortal, status: int) -> None:
    portal.statuses["claim"] = status
    assert runner.run_job(portal.job_url) == "nothing"
    assert [step for step, _ in portal.calls] == ["claim"]


def test_a_portal_that_is_away_is_no_error() -> None:
    assert runner.run_job("http://127.0.0.1:9/job") == "nothing"


@pytest.mark.parametrize("retry", [True, False])
def test_a_failure_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, portal: LabPortal, retry: bool
) -> None:
    def fails(contract: dict[str, Any], job: JobContext) -> BaseModel:
        raise JobFailed("no luck", retry=retry)

    handle(monkeypatch, portal, fails)
    assert runner.run_job(portal.job_url) == "failed"
    assert portal.bodies("fail") == [{"fence": 7, "reason": "no luck", "retry": retry, "counted": True}]


def test_a_bug_is_retried_and_does_not_leak(monkeypatch: pytest.MonkeyPatch, portal: LabPortal) -> None:
    def breaks(contract: dict[str, Any], job: JobContext) -> BaseModel:
        raise RuntimeError("https://store/secret-link")

    handle(monkeypatch, portal, breaks)
    assert runner.run_job(portal.job_url) == "failed"
    assert portal.bodies("fail") == [
        {"fence": 7, "reason": "The lab worker broke (RuntimeError).", "retry": True, "counted": True}
    ]


def test_an_unknown_kind_is_left_to_a_newer_worker(portal: LabPortal) -> None:
    portal.kind = "of the future"
    assert runner.run_job(portal.job_url) == "failed"
    assert portal.bodies("fail")[0]["retry"] is True


def test_after_a_result_that_is_refused_the_job_is_not_ours_any_more(
    monkeypatch: pytest.MonkeyPatch, portal: LabPortal
) -> None:
    """The portal has given it back already: nothing more is said about it."""
    handle(monkeypatch, portal, lambda contract, job: Result())
    portal.statuses["complete"] = 422
    assert runner.run_job(portal.job_url) == "failed"
    assert len(portal.bodies("complete")) == 1
    assert portal.bodies("fail") == []


def test_progress_travels_with_the_heartbeat(monkeypatch: pytest.MonkeyPatch, portal: LabPortal) -> None:
    def told(done: int) -> bool:
        return any(
            body["progress"] and body["progress"]["done"] == done for body in portal.bodies("heartbeat")
        )

    def works(contract: dict[str, Any], job: JobContext) -> BaseModel:
        for done in range(3):
            job.progress(done, 3, "asking")
            wait_for(partial(told, done))
        return Result()

    handle(monkeypatch, portal, works)
    assert runner.run_job(portal.job_url) == "done"
    assert {body["fence"] for body in portal.bodies("heartbeat")} == {7}


def test_a_lost_lease_kills_the_child_and_its_children(
    monkeypatch: pytest.MonkeyPatch, portal: LabPortal, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"

    def works(contract: dict[str, Any], job: JobContext) -> BaseModel:
        def lose() -> None:
            wait_for(pids.exists)
            portal.lease_lost = True

        threading.Thread(target=lose).start()
        sleeper(job, pids)
        return Result()

    handle(monkeypatch, portal, works)
    assert runner.run_job(portal.job_url) == "stopped"
    assert not portal.bodies("complete")
    assert not portal.bodies("fail")
    wait_for(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


def test_silence_as_long_as_a_lease_is_a_lost_lease(
    monkeypatch: pytest.MonkeyPatch, portal: LabPortal
) -> None:
    portal.lease_seconds = 0.3
    portal.statuses["heartbeat"] = 503

    def works(contract: dict[str, Any], job: JobContext) -> BaseModel:
        while True:
            job.check()
            time.sleep(0.02)

    handle(monkeypatch, portal, works)
    assert runner.run_job(portal.job_url) == "stopped"


def test_a_zombie_hands_nothing_in(monkeypatch: pytest.MonkeyPatch, portal: LabPortal) -> None:
    """Its lease went to another worker while it slept: the newer fence wins."""

    def works(contract: dict[str, Any], job: JobContext) -> BaseModel:
        portal.fence = 8
        return Result()

    handle(monkeypatch, portal, works)
    assert runner.run_job(portal.job_url) == "stopped"


def test_a_shutdown_gives_the_job_back(
    monkeypatch: pytest.MonkeyPatch, portal: LabPortal, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"

    def works(contract: dict[str, Any], job: JobContext) -> BaseModel:
        def shut_down() -> None:
            wait_for(pids.exists)
            runner.interrupt()

        threading.Thread(target=shut_down).start()
        sleeper(job, pids)
        return Result()

    handle(monkeypatch, portal, works)
    assert runner.run_job(portal.job_url) == "failed"
    assert portal.bodies("fail") == [
        {"fence": 7, "reason": "The worker was shut down.", "retry": True, "counted": False}
    ]
    portal.claimable = True
    portal.calls.clear()
    assert runner.run_job(portal.job_url) == "nothing"
    assert portal.calls == [], "who is about to leave takes nothing new"


class TooLate(JobContext):
    """The end comes between the last look and the start of a child."""

    how = "stop"

    def check(self) -> None:
        super().check()
        getattr(self, self.how)()


@pytest.mark.parametrize(("how", "error"), [("stop", JobStopped), ("interrupt", ShutDown)])
def test_no_child_runs_on_when_the_end_comes_while_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(TooLate, "how", how)
    lines: list[bytes] = []
    code = "import time; time.sleep(600); print('still here')"
    with pytest.raises(error):
        TooLate(tmp_path).run_child(
            [sys.executable, "-c", code], timeout=600, on_line=lines.append, environment={}
        )
    assert lines == []


def test_a_child_has_none_of_our_environment_and_a_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAVEL_SECRET_KEY", "secret")
    lines: list[bytes] = []
    code = "import os, time; print(sorted(os.environ), flush=True); time.sleep(60)"
    ended = JobContext(tmp_path).run_child(
        [sys.executable, "-I", "-c", code], timeout=1.0, on_line=lines.append, environment={"LC_ALL": "C"}
    )
    assert lines == [b"['LC_ALL']\n"]
    assert ended.timed_out


def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    lines: list[bytes] = []
    code = "import sys\nwhile True: sys.stdout.write('x' * 1000)"
    ended = JobContext(tmp_path).run_child(
        [sys.executable, "-c", code], timeout=20, on_line=lines.append, environment={}, max_line=5000
    )
    assert not lines
    assert not ended.timed_out
    assert ended.code != 0


def test_the_lab_answers_its_own_portal_only(monkeypatch: pytest.MonkeyPatch, portal: LabPortal) -> None:
    monkeypatch.setenv("GAVEL_INTERNAL_URL", "http://portal:8000")
    wake(portal.job_url)
    assert not portal.calls
    monkeypatch.setenv("GAVEL_INTERNAL_URL", portal.url + "/")
    portal.claimable = False
    wake(portal.job_url)
    assert [step for step, _ in portal.calls] == ["claim"]


def test_the_celery_app_takes_no_more_than_it_can_begin() -> None:
    app = create_app("redis://127.0.0.1:1/0")
    assert "gavel.lab.wake" in app.tasks
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_disable_prefetch is True
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_acks_late is False
