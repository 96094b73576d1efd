"""Portal, lab and the process that trains, together and for real, on a base that is small enough."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from arena.training import clock
from tests.arena.submissions.test_line import change_rules
from tests.arena.training.test_races import with_two
from tests.support.evening import Evenings
from tests.support.show import Show
from tests.support.tiny_training import BASE, save_tiny_base
from tests.support.training import RULES, order, track, wanted
from workers.lab import runner
from workers.lab.runner import run_job
from workers.pool.model_store import write_manifest

pytestmark = pytest.mark.timeout(600)

SPEC: Any = {"batch_size": 2, "rank": 4, "max_length": 1024, "learning_rate": 1e-2}


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Show]:
    """Two contestants with data, an engine that says it serves the tiny base, and a lab that has it on its disk."""
    monkeypatch.setenv("GAVEL_DATA_DIR", str(tmp_path / "lab"))
    monkeypatch.setattr(runner, "_leaving", threading.Event())
    monkeypatch.setattr(clock, "LEAD", timedelta(seconds=2))
    model = save_tiny_base(tmp_path / "lab" / "models" / BASE.id)
    digest = write_manifest(model, BASE.id, "file:nowhere", "0" * 64, {}).base_digest
    async with evenings.after(with_two, tmp_path / "site") as show:
        serves = (
            "update nodes set health = health || jsonb_build_object('base_digest', cast(:digest as text))"
        )
        async with show.portal.site.sessions() as session, session.begin():
            await session.execute(text(serves), {"digest": digest})
        rules = RULES.model_dump(mode="json") | {"dtype": "float32"}
        rules["budget"] |= {"steps": 12, "save_every": 4}
        await change_rules(show.portal, track=track(training=rules))
        yield show


async def test_a_data_set_becomes_a_version_and_its_curve_is_there(show: Show) -> None:
    ada, own = show.contestants["Lantern"], show.entries["Lantern"]
    run = await order(ada, own["entry_id"], own["data"], **SPEC)
    assert await asyncio.to_thread(run_job, await show.lab.next_url()) == "done"
    seen = await ada.get_ok(f"/training/runs/{run['id']}")
    points = (await ada.get_ok(f"/training/runs/{run['id']}/points"))["points"]
    assert [point["step"] for point in points] == list(range(1, 13))
    assert points[-1]["loss"] < points[0]["loss"]
    assert (seen["state"], seen["stopped"], seen["checkpoint_step"]) == ("done", "steps", 12)
    assert (seen["result"]["version"], seen["result"]["state"]) == (2, "received")


async def test_a_race_of_two_ends_by_the_clock(show: Show) -> None:
    entries = [wanted(one["entry_id"], one["data"], **SPEC) for one in show.entries.values()]
    body = {"name": "Ten seconds", "entries": entries, "seconds": 10}
    race = await show.producer.call("POST", "/training/races", body, expect=201)
    links = [await show.lab.next_url(), await show.lab.next_url()]
    assert await asyncio.gather(*(asyncio.to_thread(run_job, link) for link in links)) == ["done", "done"]
    over = await show.portal.anybody().get_ok(f"/training/races/{race['id']}")
    assert over["state"] == "ended"
    runs = over["runs"].values()
    assert [run["stopped"] for run in runs] == ["clock", "clock"]
    assert [run["version"] for run in runs] == [2, 2]
    assert all(run["step"] > 0 and run["seconds"] <= 10 for run in runs)
