"""A training job from its wake-up to its result. What trains is a stand-in that speaks the same protocol."""

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from arena.kit.celery import TRAIN
from arena.shows.training import TrainingSpec
from tests.support.engine import ROOT
from tests.support.lab_portal import LabPortal
from tests.support.training_lab import (
    BASE,
    FILES,
    WEIGHTS,
    adapter,
    again,
    checkpoints,
    child,
    failure,
    offer,
    result,
    running,
    steps_kept,
    wait_for,
)
from workers.lab import runner
from workers.lab.lanes import lane_widths
from workers.lab.runner import run_job
from workers.lab.train import launch, outgoing, supervision
from workers.lab.train.launch import Launch
from workers.pool.model_store import write_manifest

pytestmark = pytest.mark.timeout(120)

CHILD = ROOT / "tests/support/training_child.py"
ENDLESS: dict[str, Any] = {"steps": 100_000, "save_every": 5}


def stand_in(job: Path, profile: str, processes: int) -> Launch:
    return Launch([sys.executable, "-I", "-S", str(CHILD), str(job)])


@pytest.fixture(autouse=True)
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A lab with a base model, quick to tell and to look; returns its data folder."""
    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(runner, "PROGRESS_SECONDS", 0.02)
    monkeypatch.setattr(runner, "_leaving", threading.Event())
    monkeypatch.setattr(outgoing, "SEND_SECONDS", 0.02)
    monkeypatch.setattr(supervision, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(launch, "command", stand_in)
    monkeypatch.setenv("GAVEL_DATA_DIR", str(tmp_path / "lab"))
    monkeypatch.setenv("GAVEL_REDIS_URL", "redis://lab:secret@broker")
    model = tmp_path / "lab" / "models" / BASE
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(WEIGHTS)
    write_manifest(model, BASE, "file:nowhere", "0" * 64, {})
    return tmp_path / "lab"


def whole(steps: int) -> bytes:
    """The adapter of a run of so many steps to which nothing happened."""
    weights = "new"
    for step in range(1, steps + 1):
        weights = sha256(f"{weights} {step}".encode()).hexdigest()
    return f"{steps} {weights}".encode()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# --- the plain run ------------------------------------------------------------------------------------------------


def test_a_run_hands_in_its_curve_its_checkpoints_and_its_adapter(portal: LabPortal) -> None:
    offer(portal, {"steps": 9, "save_every": 3})
    assert run_job(portal.job_url) == "done"
    assert steps_kept(portal) == list(range(1, 10))
    done = result(portal)
    assert (done.ended, done.stopped) == ("done", "steps")
    assert done.record is not None
    assert done.record.steps == 9
    assert adapter(portal) == whole(9)
    assert done.files == {
        name: (sha256(portal.files[f"/{name}"]).hexdigest(), len(portal.files[f"/{name}"])) for name in FILES
    }
    notes = [body["progress"]["note"] for body in portal.bodies("heartbeat") if body["progress"]]
    assert set(notes) <= {"base_model", "data", "training"}


def test_a_checkpoint_is_told_once_it_is_stored_and_its_slots_take_turns(portal: LabPortal) -> None:
    """One that is being written is never the one that an attempt would go on from."""
    seen: list[tuple[int, bool]] = []

    def look() -> None:
        for one in checkpoints(portal)[len(seen) :]:
            stored = portal.files[f"/7/slot-{one['slot']}"]
            whole = sha256(stored).hexdigest() == one["sha256"] and json.loads(stored)["step"] == one["step"]
            seen.append((one["slot"], whole))

    portal.on_answers = look
    offer(portal, {"steps": 12, "save_every": 3, "seconds": 0.05})
    assert run_job(portal.job_url) == "done"
    assert seen == [(slot % 2, True) for slot in range(len(seen))]
    assert len(seen) > 1
    kept = portal.kept
    for place, one in enumerate(kept):
        if one["kind"] == "checkpoint":  # the curve up to it is there, so going on leaves no gap
            assert one["step"] in [point["step"] for point in kept[:place] if point["kind"] == "point"]


def test_what_it_was_given_is_refused_with_the_childs_reason(portal: LabPortal) -> None:
    offer(portal, {"steps": 9, "refuse_at": 5})
    assert run_job(portal.job_url) == "done"
    refused = result(portal)
    assert refused.ended == "refused"
    assert refused.refusal is not None
    assert (refused.refusal.code, refused.detail) == ("training.diverged", {"step": 4})
    assert steps_kept(portal) == [1, 2, 3, 4]


def test_data_that_arrive_changed_are_not_trained_on(portal: LabPortal) -> None:
    offer(portal, {})
    portal.files["/data"] = b"other"
    assert run_job(portal.job_url) == "failed"
    assert "data set" in failure(portal)["reason"]
    assert failure(portal)["retry"] is True


def kept_step(portal: LabPortal, number: int) -> bool:
    return number in steps_kept(portal)


# --- what dies ----------------------------------------------------------------------------------------------------


def test_a_child_that_is_killed_three_times_ends_with_the_adapter_of_an_undisturbed_run(
    portal: LabPortal,
) -> None:
    script = {"steps": 40, "save_every": 4, "seconds": 0.02}
    offer(portal, script)
    for number in (6, 15, 27):
        with running(portal) as outcome:
            wait_for(functools.partial(kept_step, portal, number))
            os.kill(child(), signal.SIGKILL)
        assert outcome == ["failed"]
        assert (failure(portal)["retry"], failure(portal)["counted"]) == (True, True)
        contract = again(portal, script)
        assert contract.resume is not None
        assert contract.resume.step >= number // 4 * 4
    assert run_job(portal.job_url) == "done"
    assert adapter(portal) == whole(40)
    assert set(steps_kept(portal)) == set(range(1, 41)), "the curve has no gap"


LAB = """
import sys
from pathlib import Path
from workers.lab import runner
from workers.lab.train import launch, outgoing
launch.command = lambda job, profile, processes: launch.Launch([sys.executable, "-I", "-S", sys.argv[2], str(job)])
outgoing.SEND_SECONDS = 0.02
runner.run_job(sys.argv[1])
"""


def test_a_lab_that_is_killed_takes_its_child_with_it_and_the_next_goes_on(portal: LabPortal) -> None:
    offer(portal, ENDLESS)
    with subprocess.Popen([sys.executable, "-c", LAB, portal.job_url, str(CHILD)], cwd=ROOT) as lab:
        wait_for(lambda: checkpoints(portal) or lab.poll() is not None)
        (pid,) = Path(f"/proc/{lab.pid}/task/{lab.pid}/children").read_text().split()
        lab.kill()
        lab.wait(60)
    wait_for(lambda: not alive(int(pid)))
    contract = again(portal, {"steps": checkpoints(portal)[-1]["step"] + 3})
    assert contract.resume is not None
    before = len(portal.kept)
    assert run_job(portal.job_url) == "done"
    assert adapter(portal) == whole(contract.resume.step + 3)
    assert portal.kept[before]["step"] == contract.resume.step + 1


def test_a_crash_is_told_with_its_last_words(portal: LabPortal) -> None:
    offer(portal, {"crash_at": 2})
    assert run_job(portal.job_url) == "failed"
    assert "RuntimeError: the ground opened" in failure(portal)["reason"]
    assert failure(portal)["retry"] is True


def test_a_full_disk_is_not_the_contestants_fault(portal: LabPortal) -> None:
    offer(portal, {"save_every": 1, "crash_at": 5, "exit": 5})
    assert run_job(portal.job_url) == "failed"
    assert "disk is full" in failure(portal)["reason"]
    assert failure(portal)["retry"] is True
    assert [one["step"] for one in checkpoints(portal)][-1] == 4, "what was whole before is kept"


def test_a_child_that_says_nothing_is_ended(portal: LabPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "SILENT_SECONDS", 0.5)
    offer(portal, {"silent": True})
    assert run_job(portal.job_url) == "failed"
    assert "said nothing" in failure(portal)["reason"]


# --- memory -------------------------------------------------------------------------------------------------------


def test_more_memory_than_the_budget_is_a_verdict_with_the_peak_and_a_hint(portal: LabPortal) -> None:
    limit = 256 << 20
    offer(portal, ENDLESS | {"hold": 2 * limit}, memory_bytes=limit)
    assert run_job(portal.job_url) == "done"
    refused = result(portal)
    assert refused.refusal is not None
    assert refused.refusal.code == "training.out_of_memory"
    assert limit < refused.detail["peak_bytes"]
    assert (refused.detail["limit_bytes"], refused.detail["hint"]) == (limit, "batch_size")


@pytest.mark.parametrize("memory_ran_out", [True, False])
def test_a_child_that_the_kernel_ends_is_told_from_one_that_somebody_killed(
    portal: LabPortal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, memory_ran_out: bool
) -> None:
    counter = tmp_path / "vmstat"
    counter.write_text("oom_kill 3\n")
    monkeypatch.setattr(supervision, "OOM_COUNTERS", (counter,))
    offer(portal, ENDLESS)
    with running(portal) as outcome:
        wait_for(lambda: steps_kept(portal))
        if memory_ran_out:
            counter.write_text("oom_kill 4\n")
        os.kill(child(), signal.SIGKILL)
    if not memory_ran_out:
        assert outcome == ["failed"]
        return
    refused = result(portal)
    assert refused.refusal is not None
    assert refused.refusal.code == "training.out_of_memory"
    assert refused.detail["peak_bytes"] > 0


# --- pause, cancel, shutdown --------------------------------------------------------------------------------------


def test_a_pause_ends_with_a_checkpoint_that_the_next_attempt_goes_on_from(portal: LabPortal) -> None:
    offer(portal, {"steps": 100_000, "save_every": 100_000})
    with running(portal):
        wait_for(lambda: steps_kept(portal))
        portal.told = lambda: {"pause": True}
    assert result(portal).ended == "paused"
    (checkpoint,) = checkpoints(portal)
    assert steps_kept(portal)[-1] == checkpoint["step"], "not a step is lost"
    portal.told = lambda: None
    again(portal, {"steps": checkpoint["step"] + 1})
    assert run_job(portal.job_url) == "done"
    assert adapter(portal) == whole(checkpoint["step"] + 1)


def test_a_pause_before_the_first_step_has_nothing_to_put_away(portal: LabPortal) -> None:
    portal.told = lambda: {"pause": True}
    offer(portal, {"silent": True})
    assert run_job(portal.job_url) == "done"
    assert result(portal).ended == "paused"
    assert not portal.kept


def test_a_lab_that_shuts_down_puts_a_checkpoint_away_and_gives_the_job_back(portal: LabPortal) -> None:
    offer(portal, {"steps": 100_000, "save_every": 100_000})
    with running(portal):
        wait_for(lambda: steps_kept(portal))
        runner.interrupt()
    told = failure(portal)
    assert (told["retry"], told["counted"]) == (True, False)
    (checkpoint,) = checkpoints(portal)
    assert steps_kept(portal)[-1] == checkpoint["step"]


def test_a_child_that_does_not_do_as_asked_is_ended(
    portal: LabPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(supervision.PATIENCE, "leave", 0.2)
    offer(portal, ENDLESS | {"deaf": True})
    with running(portal):
        wait_for(lambda: checkpoints(portal))
        runner.interrupt()
    assert failure(portal)["counted"] is False


def test_a_run_that_is_cancelled_ends_at_once(portal: LabPortal) -> None:
    offer(portal, ENDLESS)
    with running(portal) as outcome:
        wait_for(lambda: steps_kept(portal))
        pid = child()
        portal.lease_lost = True
    assert outcome == ["stopped"]
    assert not alive(pid)
    assert not portal.bodies("complete")
    assert not portal.bodies("fail")


# --- a portal or a store that is away -----------------------------------------------------------------------------


def test_training_goes_on_without_the_portal_and_the_curve_is_whole_afterwards(portal: LabPortal) -> None:
    offer(portal, {"steps": 30, "save_every": 5, "seconds": 0.02})
    portal.statuses["answers"] = 503
    with running(portal):
        wait_for(
            lambda: any((one["progress"] or {}).get("done", 0) >= 20 for one in portal.bodies("heartbeat"))
        )
        assert not portal.kept
        del portal.statuses["answers"]
    assert steps_kept(portal) == list(range(1, 31))
    assert result(portal).ended == "done"


def test_points_do_not_wait_for_a_store_that_is_away(portal: LabPortal) -> None:
    offer(portal, {"steps": 30, "save_every": 5, "seconds": 0.02})
    portal.statuses["put"] = 507
    with running(portal):
        wait_for(lambda: 20 in steps_kept(portal))
        assert not checkpoints(portal)
        del portal.statuses["put"]
    assert steps_kept(portal) == list(range(1, 31))
    assert checkpoints(portal)[-1]["step"] == 30


def test_points_that_the_portal_finds_malformed_end_the_attempt(portal: LabPortal) -> None:
    offer(portal, ENDLESS)
    portal.statuses["answers"] = 422
    assert run_job(portal.job_url) == "failed"
    assert "does not take the answers" in failure(portal)["reason"]


# --- a race -------------------------------------------------------------------------------------------------------


def at_the_line(portal: LabPortal) -> bool:
    return {"kind": "ready"} in portal.kept


def clock(go_in: float, stop_in: float) -> Callable[[], dict[str, Any]]:
    now = time.monotonic()

    def told() -> dict[str, Any]:
        passed = time.monotonic() - now
        return {"go_in": max(0.0, go_in - passed), "stop_in": max(0.0, stop_in - passed)}

    return told


def test_a_race_begins_when_the_portal_says_so_and_ends_by_the_clock(portal: LabPortal) -> None:
    offer(portal, ENDLESS, race=True)
    with running(portal):
        wait_for(lambda: at_the_line(portal))
        beats = len(portal.bodies("heartbeat"))
        wait_for(lambda: len(portal.bodies("heartbeat")) > beats + 5)
        assert not steps_kept(portal), "nobody runs before the start"
        portal.told = clock(0.2, 1.2)
        wait_for(lambda: steps_kept(portal))
    done = result(portal)
    assert (done.ended, done.stopped) == ("done", "clock")
    assert done.record is not None
    assert adapter(portal) == whole(done.record.steps)


@pytest.mark.parametrize("how", [{"timeless": True}, {"timeless": True, "deaf": True}])
def test_who_runs_over_the_end_of_a_race_enters_the_last_good_checkpoint(
    portal: LabPortal, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    monkeypatch.setitem(supervision.PATIENCE, "clock", 0.3)
    offer(portal, ENDLESS | how, race=True)
    portal.told = lambda: {"go_in": 0.0, "stop_in": 1.0}
    assert run_job(portal.job_url) == "done"
    done = result(portal)
    assert (done.ended, done.stopped) == ("done", "clock")
    last = int(adapter(portal).split()[0])
    assert last > 0
    assert last % ENDLESS["save_every"] == 0
    assert adapter(portal) == whole(last)


def test_a_race_goes_on_after_its_lab_died_and_ends_at_the_same_moment(portal: LabPortal) -> None:
    portal.told = lambda: {"go_in": 0.0, "stop_in": 600.0}
    offer(portal, ENDLESS, race=True)
    with running(portal):
        wait_for(lambda: len(checkpoints(portal)) > 1)
        os.kill(child(), signal.SIGKILL)
    assert failure(portal)["retry"] is True
    portal.told = lambda: {"go_in": 0.0, "stop_in": 0.5}
    contract = again(portal, ENDLESS, race=True)
    assert contract.resume is not None
    assert run_job(portal.job_url) == "done"
    done = result(portal)
    assert done.stopped == "clock"
    assert done.record is not None
    assert done.record.steps > contract.resume.step


def test_a_race_that_is_over_before_its_lab_is_back_enters_what_was_there(portal: LabPortal) -> None:
    portal.told = lambda: {"go_in": 0.0, "stop_in": 600.0}
    offer(portal, ENDLESS, race=True)
    with running(portal):
        wait_for(lambda: checkpoints(portal))
        os.kill(child(), signal.SIGKILL)
    portal.told = lambda: {"go_in": 0.0, "stop_in": 0.0}
    contract = again(portal, ENDLESS, race=True)
    assert contract.resume is not None
    assert run_job(portal.job_url) == "done"
    assert result(portal).stopped == "clock"
    assert adapter(portal) == whole(contract.resume.step)


def test_a_race_that_is_over_before_there_was_a_checkpoint_cannot_be_entered(portal: LabPortal) -> None:
    portal.told = lambda: {"go_in": 0.0, "stop_in": 0.0}
    offer(portal, ENDLESS, race=True)
    assert run_job(portal.job_url) == "failed"
    assert "before the run had a checkpoint" in failure(portal)["reason"]
    assert failure(portal)["retry"] is False


# --- walls, shares, profiles --------------------------------------------------------------------------------------


@functools.cache
def networks_are_granted() -> bool:
    code = "from workers.lab.secluded import own_network; own_network()"
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


@pytest.mark.parametrize("race", [False, True])
def test_the_child_is_alone(portal: LabPortal, race: bool) -> None:
    """It reaches its own loopback and nobody else's, has none of our environment, and the stage goes before it."""
    offer(portal, {"look": portal.url.removeprefix("http://")}, race=race)
    assert run_job(portal.job_url) == "done"
    seen = result(portal).detail
    assert seen["reached"] is not networks_are_granted()
    assert not [name for name in seen["environment"] if name.startswith("GAVEL")]
    assert seen["own_session"] is True
    assert seen["nice"] == min(19, os.nice(0) + (0 if race else supervision.NICE))


def test_a_network_that_the_system_does_not_take_away_is_told_once(
    portal: LabPortal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no namespace is granted, the run goes on, and whoever runs the lab reads so in its log."""
    refusing = tmp_path / "refusing.py"
    refusing.write_text(
        "import ctypes, runpy, sys\n"
        "class Libc:\n"
        "    def __init__(self, *_, **__): pass\n"
        "    def unshare(self, _): ctypes.set_errno(1); return -1\n"
        "ctypes.CDLL = Libc\n"
        f"runpy.run_path({str(ROOT / 'workers/lab/secluded.py')!r}, run_name='__main__')\n"
    )
    monkeypatch.setattr(
        supervision, "secluded", lambda nice: [sys.executable, "-I", "-S", str(refusing), str(nice)]
    )
    supervision.say_whether_it_is_alone.cache_clear()
    try:
        with capture_logs() as logs:
            for _ in range(2):
                offer(portal, {"steps": 1})
                assert run_job(portal.job_url) == "done"
                portal.calls.clear()
    finally:
        supervision.say_whether_it_is_alone.cache_clear()
    (said,) = [line for line in logs if line["event"] == "training_has_a_network"]
    assert said["log_level"] == "warning"
    assert "Operation not permitted" in said["reason"]


def test_runs_side_by_side_share_the_processors(portal: LabPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for lanes, processes, threads in ((2, 1, 4), (2, 2, 2), (4, 4, 1)):
        monkeypatch.setenv("GAVEL_TRAIN_LANES", str(lanes))
        assert lane_widths(os.environ)[TRAIN] == lanes
        profile = "ddp" if processes > 1 else "single"
        again(portal, {"steps": 1}, spec=TrainingSpec(profile=profile, processes=processes))
        assert run_job(portal.job_url) == "done"
        record = result(portal).record
        assert record is not None
        assert record.machine["threads"] == threads


@pytest.mark.parametrize("profile", ["fsdp2", "zero2", "zero3"])
def test_a_profile_that_needs_gpus_is_refused_where_there_are_none(
    portal: LabPortal, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    offer(portal, {}, spec=TrainingSpec.model_validate({"profile": profile, "processes": 2}))
    assert run_job(portal.job_url) == "done"
    refused = result(portal)
    assert refused.refusal is not None
    assert refused.refusal.code == "training.profile_unavailable"
    assert "2 processes needs as many GPUs; here are 0" in refused.refusal.message
