"""What pages read of benchmarks: runs with their questions, the queue, suites, scores for everybody, and the folder
with which a stranger computes a run again."""

import io
import json
import zipfile
from uuid import uuid4

import pytest

from arena.benchmarks import suites
from arena.benchmarks.contracts import BenchmarkContract
from tests.support.evening import measured
from tests.support.lab import BENCHMARK, LabJob, attested, benchmarked
from tests.support.portal import Caller
from tests.support.show import Json, Show, send_files

SUITE = "reasoning"


@pytest.fixture
def show(probed: Show) -> Show:
    return probed


async def answered(job: LabJob, right: float = 0.5) -> Json:
    """With options where there are some, as a real lab has them."""
    contract = BenchmarkContract.model_validate(job.contract)
    result = benchmarked(contract, right) | {"attestation": await attested(contract)}
    kinds = {family.name: family for family in contract.suite.families}
    for sample in result["samples"]:
        choice = kinds[sample["task"]].kind == "choice"
        sample["options"], sample["logprobs"] = (["no", "yes"], [-2.0, -1.0]) if choice else ([], [])
        sample["detail"] = {"scorer": "likeliest" if choice else kinds[sample["task"]].scorer}
        sample["extracted"] = sample["answer"]
    return result


async def test_a_version_s_runs_are_read_with_their_questions_by_the_page(show: Show) -> None:
    ada, submission, job = await measured(show)
    await job.succeed(await answered(job, right=0.5))
    (run,) = await ada.get_ok(f"/submissions/{submission}/runs")
    assert (run["state"], run["extent"], run["ordered_by"]) == ("done", "air", None)
    assert run["entry"]["name"] == "Lantern"
    assert run["answered"] <= run["total"] == sum(map(len, suites.load(SUITE).indices("air").values()))
    assert run == await ada.get_ok(f"/runs/{run['id']}")

    everything: list[Json] = []
    page = await ada.get_ok(f"/runs/{run['id']}/samples")
    for number in range(1, page["pages"] + 1):
        everything += (await ada.get_ok(f"/runs/{run['id']}/samples?page={number}"))["items"]
    assert len(everything) == page["total"] == run["total"]
    assert len({(one["task"], one["index"]) for one in everything}) == run["total"], "no question twice"
    order = [task["task"] for task in run["tasks"]]
    assert sorted(everything, key=lambda one: (order.index(one["task"]), one["index"])) == everything
    assert all(one["extracted"] is None for one in everything if one["options"])
    assert all(one["extracted"] for one in everything if not one["options"])

    task = order[0]
    some = await ada.get_ok(f"/runs/{run['id']}/samples?task={task}&wrong=true")
    assert some["items"] == [one for one in everything if one["task"] == task and not one["correct"]]
    beyond = await ada.get_ok(f"/runs/{run['id']}/samples?page=99")
    assert (beyond["page"], beyond["items"][-1]) == (page["pages"], everything[-1])

    eve = await show.portal.person("contestant", "Eve")
    for path in ("", "/samples", "/comparisons"):
        assert await eve.refused("GET", f"/runs/{run['id']}{path}") == (404, "run.not_found")
    assert await eve.refused("GET", f"/submissions/{submission}/runs") == (404, "submission.not_found")
    assert (await show.producer.get_ok(f"/runs/{run['id']}"))["id"] == run["id"]


async def test_the_queue_says_what_waits_and_who_may_end_it(show: Show) -> None:
    ada, submission, job = await measured(show)
    (under_way,) = await show.producer.get_ok("/benchmark-runs/queue")
    # Without the run of its admission a version never plays: it ends with the version.
    assert (under_way["state"], under_way["cancellable"]) == ("running", False)
    await job.succeed(await answered(job))
    assert await show.producer.get_ok("/benchmark-runs/queue") == []

    roster = await show.producer.get_ok("/roster")
    lantern = next(row["entry_id"] for row in roster if row["name"] == "Lantern")
    body = {"entries": [lantern], "suite": SUITE, "extent": "full", "expected": 1}
    await show.producer.post_ok("/benchmark-runs", body)
    await show.portal.relay()
    (waits,) = await show.producer.get_ok("/benchmark-runs/queue")
    assert (waits["state"], waits["ordered_by"], waits["cancellable"]) == ("queued", "Pauline", True)
    assert (waits["waiting"]["reason"], waits["waiting"]["position"]) == ("queued", 0)
    hers = next(
        run for run in await ada.get_ok(f"/submissions/{submission}/runs") if run["id"] == waits["id"]
    )
    assert not hers["cancellable"], "whoever sees that it goes badly would"
    assert await ada.refused("POST", f"/runs/{waits['id']}/cancel") == (403, "auth.forbidden")
    cancelled = (await show.producer.post(f"/api/runs/{waits['id']}/cancel")).json()
    assert (cancelled["state"], cancelled["cancellable"]) == ("cancelled", False)

    ended = await show.producer.get_ok("/benchmark-runs")
    assert ended["total"] == len(ended["items"]) == 3, "the house's, hers, and the cancelled one"
    assert ended["items"][0]["id"] == waits["id"]
    only = await show.producer.get_ok(f"/benchmark-runs?state=cancelled&suite={SUITE}")
    assert [run["id"] for run in only["items"]] == [waits["id"]]
    assert (await show.producer.get_ok("/benchmark-runs?suite=english"))["items"] == []
    assert (await ada.get("/api/benchmark-runs")).status_code == 403


async def test_everybody_sees_what_a_suite_asks(show: Show) -> None:
    anybody = show.portal.anybody()
    listed = await anybody.get_ok("/suites")
    assert [one["id"] for one in listed] == list(suites.shipped())
    one = await anybody.get_ok(f"/suites/{SUITE}")
    spec = suites.load(SUITE)
    assert (one["digest"], one["seed"], one["seed_commitment"]) == (spec.digest, spec.seed, None)
    assert {family["name"]: family["air"] for family in one["families"]} == spec.indices("air")

    drawn = await show.producer.post_ok("/seasons/current/seed")
    sealed = await anybody.get_ok(f"/suites/{SUITE}")
    assert (sealed["seed"], sealed["seed_commitment"]) == (None, drawn["commitment"])
    await show.producer.post_ok("/seasons/current/seed/release")
    out = await anybody.get_ok(f"/suites/{SUITE}")
    assert len(bytes.fromhex(out["seed"])) == 32


async def scores(caller: Caller) -> dict[str, Json]:
    rows = (await caller.get_ok(f"/leaderboard/suites/{SUITE}"))["rows"]
    return {row["name"]: row for row in rows}


async def test_scores_of_a_suite_are_shown_as_far_as_the_board_shows_them(show: Show) -> None:
    _, _, job = await measured(show)
    anybody = show.portal.anybody()
    before = await scores(anybody)
    assert before["House"]["accuracy"] is not None
    assert before["Lantern"]["accuracy"] is None, "a missing score is never a number"
    await show.producer.post_ok("/leaderboard/freeze", {"frozen": True})
    await job.succeed(await answered(job, right=0.75))
    await show.portal.drain()
    frozen = await anybody.get_ok(f"/leaderboard/suites/{SUITE}")
    assert frozen["frozen"]
    assert (await scores(anybody))["Lantern"]["accuracy"] is None, (
        "the board keeps it back, so does this page"
    )
    assert (await scores(anybody))["House"] == before["House"]
    await show.producer.post_ok("/leaderboard/freeze", {"frozen": False})
    row = (await scores(anybody))["Lantern"]
    assert row["accuracy"]["value"] > before["House"]["accuracy"]["value"]
    assert {task["task"] for task in row["tasks"]} == suites.load(SUITE).indices("air").keys()
    assert (await anybody.get_ok(f"/attestations/{row['attestation']}"))["document"]

    path = f"/runs/{row['run_id']}/void"
    await show.producer.post_ok(path, {"reason": "The engine was replaced."})
    assert (await scores(anybody))["Lantern"]["accuracy"] is None


async def test_anybody_gets_the_folder_and_the_command(show: Show) -> None:
    ada, submission, job = await measured(show)
    (run,) = await ada.get_ok(f"/submissions/{submission}/runs")
    anybody = show.portal.anybody()
    assert await anybody.refused("GET", f"/runs/{run['id']}/reproduce") == (409, "reproduce.not_done")
    result = await answered(job)
    await job.succeed(result)
    how = await anybody.get_ok(f"/runs/{run['id']}/reproduce")
    spec = suites.load(SUITE)
    assert f"--tasks gavel_{SUITE}_v{spec.version} " in how["command"]
    assert f"model={job.contract['model']}," in how["command"]
    asked = spec.indices("air")
    written = [family.name for family in spec.families if family.kind == "generate" and family.name in asked]
    assert how["judged"] == written
    answer = await anybody.get(how["folder"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.content == (await anybody.get(how["folder"])).content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = {name.split("/", 1)[1]: name for name in archive.namelist()}
        rows = {
            task: [json.loads(line) for line in archive.read(names[f"items/{task}.jsonl"]).splitlines()]
            for task in asked
        }
        expected = json.loads(archive.read(names["expected.json"]))
    assert {task: [row["index"] for row in listed] for task, listed in rows.items()} == asked
    assert len(expected) == len(result["samples"])
    # Somebody else's adapter is in it no more than a signed link to it.
    assert not any("adapter" in name for name in names)
    assert await anybody.refused("GET", f"/runs/{uuid4()}/reproduce") == (404, "run.not_found")

    (houses,) = [row for row in (await scores(anybody)).values() if row["kind"] == "house"]
    assert await anybody.refused("GET", f"/runs/{houses['run_id']}/reproduce") == (409, "reproduce.old")


async def test_a_sealed_seed_seals_the_folder(show: Show) -> None:
    """With the seed come the questions that nobody was asked yet, so its owner does not get it either."""
    await show.producer.post_ok("/seasons/current/seed")
    ada, submission, job = await measured(show)
    await job.succeed(await answered(job))
    (run,) = await ada.get_ok(f"/submissions/{submission}/runs")
    assert run["suite_digest"] != suites.load(SUITE).digest
    anybody = show.portal.anybody()
    for path in ("reproduce", "lm-eval.zip"):
        for caller in (anybody, ada):
            assert await caller.refused("GET", f"/runs/{run['id']}/{path}") == (403, "reproduce.sealed")
    assert (await show.producer.get_ok(f"/runs/{run['id']}/reproduce"))["command"]
    await show.producer.post_ok("/seasons/current/seed/release")
    assert (await anybody.get_ok(f"/runs/{run['id']}/reproduce"))["command"]


async def test_a_system_prompt_is_in_no_stranger_s_folder(ready: Show) -> None:
    """It stands in every question as it was asked."""
    show = ready
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Sailor"})
    said = {"prompt.txt": b"Answer like a sailor."}
    submission = (await send_files(ada, entry["id"], "prompt", said))["id"]
    job = await show.lab.until(BENCHMARK)
    await job.succeed(await answered(job))
    (run,) = await ada.get_ok(f"/submissions/{submission}/runs")
    for path in ("reproduce", "lm-eval.zip"):
        refused = await show.portal.anybody().refused("GET", f"/runs/{run['id']}/{path}")
        assert refused == (403, "reproduce.private")
    answer = await ada.get(f"/api/runs/{run['id']}/lm-eval.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name, *_) = [one for one in archive.namelist() if "/items/" in one]
        assert b"Answer like a sailor." in archive.read(name)
