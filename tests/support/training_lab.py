"""Training jobs as the portal of `lab_portal` offers them to a lab, and what it gets of them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from arena.shows.training import Budget, TrainingSpec
from arena.submissions.contracts import FileIn, FileOut
from arena.training.contracts import JOB_KIND, Resume, TrainContract, TrainResult
from tests.support.lab_portal import LabPortal
from workers.lab import runner
from workers.lab.runner import run_job

BASE = "gemma-3-270m"
WEIGHTS = b"weights"
"""Of a base that nobody loads."""
FILES = ("adapter_config.json", "adapter_model.safetensors")


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.01)


def offer(
    portal: LabPortal, data: bytes | dict[str, Any], resume: Resume | None = None, **changes: Any
) -> TrainContract:
    """A run on these data (a dict is a script for `training_child`). `changes`: of the contract, or of its budget."""
    data = json.dumps(data).encode() if isinstance(data, dict) else data
    portal.files["/data"] = data
    budget = {name: changes.pop(name) for name in list(changes) if name in Budget.model_fields}
    contract = TrainContract(
        run_id="r",
        spec=changes.pop("spec", TrainingSpec()),
        budget=Budget(**{"steps": 1_000_000, **budget}),
        dtype="float32",
        base_model=BASE,
        base_digest=changes.pop("base_digest", sha256(WEIGHTS).hexdigest()),
        engine_url="http://127.0.0.1:9",
        engine_token="token",
        data=FileIn(
            name="data.jsonl", url=f"{portal.url}/data", sha256=sha256(data).hexdigest(), max_bytes=1 << 20
        ),
        resume=resume,
        checkpoint_puts=[
            FileOut(
                name=f"slot-{slot}", put_url=f"{portal.url}/{portal.fence}/slot-{slot}", max_bytes=1 << 20
            )
            for slot in range(2)
        ],
        adapter=[FileOut(name=name, put_url=f"{portal.url}/{name}", max_bytes=1 << 20) for name in FILES],
        **changes,
    )
    portal.kind, portal.contract = JOB_KIND, contract.model_dump(mode="json")
    portal.claimable = True
    return contract


def again(portal: LabPortal, data: bytes | dict[str, Any], **changes: Any) -> TrainContract:
    """The next attempt, from the last checkpoint that the portal was told of."""
    told = [one for one in portal.kept if one["kind"] == "checkpoint"]
    resume = None
    if told:
        last = told[-1]
        path = next(path for path, held in portal.files.items() if sha256(held).hexdigest() == last["sha256"])
        resume = Resume(
            url=portal.url + path,
            max_bytes=1 << 20,
            **{key: last[key] for key in Resume.model_fields if key in last},
        )
    portal.fence += 1
    portal.calls.clear()
    return offer(portal, data, resume, **changes)


def result(portal: LabPortal) -> TrainResult:
    (body,) = portal.bodies("complete")
    return TrainResult.model_validate(body["result"])


def failure(portal: LabPortal) -> dict[str, Any]:
    (body,) = portal.bodies("fail")
    return body


def steps_kept(portal: LabPortal) -> list[int]:
    return [one["step"] for one in portal.kept if one["kind"] == "point"]


def checkpoints(portal: LabPortal) -> list[dict[str, Any]]:
    return [one for one in portal.kept if one["kind"] == "checkpoint"]


def adapter(portal: LabPortal) -> bytes:
    return portal.files["/adapter_model.safetensors"]


@contextmanager
def running(portal: LabPortal) -> Iterator[list[str]]:
    """The job, in a thread; its outcome is in the list afterwards."""
    outcome: list[str] = []
    thread = threading.Thread(target=lambda: outcome.append(run_job(portal.job_url)))
    thread.start()
    try:
        yield outcome
    finally:
        thread.join(100)
        assert not thread.is_alive()


def child() -> int:
    (job,) = runner._running
    assert job.child is not None
    return job.child
