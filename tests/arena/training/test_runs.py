"""From a data set to the next version of an entry: ordered by people, trained by a lab that the test plays."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from arena.shows.training import TrainingRules
from arena.submissions.artifacts import CONFIG
from arena.submissions.sealing import sealed
from tests.arena.submissions.test_line import change_rules
from tests.support import evening
from tests.support.clock import time_passes
from tests.support.engine import make_adapter
from tests.support.evening import Evenings
from tests.support.portal import Caller, Portal
from tests.support.show import Json, Show, contents
from tests.support.training import (
    RULES,
    Trainer,
    announce_dataset,
    kept,
    order,
    point,
    send_dataset,
    track,
    wanted,
)
from workers.control.watch import tidy_uploads


async def with_data(show: Show) -> None:
    """House and Ada's Lantern are ready, and Ada has a verified data set."""
    await evening.admitted(show)
    await change_rules(show.portal, track=track())
    lantern = show.entries["Lantern"]
    lantern["data"] = await send_dataset(show, show.contestants["Lantern"], lantern["entry_id"])


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    async with evenings.after(with_data, tmp_path) as show:
        yield show


@pytest.fixture
def ada(show: Show) -> Caller:
    return show.contestants["Lantern"]


@pytest.fixture
def lantern(show: Show) -> Json:
    return show.entries["Lantern"]


async def ordered(ada: Caller, lantern: Json, **spec: Any) -> Json:
    return await order(ada, lantern["entry_id"], lantern["data"], **spec)


async def refusal(caller: Caller, body: Json) -> tuple[int, str]:
    return await caller.refused("POST", "/training/runs", body)


async def versions(ada: Caller) -> list[Json]:
    (entry,) = await ada.get_ok("/entries")
    return [one for one in entry["submissions"] if one["artifact"] == "adapter"]


# --- the whole way ------------------------------------------------------------------------------------------------


async def test_a_run_that_loses_its_lab_goes_on_and_becomes_exactly_one_version(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    assert (run["state"], run["entry"], run["form"], run["ordered_by"]) == (
        "queued",
        "Lantern",
        "messages",
        "Lantern",
    )
    assert [one["id"] for one in await ada.get_ok("/training/runs")] == [run["id"]]

    first = await Trainer.take(show)
    contract = first.contract
    assert contract.spec.recipe == "sft"
    assert contract.budget == RULES.budget
    assert (contract.resume, contract.parent, contract.race) == (None, None, False)
    data = (await first.job.http.get(contract.data.url)).content
    assert sha256(data).hexdigest() == contract.data.sha256 == (await version(ada, lantern["data"]))["digest"]
    heard = await first.steps(1, 3)
    assert heard == {"ok": True, "told": {"pause": False, "go_in": None, "stop_in": None}}
    state = await first.checkpoint(2)
    seen = await ada.get_ok(where)
    assert (seen["state"], seen["step"], seen["checkpoint_step"], seen["loss"]) == ("running", 3, 2, 1.0)

    await first.vanishes(show)
    second = await Trainer.take(show)
    assert (await first.hand_in(point(4))).json()["error"]["code"] == "job.lost_lease"
    resume = second.contract.resume
    assert resume is not None
    assert (resume.step, resume.tokens) == (2, 800)
    assert (await second.job.http.get(resume.url)).content == state
    assert [one["step"] for one in (await ada.get_ok(f"{where}/points"))["points"]] == [1, 2]
    await second.steps(3, 5)
    await second.steps(4, 5, pace=50)
    points = (await ada.get_ok(f"{where}/points?after=2"))["points"]
    assert [(one["step"], one["tokens_per_second"]) for one in points] == [(3, 100), (4, 50), (5, 50)]
    assert points[0]["extra"] == {"margin": 0.5}

    assert (await second.end()).status_code == 200
    assert (await second.end()).json()["error"]["code"] == "job.lost_lease"
    done = await ada.get_ok(where)
    assert (done["state"], done["stopped"], done["attempt"]) == ("done", "steps", 2)
    assert done["record"]["final_loss"] == 0.6
    assert (done["result"]["version"], done["result"]["state"]) == (3, "received")
    await show.lab.work_off()
    made = await version(ada, done["result"]["submission_id"])
    assert made["state"] == "ready"
    assert [one["version"] for one in await versions(ada)] == [3, 1], "one came of it"

    files = contents(make_adapter(7, rank=1))
    for name, body in files.items():
        assert (await ada.get(f"/api{where}/adapter/{name}")).content == body
    lines = (await ada.get(f"/api{where}/log")).text.splitlines()
    assert json.loads(lines[0])["id"] == run["id"]
    assert [json.loads(line)["step"] for line in lines[1:]] == [1, 2, 3, 4, 5]


async def version(caller: Caller, submission: str) -> Json:
    seen: Json = await caller.get_ok(f"/submissions/{submission}")
    return seen


async def test_what_came_of_training_is_none_of_the_days_uploads(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    await (await Trainer.take(show)).end()
    await change_rules(show.portal, versions_per_day=3)
    entry = lantern["entry_id"]
    await announce_dataset(ada, entry, count=31)  # beside the first adapter and the first data set
    names = ("adapter_config.json", "adapter_model.safetensors")
    body = {"artifact": "adapter", "files": [{"name": one, "size": 1, "sha256": "0" * 64} for one in names]}
    refused = await ada.refused("POST", f"/entries/{entry}/submissions", body)
    assert refused == (429, "upload.quota")
    assert (await ada.get_ok(f"/training/runs/{run['id']}"))["result"]["version"] == 3


async def test_a_reward_model_stays_with_its_run(show: Show, ada: Caller, lantern: Json) -> None:
    pairs = await send_dataset(show, ada, lantern["entry_id"], "preference")
    run = await order(ada, lantern["entry_id"], pairs, "reward")
    assert (await (await Trainer.take(show)).end()).status_code == 200
    done = await ada.get_ok(f"/training/runs/{run['id']}")
    assert (done["state"], done["result"], len(done["files"])) == ("done", None, 2)


async def test_who_ends_after_the_deadline_has_an_adapter_and_no_version(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    trainer = await Trainer.take(show)
    await change_rules(show.portal, closes_at="2020-01-01T00:00:00Z")
    assert (await trainer.end()).status_code == 200
    done = await ada.get_ok(f"/training/runs/{run['id']}")
    assert (done["state"], done["result"], done["code"]) == ("done", None, "training.after_deadline")
    assert await refusal(ada, wanted(lantern["entry_id"], lantern["data"])) == (403, "training.closed")


async def test_a_run_that_its_data_rule_out_says_where(show: Show, ada: Caller, lantern: Json) -> None:
    run = await ordered(ada, lantern)
    trainer = await Trainer.take(show)
    said = {"code": "training.diverged", "message": "The loss is not a number after step 3."}
    assert (
        await trainer.job.complete({"ended": "refused", "refusal": said, "detail": {"step": 3}})
    ).status_code == 200
    seen = await ada.get_ok(f"/training/runs/{run['id']}")
    assert (seen["state"], seen["code"], seen["detail"]) == ("refused", "training.diverged", {"step": 3})
    assert await ada.refused("POST", f"/training/runs/{run['id']}/resume") == (409, "training.not_resumable")


async def test_what_a_lab_says_is_checked(show: Show, ada: Caller, lantern: Json) -> None:
    run = await ordered(ada, lantern)
    trainer = await Trainer.take(show)

    async def code(answer: Any) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]["code"]

    lost = kept(1, b"nobody has written this")
    assert await code(await trainer.hand_in(point(1), lost)) == (422, "training.checkpoint_missing")
    assert (await ada.get_ok(f"/training/runs/{run['id']}"))["step"] == 0, "nothing of it was kept"
    assert await code(await trainer.hand_in({"kind": "point"})) == (422, "job.bad_answers")
    forged = await trainer.result()
    forged["files"]["adapter_config.json"][0] = "0" * 64
    assert await code(await trainer.job.complete(forged)) == (409, "store.hash_mismatch")
    await time_passes(show.portal.site.sessions, 30)
    again = await Trainer.take(show)
    assert await code(await again.job.complete({"ended": "paused"})) == (409, "training.not_asked")
    await time_passes(show.portal.site.sessions, 30)
    assert (await (await Trainer.take(show)).end()).status_code == 200


# --- paused, resumed, cancelled -----------------------------------------------------------------------------------


async def test_a_run_is_paused_at_a_checkpoint_and_resumed_there(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    trainer = await Trainer.take(show)
    await trainer.steps(1, 3)
    assert (await ada.post_ok(f"{where}/pause"))["state"] == "pausing"
    heard = (await trainer.job.heartbeat()).json()
    assert heard["told"]["pause"] is True
    await trainer.checkpoint(3, slot=1)
    assert (await trainer.job.complete({"ended": "paused"})).status_code == 200
    paused = await ada.get_ok(where)
    assert (paused["state"], paused["resumable"], paused["pausable"]) == ("paused", True, False)
    assert await ada.refused("POST", f"{where}/pause") == (409, "training.not_pausable")

    other = await ordered(ada, lantern, rank=4)
    assert await ada.refused("POST", f"{where}/resume") == (409, "training.under_way")
    await ada.post_ok(f"/training/runs/{other['id']}/pause")
    assert (await ada.get_ok(f"/training/runs/{other['id']}"))["state"] == "paused", "nobody was at it"
    await ada.post_ok(f"{where}/resume")
    resumed = await Trainer.take(show)
    assert resumed.contract.resume is not None
    assert resumed.contract.resume.step == 3
    assert (await resumed.end()).status_code == 200
    assert [one["action"] for one in (await ada.get_ok(where))["decisions"]] == ["order", "pause", "resume"]


async def test_a_pause_that_its_lab_does_not_live_to_see_is_one(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    trainer = await Trainer.take(show)
    await trainer.checkpoint(2)
    await ada.post_ok(f"{where}/pause")
    await trainer.vanishes(show)
    answer = await show.lab.http.post(f"{await show.lab.next_url()}/claim")
    assert answer.status_code == 409
    assert ((await ada.get_ok(where))["state"], (await ada.get_ok(where))["checkpoint_step"]) == ("paused", 2)


async def test_a_run_that_was_ordered_twice_over_is_in_one_labs_hands(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    await ada.post_ok(f"/training/runs/{run['id']}/pause")
    await ada.post_ok(f"/training/runs/{run['id']}/resume")
    trainer = await Trainer.take(show)
    await show.portal.relay()
    for link in show.portal.waker.lab_links:
        assert (await show.lab.http.post(f"{link}/claim")).status_code == 409
    assert (await trainer.end()).status_code == 200


async def test_a_cancelled_run_is_taken_from_its_lab_and_may_go_on_later(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    trainer = await Trainer.take(show)
    await trainer.checkpoint(2)
    assert (await show.producer.post_ok(f"{where}/cancel"))["state"] == "cancelled"
    assert (await trainer.job.heartbeat()).status_code == 409
    assert (await trainer.hand_in(point(3))).status_code == 409
    assert (await trainer.end()).status_code == 409
    assert await ada.refused("POST", f"{where}/cancel") == (409, "training.over")
    await ada.post_ok(f"{where}/resume")
    assert (await Trainer.take(show)).contract.resume is not None


async def test_a_run_is_paused_only_so_often_and_a_cancel_that_is_taken_back_counts(
    show: Show, ada: Caller, lantern: Json
) -> None:
    await change_rules(show.portal, track=track(training=TrainingRules(pauses=2).model_dump(mode="json")))
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    assert run["pauses_left"] == 2
    await ada.post_ok(f"{where}/pause")
    await ada.post_ok(f"{where}/resume")
    await ada.post_ok(f"{where}/cancel")
    resumed = await ada.post_ok(f"{where}/resume")
    assert (resumed["pauses_left"], resumed["pausable"]) == (0, False)
    assert await ada.refused("POST", f"{where}/pause") == (409, "training.no_pauses_left")
    assert (await ada.post_ok(f"{where}/cancel"))["resumable"] is False
    assert await ada.refused("POST", f"{where}/resume") == (409, "training.not_resumable")


async def test_a_pause_that_nobody_ends_becomes_a_cancelled_run_that_keeps_its_checkpoint(
    show: Show, ada: Caller, lantern: Json
) -> None:
    rules = TrainingRules(paused_seconds=3600, pauses=1).model_dump(mode="json")
    await change_rules(show.portal, track=track(training=rules))
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    trainer = await Trainer.take(show)
    await ada.post_ok(f"{where}/pause")
    await trainer.checkpoint(3)
    await trainer.job.complete({"ended": "paused"})
    paused = await ada.get_ok(where)
    assert paused["paused_until"] is not None
    await time_passes(show.portal.site.sessions, 3590)
    await tidy_uploads(show.portal.site)
    assert (await ada.get_ok(where))["state"] == "paused"
    await time_passes(show.portal.site.sessions, 20)
    await tidy_uploads(show.portal.site)
    over = await ada.get_ok(where)
    assert (over["state"], over["code"], over["resumable"]) == ("cancelled", "training.pause_over", True)
    assert over["paused_until"] is None
    await ada.post_ok(f"{where}/resume")
    resumed = (await Trainer.take(show)).contract.resume
    assert resumed is not None
    assert resumed.step == 3


async def test_what_keeps_no_checkpoint_is_not_paused(show: Show, ada: Caller, lantern: Json) -> None:
    rules = TrainingRules(profiles=("zero2",), max_processes=2).model_dump(mode="json")
    await change_rules(show.portal, track=track(training=rules))
    run = await ordered(ada, lantern, profile="zero2", processes=2)
    assert run["pausable"] is False
    refused = await ada.refused("POST", f"/training/runs/{run['id']}/pause")
    assert refused == (409, "training.keeps_nothing")


async def test_a_fault_of_ours_fails_a_run_and_does_not_count(show: Show, ada: Caller, lantern: Json) -> None:
    rules = TrainingRules(runs_per_day=1).model_dump(mode="json")
    await change_rules(show.portal, track=track(training=rules))
    run = await ordered(ada, lantern)
    await (await Trainer.take(show)).job.fail("The disk is broken.", retry=False)
    assert (await ada.get_ok(f"/training/runs/{run['id']}"))["state"] == "failed"
    again = await ordered(ada, lantern)
    await ada.post_ok(f"/training/runs/{again['id']}/cancel")
    assert await refusal(ada, wanted(lantern["entry_id"], lantern["data"])) == (429, "training.quota")


async def test_checkpoints_are_forgotten_once_the_run_is_over(
    show: Show, ada: Caller, lantern: Json, tmp_path: Path
) -> None:
    await ordered(ada, lantern)
    trainer = await Trainer.take(show)
    await trainer.checkpoint(2)
    left = tmp_path / "files" / "incoming" / "training"
    assert [path.name for path in left.rglob("checkpoint-*")] == ["checkpoint-0"]
    await tidy_uploads(show.portal.site)
    assert [path.name for path in left.rglob("checkpoint-*")] == ["checkpoint-0"]
    await trainer.end()
    await tidy_uploads(show.portal.site)
    assert [path for path in left.rglob("*") if path.is_file()] == []


async def test_only_the_newest_checkpoint_of_a_run_is_kept(
    show: Show, ada: Caller, lantern: Json, tmp_path: Path
) -> None:
    run = await ordered(ada, lantern)
    left = tmp_path / "files" / "incoming" / "training" / run["id"]

    async def kept_files() -> list[str]:
        await tidy_uploads(show.portal.site)
        return sorted(str(path.relative_to(left)) for path in left.rglob("*") if path.is_file())

    first = await Trainer.take(show)
    await first.checkpoint(2, slot=0)
    await first.checkpoint(4, slot=1)
    assert await kept_files() == ["1/checkpoint-0", "1/checkpoint-1"], "one may be being written"
    await first.vanishes(show)
    second = await Trainer.take(show)
    assert await kept_files() == ["1/checkpoint-1"]
    await second.checkpoint(6)
    assert await kept_files() == ["2/checkpoint-0"]
    await ada.post_ok(f"/training/runs/{run['id']}/pause")
    await second.checkpoint(7, slot=1)
    await second.job.complete({"ended": "paused"})
    assert await kept_files() == ["2/checkpoint-1"]
    await ada.post_ok(f"/training/runs/{run['id']}/cancel")
    assert await kept_files() == ["2/checkpoint-1"], "it may go on"
    await time_passes(show.portal.site.sessions, 8 * 86400)
    assert await kept_files() == []


# --- refused ------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_trained_is_refused_and_says_why(
    show: Show, ada: Caller, lantern: Json, subtests: pytest.Subtests
) -> None:
    entry, data = lantern["entry_id"], lantern["data"]
    pairs = await send_dataset(show, ada, entry, "preference")
    unchecked = await announce_dataset(ada, entry, count=41)
    adapter = lantern["submission_id"]
    grace = await show.portal.person("contestant", "Grace")
    hers = (await grace.post_ok("/entries", {"name": "Kite"}))["id"]
    shape = {"rank": 1, "alpha": 1, "target_modules": ["q_proj"]}
    cases: dict[str, tuple[Json, tuple[int, str]]] = {
        "recipe": (wanted(entry, data, recipe="rloo"), (422, "training.recipe_not_allowed")),
        "method": (wanted(entry, data, method="qlora"), (422, "training.method_not_allowed")),
        "layout": (wanted(entry, data, profile="zero2"), (422, "training.profile_not_allowed")),
        "processes": (wanted(entry, data, profile="ddp", processes=4), (422, "training.too_many_processes")),
        "form": (wanted(entry, data, recipe="dpo"), (422, "training.wrong_form")),
        "other form": (wanted(entry, pairs), (422, "training.wrong_form")),
        "rank": (wanted(entry, data, rank=17), (422, "training.rank_too_high")),
        "alpha": (wanted(entry, data, rank=1, alpha=9), (422, "training.alpha_too_high")),
        "module": (wanted(entry, data, target_modules=["lm_head"]), (422, "training.module_unknown")),
        "length": (wanted(entry, data, max_length=2048), (422, "training.max_length_too_long")),
        "unknown number": (wanted(entry, data, ranks=8), (422, "request.invalid")),
        "no data set": (wanted(entry, adapter), (422, "training.not_a_dataset")),
        "not verified": (wanted(entry, unchecked), (409, "training.dataset_not_verified")),
        "nobody's data": (wanted(entry, str(uuid4())), (404, "training.input_not_found")),
        "parent is data": (wanted(entry, data, parent=data), (409, "training.parent_not_ready")),
        "parent's form": (wanted(entry, data, parent=adapter, **shape), (422, "training.bad_parent")),
        "another's entry": (wanted(hers, data), (404, "entry.not_found")),
        "the house": (wanted(show.entries["House"]["entry_id"], data), (404, "entry.not_found")),
    }
    for name, (body, expected) in cases.items():
        with subtests.test(name):
            assert await refusal(ada, body) == expected
    with subtests.test("another's data"):
        assert await refusal(grace, wanted(hers, data)) == (404, "training.input_not_found")
    with subtests.test("the house, by a producer"):
        body = wanted(show.entries["House"]["entry_id"], data)
        assert await refusal(show.producer, body) == (409, "training.house")
    with subtests.test("one at a time"):
        await ordered(ada, lantern)
        assert await refusal(ada, wanted(entry, data)) == (409, "training.under_way")
        assert (await ada.get_ok(f"/training/options?submission_id={data}"))["under_way"] is not None
    with subtests.test("a track without"):
        await change_rules(show.portal, track=track(training=None))
        assert await refusal(ada, wanted(entry, data)) == (409, "training.not_offered")
        options = f"/training/options?submission_id={data}"
        assert await ada.refused("GET", options) == (409, "training.not_offered")


async def test_a_run_goes_on_with_an_adapter_of_ones_own(show: Show, ada: Caller, lantern: Json) -> None:
    options = await ada.get_ok(f"/training/options?submission_id={lantern['data']}")
    (parent,) = options["parents"]
    assert (parent["submission_id"], parent["rank"]) == (lantern["submission_id"], 1)
    shape = {name: parent[name] for name in ("method", "rank", "alpha", "target_modules")}
    body = wanted(lantern["entry_id"], lantern["data"], parent=parent["submission_id"], **shape)
    await ada.call("POST", "/training/runs", body, expect=201)
    contract = (await Trainer.take(show)).contract
    assert contract.parent is not None
    assert contract.parent.digest == (await version(ada, lantern["submission_id"]))["digest"]


@pytest.mark.parametrize("config", [None, b'{"r": 4096}'])
async def test_an_adapter_that_cannot_be_read_any_more_takes_nobody_the_page(
    show: Show, ada: Caller, lantern: Json, tmp_path: Path, config: bytes | None
) -> None:
    digest = (await version(ada, lantern["submission_id"]))["digest"]
    file = tmp_path / "files" / sealed(digest, CONFIG)
    file.unlink()
    if config is not None:
        file.write_bytes(config)
    options = await ada.get_ok(f"/training/options?submission_id={lantern['data']}")
    assert options["parents"] == []
    (unusable,) = options["unusable_parents"]
    assert (unusable["submission_id"], unusable["code"]) == (lantern["submission_id"], "training.parent_gone")
    body = wanted(lantern["entry_id"], lantern["data"], parent=lantern["submission_id"])
    assert await refusal(ada, body) == (404, "training.parent_gone")


async def test_nothing_is_handed_out_while_no_engine_has_the_weights(
    show: Show, ada: Caller, lantern: Json
) -> None:
    run = await ordered(ada, lantern)
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update nodes set state = 'starting'"))
    answer = await show.lab.http.post(f"{await show.lab.next_url()}/claim")
    assert answer.status_code == 409
    seen = await ada.get_ok(f"/training/runs/{run['id']}")
    assert seen["waiting"]["reason"] == "waiting for an engine with the weights of gemma-3-270m"
    assert seen["attempt"] == 0


# --- seen ---------------------------------------------------------------------------------------------------------


async def test_options_propose_what_the_order_then_takes(show: Show, ada: Caller, lantern: Json) -> None:
    where = f"/training/options?submission_id={lantern['data']}"
    before = await ada.get_ok(where)
    assert [one["id"] for one in before["recipes"]] == ["sft", "grpo"], "those that learn from messages"
    assert (before["rows"], before["runs_left"], before["max_rank"]) == (30, 3, 16)
    sft = before["recipes"][0]
    assert [one["id"] for one in sft["presets"]] == ["quick", "balanced", "thorough"]
    assert {one["estimate"]["seconds"] for one in sft["presets"]} == {None}, "nothing was measured yet"
    run = await ordered(ada, lantern, **sft["presets"][1]["spec"])
    trainer = await Trainer.take(show)
    await trainer.steps(1, 5, pace=200)
    await trainer.end()
    after = (await ada.get_ok(where))["recipes"][0]
    assert after["tokens_per_second"] == 200
    estimate = after["presets"][1]["estimate"]
    assert estimate["seconds"] == pytest.approx(estimate["tokens"] / 200)
    assert run["budget"]["steps"] == estimate["steps"]


async def test_a_run_is_its_owners_and_the_producers(show: Show, ada: Caller, lantern: Json) -> None:
    run = await ordered(ada, lantern)
    where = f"/training/runs/{run['id']}"
    await (await Trainer.take(show)).end()
    grace = await show.portal.person("contestant", "Grace")
    paths = [
        ("GET", where),
        ("GET", f"{where}/points"),
        ("GET", f"{where}/log"),
        ("GET", f"{where}/recipe"),
        ("GET", f"{where}/adapter/adapter_config.json"),
        ("GET", f"{where}/data.jsonl"),
        ("POST", f"{where}/pause"),
        ("POST", f"{where}/resume"),
        ("POST", f"{where}/cancel"),
    ]
    assert {await grace.refused(*path) for path in paths} == {(404, "training.not_found")}
    assert await grace.get_ok("/training/runs") == []
    assert await grace.refused("GET", f"/live/training:{run['id']}") == (404, "training.not_found")
    assert [one["id"] for one in await show.producer.get_ok("/training/runs")] == [run["id"]]
    assert (await show.producer.get_ok(f"/live/training:{run['id']}"))["state"]["state"] == "done"
    adapter = f"{where}/adapter/adapter_config.json"
    assert await show.producer.refused("GET", adapter) == (404, "training.not_found"), "its owner's alone"


async def test_a_run_is_told_as_something_to_do_again(show: Show, ada: Caller, lantern: Json) -> None:
    run = await ordered(ada, lantern)
    said = await ada.get_ok(f"/training/runs/{run['id']}/recipe")
    assert said["recipe"]["data"] == (await version(ada, lantern["data"]))["digest"]
    assert said["command"].startswith("gavel train recipe.json --data data.jsonl")
    assert said["swift"].startswith("swift sft ")
    data = (await ada.get(f"/api/training/runs/{run['id']}/data.jsonl")).content
    assert sha256(data).hexdigest() == said["recipe"]["data"]


async def test_a_fresh_site_says_before_an_upload_that_it_trains(portal: Portal) -> None:
    track = (await portal.anybody().get_ok("/seasons/current"))["track"]
    assert "dataset" in track["artifacts"]
    budget = track["training"]["budget"]
    assert (budget["steps"], budget["seconds"]) == (60, 600), "little enough for a laptop"
