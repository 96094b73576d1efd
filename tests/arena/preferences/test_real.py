"""The preference loop to its end, on the house model itself: twelve verdicts become pairs, a lab trains on them, and a
candidate stands beside its parent. Of the lab everything is real but what asks an engine; there is none."""

import asyncio
import threading
from pathlib import Path

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import Budget, TrainingRules
from tests.arena.preferences.conftest import Loop
from tests.arena.submissions.test_line import change_rules
from tests.support.engine import prepared_house_model
from tests.support.show import Json
from tests.support.training import track
from workers.lab import runner
from workers.lab.runner import run_job
from workers.pool.fake import BASE_DIGEST
from workers.pool.model_store import read_manifest

STEPS = 3
DUELS = {
    "Why does the gavel fall?": ("left", "left", "left"),
    "Name a colour.": ("right", "right", "right"),
    "Who keeps the light?": ("left", "left", "right"),
    "What is a lighthouse for?": ("right", "left", "right"),
}


@pytest.mark.engine
@pytest.mark.timeout(900)
async def test_twelve_verdicts_end_as_a_candidate_beside_its_parent(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, producer = loop.show, loop.show.producer
    rules = TrainingRules(budget=Budget(steps=STEPS)).model_dump(mode="json")
    await change_rules(show.portal, track=track(training=rules))
    for prompt, verdicts in DUELS.items():
        await loop.judged(*verdicts, prompt=prompt)
    await loop.finish()
    a_lab_with_the_house_model(tmp_path / "lab", monkeypatch)
    await serving(loop, read_manifest(prepared_house_model()).base_digest)
    made = await loop.make()
    await works(loop)  # the check of every data set

    parent = show.entries["Lantern"]["submission_id"]
    ordered = await producer.post_ok(f"/preference-sets/{made['id']}/training", {"parent": parent})
    await works(loop)
    run = await producer.get_ok(f"/training/runs/{ordered['id']}")
    assert (run["state"], run["stopped"], run["record"]["rows"]) == ("done", "steps", len(DUELS)), run
    points: list[Json] = (await producer.get_ok(f"/training/runs/{run['id']}/points"))["points"]
    assert [point["step"] for point in points] == [*range(1, STEPS + 1)]
    # It begins where its parent is: neither answer is preferred yet, by as much as the parent prefers it.
    assert points[0]["extra"]["margin"] == pytest.approx(0, abs=1e-4)
    assert points[-1]["extra"]["margin"] != 0

    await works(loop)  # the gate of every adapter
    version = await producer.get_ok(f"/submissions/{run['result']['submission_id']}")
    assert (version["entry_id"], version["version"]) == (made["version"]["entry_id"], 2)
    assert (version["state"], version["refusal"]) == ("verified", None)
    await serving(loop, BASE_DIGEST)
    await show.lab.work_off()  # what is asked of an engine
    (candidate,) = (await loop.page(made))["candidates"]
    assert candidate["parent"]["submission_id"] == parent
    assert candidate["result"]["submission_id"] == version["id"]
    after = await producer.get_ok(f"/submissions/{version['id']}")
    before = await producer.get_ok(f"/submissions/{parent}")
    assert (after["state"], before["state"]) == ("ready", "ready")
    assert after["digest"] != before["digest"]


def a_lab_with_the_house_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAVEL_DATA_DIR", str(folder))
    monkeypatch.setattr(runner, "_leaving", threading.Event())
    (folder / "models").mkdir(parents=True)
    (folder / "models" / HOUSE_MODEL.id).symlink_to(prepared_house_model())


async def serving(loop: Loop, base_digest: str) -> None:
    """What the engine says it serves. It is a fake one, and what it signs is the truth: it says so again before it is
    asked anything."""
    await loop.run(
        "update nodes set health = health || jsonb_build_object('base_digest', cast(:digest as text))",
        digest=base_digest,
    )


async def works(loop: Loop) -> None:
    """The real lab does what is asked of it next."""
    assert await asyncio.to_thread(run_job, await loop.show.lab.next_url()) == "done"
