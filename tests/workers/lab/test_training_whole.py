"""A training job with the process that really trains, on a base that is small enough: alone, killed, and in two
processes."""

import json
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from arena.shows.training import TrainingSpec
from arena.training.contracts import TrainResult
from tests.support.lab_portal import LabPortal, serve_lab_portal
from tests.support.tiny_training import CONVERSATIONS, save_tiny_base
from tests.support.training_lab import (
    BASE,
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
)  # fmt: skip
from workers.lab import runner
from workers.lab.runner import run_job
from workers.lab.train import outgoing
from workers.lab.train.outgoing import Outgoing
from workers.pool.model_store import write_manifest

pytestmark = pytest.mark.timeout(600)

STEPS = 24
DATA = "".join(json.dumps(row) + "\n" for row in CONVERSATIONS).encode()
ALONE = TrainingSpec(batch_size=2, learning_rate=1e-2, warmup_steps=1)
TOGETHER = ALONE.model_copy(update={"profile": "ddp", "processes": 2})


@pytest.fixture(autouse=True, scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    data_dir = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAVEL_DATA_DIR", str(data_dir))
        patch.setattr(runner, "_leaving", threading.Event())
        patch.setattr(runner, "PROGRESS_SECONDS", 0.02)
        patch.setattr(outgoing, "SEND_SECONDS", 0.02)
        model = save_tiny_base(data_dir / "models" / BASE)
        yield write_manifest(model, BASE, "file:nowhere", "0" * 64, {}).base_digest


class Run:
    """One run and its attempts."""

    def __init__(self, portal: LabPortal, base_digest: str, spec: TrainingSpec) -> None:
        self.portal = portal
        self._said: dict[str, Any] = {
            "base_digest": base_digest,
            "spec": spec,
            "steps": STEPS,
            "save_every": 2,
        }
        offer(portal, DATA, **self._said)

    def goes_on(self) -> None:
        again(self.portal, DATA, **self._said)

    def ends(self) -> TrainResult:
        assert run_job(self.portal.job_url) == "done"
        done = result(self.portal)
        assert (done.ended, done.stopped) == ("done", "steps")
        return done

    @property
    def losses(self) -> dict[int, float]:
        return {one["step"]: one["loss"] for one in self.portal.kept if one["kind"] == "point"}


@pytest.fixture(scope="module")
def undisturbed(lab: str) -> Any:
    with serve_lab_portal() as portal:
        run = Run(portal, lab, ALONE)
        run.ends()
        assert steps_kept(portal) == list(range(1, STEPS + 1))
        yield run


def killing(step: int) -> Callable[[Outgoing, Any], None]:
    """`Outgoing.add`, and the child's end as soon as it says this step."""
    add = Outgoing.add

    def strike(outgoing: Outgoing, message: Any) -> None:
        add(outgoing, message)
        if message.kind == "point" and message.step == step:
            os.kill(child(), signal.SIGKILL)

    return strike


def test_a_trainer_that_is_killed_at_three_steps_leaves_the_same_adapter(
    portal: LabPortal, lab: str, undisturbed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(portal, lab, ALONE)
    for step in (3, 10, 17):
        with monkeypatch.context() as patch:
            patch.setattr(Outgoing, "add", killing(step))
            assert run_job(portal.job_url) == "failed"
        assert (failure(portal)["retry"], "exit -9" in failure(portal)["reason"]) == (True, True)
        run.goes_on()
    assert checkpoints(portal)
    run.ends()
    assert adapter(portal) == adapter(undisturbed.portal)
    assert run.losses == undisturbed.losses


def test_two_processes_learn_what_one_does_and_can_be_paused(
    portal: LabPortal, lab: str, undisturbed: Run
) -> None:
    run = Run(portal, lab, TOGETHER)
    with running(portal) as outcome:
        wait_for(lambda: len(steps_kept(portal)) > 2 or outcome, 300)
        portal.told = lambda: {"pause": True}
    assert result(portal).ended == "paused"
    assert checkpoints(portal)[-1]["step"] == steps_kept(portal)[-1]
    portal.told = lambda: None
    run.goes_on()
    done = run.ends()
    assert done.record is not None
    assert done.record.machine["processes"] == 2
    assert run.losses == pytest.approx(undisturbed.losses, rel=1e-3)
