"""A race: one start, one clock, and whoever is there when the time is up enters with what he has."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from arena.pipeline import PIPELINE
from arena.training import clock, queries
from arena.training.contracts import RaceChanged, TrainingChanged
from tests.arena.submissions.test_line import change_rules
from tests.support.clock import time_passes
from tests.support.evening import Evenings
from tests.support.live import page
from tests.support.portal import Caller
from tests.support.show import Json, Show
from tests.support.training import Trainer, send_dataset, track, wanted
from workers.control.watch import start_races

READY = {"kind": "ready"}


async def with_two(show: Show) -> None:
    """Ada and Grace each have an entry with a verified data set."""
    await show.lab.work_off()
    await change_rules(show.portal, track=track())
    for name in ("Lantern", "Kite"):
        contestant = show.contestants[name] = await show.portal.person("contestant", name)
        entry = (await contestant.post_ok("/entries", {"name": name}))["id"]
        data = await send_dataset(show, contestant, entry)
        show.entries[name] = {"entry_id": entry, "data": data}


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    async with evenings.after(with_two, tmp_path) as show:
        yield show


def lineup(show: Show, seconds: int = 600) -> Json:
    entries = [wanted(one["entry_id"], one["data"]) for one in show.entries.values()]
    return {"name": "Ten minutes", "entries": entries, "seconds": seconds}


async def planned(show: Show, seconds: int = 600) -> tuple[str, list[Trainer]]:
    """A race, and its runs in the hands of two labs."""
    race: Json = await show.producer.call("POST", "/training/races", lineup(show, seconds), expect=201)
    return str(race["id"]), [await Trainer.take(show), await Trainer.take(show)]


async def told(trainer: Trainer) -> Json:
    said: Json = (await trainer.job.heartbeat()).json()["told"]
    return said


def of(race: Json, trainer: Trainer) -> Json:
    run: Json = race["runs"][trainer.contract.run_id]
    return run


async def test_all_start_at_one_moment_and_end_at_another_and_enter(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    nobody = show.portal.anybody()
    assert ada.contract.race
    assert ada.contract.budget.seconds == 600
    assert ada.contract.budget.steps == 1_000_000, "nothing but the clock ends it"
    await ada.hand_in(READY)
    assert await told(ada) == {"pause": False, "go_in": None, "stop_in": None}, "the other is not there yet"
    assert await nobody.refused("GET", where) == (404, "training.race_not_found")
    assert await nobody.refused("GET", f"/live/race:{race_id}") == (404, "training.race_not_found")
    assert await nobody.get_ok("/training/races") == []
    assert (await show.producer.get_ok(where))["state"] == "planned"

    await grace.hand_in(READY)
    both = [await told(ada), await told(grace)]
    assert all(0 < one["go_in"] <= 15 for one in both)
    assert all(one["stop_in"] - one["go_in"] == pytest.approx(600) for one in both)
    race = await nobody.get_ok(where)
    assert race["state"] == "running"
    assert race["started_at"] < race["ends_at"]

    await time_passes(show.portal.site.sessions, 30)
    assert (await told(ada))["go_in"] == 0
    await ada.steps(1, 40)
    await ada.checkpoint(20)
    await grace.steps(1, 3)
    await show.portal.relay()
    seen = (await nobody.get_ok(f"/live/race:{race_id}"))["state"]
    assert (of(seen, ada)["step"], of(seen, grace)["step"]) == (40, 3)
    assert of(seen, grace)["curve"] == {"1": [4.0, 3.0], "2": [8.0, 1.5], "3": [12.0, 1.0]}

    await time_passes(show.portal.site.sessions, 600)
    assert (await told(grace))["stop_in"] == 0
    assert (await grace.end(seed=2, stopped="clock", steps=3)).status_code == 200
    assert (await nobody.get_ok(where))["state"] == "running", "one is still coming in"
    assert (await ada.end(seed=3, stopped="clock", steps=40)).status_code == 200
    over = await nobody.get_ok(where)
    assert over["state"] == "ended"
    assert [of(over, one)["version"] for one in (ada, grace)] == [2, 2]
    await show.lab.work_off()
    assert {row["name"] for row in await show.producer.get_ok("/roster") if row["ready"]} >= {
        "Lantern",
        "Kite",
    }


async def test_the_stage_sees_the_curves_fall_by_patches_alone(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    run_id = ada.contract.run_id
    for one in (ada, grace):
        await one.hand_in(READY)
    race, run = f"race:{race_id}", f"training:{run_id}"
    async with page(show.portal) as stage, page(show.portal, show.contestants["Lantern"]) as own:
        seen, mine = await stage.open(race), await own.open(run)
        for last in (10, 20):
            await ada.steps(last - 9, last)
            await show.portal.relay()
            while (of(seen.state, ada)["step"], mine.state["step"]) != (last, last):
                await (stage if of(seen.state, ada)["step"] != last else own).receive()
        assert len(of(seen.state, ada)["curve"]) == 20
        assert seen.kinds.count("snap") == mine.kinds.count("snap") == 1
        assert await stage.refused(run) == "training.not_found"
    season = UUID(seen.state["season_id"])
    told_of = PIPELINE.channels(RaceChanged(race_id=UUID(race_id), season_id=season))
    assert told_of | PIPELINE.channels(TrainingChanged(run_id=UUID(run_id), season_id=season)) == {race, run}


async def test_whoever_lost_its_lab_when_the_time_is_up_enters_with_the_last_good_step(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    for one in (ada, grace):
        await one.hand_in(READY)
    await ada.steps(1, 30)
    await ada.checkpoint(20)
    await grace.end(stopped="steps")
    await time_passes(show.portal.site.sessions, 600)
    await ada.vanishes(show)
    again = await Trainer.take(show)
    assert again.contract.resume is not None
    assert again.contract.resume.step == 20
    assert await told(again) == {"pause": False, "go_in": 0, "stop_in": 0}
    assert (await again.end(seed=9, stopped="clock", steps=20)).status_code == 200
    race = await show.portal.anybody().get_ok(f"/training/races/{race_id}")
    assert (race["state"], of(race, again)["state"], of(race, again)["version"]) == ("ended", "done", 2)


async def test_a_producer_starts_with_who_is_there(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    assert await show.producer.refused("POST", f"{where}/start") == (409, "training.nobody_there")
    await ada.hand_in(READY)
    race = await show.producer.post_ok(f"{where}/start")
    assert (race["state"], of(race, ada)["state"], of(race, grace)["state"]) == (
        "running",
        "running",
        "cancelled",
    )
    assert (await grace.job.heartbeat()).status_code == 409
    assert await show.producer.refused("POST", f"{where}/start") == (409, "training.race_started")


async def test_at_its_deadline_a_race_starts_without_who_is_not_there_and_blames_nobody(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    await start_races(show.portal.site)
    race = await show.producer.get_ok(where)
    assert (race["line_seconds"], race["line_until"]) == (600, None), "nobody waits yet"
    await ada.hand_in(READY)
    race = await show.producer.get_ok(where)
    assert race["line_until"] is not None
    await start_races(show.portal.site)
    assert (await show.producer.get_ok(where))["state"] == "planned"

    await time_passes(show.portal.site.sessions, 601)
    assert (await told(ada))["go_in"] is None, "its lab is still there"
    await start_races(show.portal.site)
    race = await show.portal.anybody().get_ok(where)
    assert (race["state"], of(race, ada)["state"]) == ("running", "running")
    assert (of(race, grace)["state"], of(race, grace)["code"]) == ("failed", "training.not_at_line")
    assert (await told(ada))["go_in"] > 0
    assert (await grace.job.heartbeat()).status_code == 409
    kite, own = show.contestants["Kite"], show.entries["Kite"]
    options = await kite.get_ok(f"/training/options?submission_id={own['data']}")
    assert (options["runs_left"], options["under_way"]) == (3, None)


async def test_who_was_at_the_line_when_his_lab_died_is_not_there_any_more(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    await ada.hand_in(READY)
    await time_passes(show.portal.site.sessions, 61)
    await grace.hand_in(READY)
    race = await show.producer.get_ok(where)
    assert (race["state"], of(race, ada)["at_line"], of(race, grace)["at_line"]) == ("planned", False, True)
    await show.portal.sweep()
    run = await show.contestants["Lantern"].get_ok(f"/training/runs/{ada.contract.run_id}")
    assert run["at_line"] is False
    await time_passes(show.portal.site.sessions, 30)
    again = await Trainer.take(show)
    assert again.contract.run_id == ada.contract.run_id
    await again.hand_in(READY)
    assert (await show.producer.get_ok(where))["state"] == "running"


async def test_a_line_that_everybody_has_left_waits_anew(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    await ada.hand_in(READY)
    await time_passes(show.portal.site.sessions, 601)
    await start_races(show.portal.site)
    race = await show.producer.get_ok(where)
    assert (race["state"], race["line_until"]) == ("planned", None)
    assert {one["state"] for one in race["runs"].values()} == {"running"}
    await grace.hand_in(READY)
    assert (await show.producer.get_ok(where))["line_until"] is not None


async def test_a_race_says_when_the_labs_have_no_room_for_it(show: Show) -> None:
    show.lab.http.headers.update({"X-Gavel-Worker": "lab-1", "X-Gavel-Lanes": "two"})
    race_id, _ = await planned(show)
    where = f"/training/races/{race_id}"
    assert (await show.producer.get_ok(where))["room"] is None, "nothing is said of what nobody knows"
    await show.producer.post_ok(f"{where}/cancel")
    show.lab.http.headers["X-Gavel-Lanes"] = '{"lab.train": 1}'
    race: Json = await show.producer.call("POST", "/training/races", lineup(show), expect=201)
    assert race["room"] is None
    await Trainer.take(show)
    assert (await show.producer.get_ok(f"/training/races/{race['id']}"))["room"] == 1


async def test_two_that_end_at_one_moment_do_not_wait_for_each_other(show: Show) -> None:
    """Each has written its run twice before it takes the race, which makes PostgreSQL look at the race's key."""
    race_id, trainers = await planned(show)
    ready = asyncio.Barrier(len(trainers))

    async def ends(run_id: str) -> None:
        async with show.portal.site.sessions() as session, session.begin():
            run = await queries.run(session, UUID(run_id), lock=True)
            for step in (1, 2):
                run.step = step
                await session.flush()
            await ready.wait()
            await clock.settle(session, UUID(race_id))

    await asyncio.gather(*(ends(trainer.contract.run_id) for trainer in trainers))


async def test_who_is_refused_does_not_keep_the_others_waiting(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    await ada.hand_in(READY)
    said = {"code": "training.row_too_long", "message": "Row 3 has 400 tokens."}
    await grace.job.complete({"ended": "refused", "refusal": said, "detail": {"row": 3}})
    race = await show.portal.anybody().get_ok(f"/training/races/{race_id}")
    assert (race["state"], of(race, grace)["code"]) == ("running", "training.row_too_long")


async def test_a_cancelled_race_gives_nobody_a_version(show: Show) -> None:
    race_id, (ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    for one in (ada, grace):
        await one.hand_in(READY)
    race = await show.producer.post_ok(f"{where}/cancel")
    assert race["state"] == "cancelled"
    assert {one["state"] for one in race["runs"].values()} == {"cancelled"}
    assert (await ada.end()).status_code == 409
    assert await show.producer.refused("POST", f"{where}/cancel") == (409, "training.race_over")


async def test_a_race_that_is_cancelled_while_one_is_still_loading_never_starts(show: Show) -> None:
    race_id, (_ada, grace) = await planned(show)
    where = f"/training/races/{race_id}"
    await grace.hand_in(READY)
    race = await show.producer.post_ok(f"{where}/cancel")
    assert (race["state"], race["started_at"]) == ("cancelled", None)
    assert await show.portal.anybody().refused("GET", where) == (404, "training.race_not_found")


async def test_who_races_with_another_s_data_does_not_get_to_read_it(show: Show) -> None:
    kite, data = show.entries["Kite"]["entry_id"], show.entries["Lantern"]["data"]
    entries = [wanted(show.entries["Lantern"]["entry_id"], data), wanted(kite, data)]
    body = {"name": "One for both", "entries": entries, "seconds": 600}
    race: Json = await show.producer.call("POST", "/training/races", body, expect=201)
    runs = {one["entry_id"]: run for run, one in race["runs"].items()}
    where = f"/training/runs/{runs[kite]}"
    assert (await show.contestants["Kite"].get_ok(where))["id"] == runs[kite]
    refused = await show.contestants["Kite"].refused("GET", f"{where}/data.jsonl")
    assert refused == (404, "training.not_found")


async def test_in_a_race_nobody_pauses_or_comes_back(show: Show) -> None:
    _, (ada, _grace) = await planned(show)
    lantern: Caller = show.contestants["Lantern"]
    run = f"/training/runs/{ada.contract.run_id}"
    assert await lantern.refused("POST", f"{run}/pause") == (409, "training.in_race")
    await lantern.post_ok(f"{run}/cancel")
    assert await lantern.refused("POST", f"{run}/resume") == (409, "training.not_resumable")


async def test_a_race_that_one_may_not_run_is_not_planned_at_all(show: Show) -> None:
    lantern, own = show.contestants["Lantern"], show.entries["Lantern"]
    await lantern.call("POST", "/training/runs", wanted(own["entry_id"], own["data"]), expect=201)
    refused = await show.producer.refused("POST", "/training/races", lineup(show))
    assert refused == (409, "training.under_way")
    assert await show.producer.get_ok("/training/races") == []
    assert len(await show.producer.get_ok("/training/runs")) == 1
    assert await lantern.refused("POST", "/training/races", lineup(show)) == (403, "auth.forbidden")
