"""What pages read besides the runs: whose data can race, and how a run lies on its devices."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.arena.training.test_races import with_two
from tests.support.evening import Evenings
from tests.support.show import Show
from tests.support.training import wanted


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    async with evenings.after(with_two, tmp_path) as show:
        yield show


async def test_a_producer_sees_whose_data_can_race(show: Show) -> None:
    seen = await show.producer.get_ok("/training/datasets")
    assert [(one["entry"], one["submission_id"], one["version"]) for one in seen] == [
        ("Kite", show.entries["Kite"]["data"], 1),
        ("Lantern", show.entries["Lantern"]["data"], 1),
    ]
    assert (await show.contestants["Kite"].refused("GET", "/training/datasets"))[0] == 403


async def test_a_run_shows_how_it_lies_on_its_devices(show: Show) -> None:
    kite = show.contestants["Kite"]
    split: Any = {"profile": "fsdp2", "processes": 2, "batch_size": 4}
    order = wanted(show.entries["Kite"]["entry_id"], show.entries["Kite"]["data"], **split)
    run = await kite.call("POST", "/training/runs", order, expect=201)
    where = f"/training/runs/{run['id']}/devices"
    plan = await kite.get_ok(where)
    assert [(share["rank"], share["rows"]) for share in plan["shares"]] == [(0, 2), (1, 2)]
    for index, part in enumerate(plan["parts"]):
        assert sum(share["held"][index] for share in plan["shares"]) == part["parameters"], part["name"]
    assert (await show.contestants["Lantern"].refused("GET", where)) == (404, "training.not_found")
