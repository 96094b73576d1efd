"""From upload to roster, through the doors that a contestant, a producer and the lab use.

Where it matters what is inside the files, the real lab runner does the verifying, in its sandbox; elsewhere the test
plays an honest lab.
"""

import asyncio
import json
import pickle
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from arena.submissions.refusals import CODES
from arena.submissions.safetensors import adapter_digest
from tests.support.adapters import adapter_config, adapter_weights
from tests.support.engine import Adapter, make_adapter
from tests.support.lab import BENCHMARK, Lab, refused
from tests.support.live import page
from tests.support.portal import Caller, Portal
from tests.support.show import Json, Show, announcement, contents, send
from workers.lab.runner import run_job

READY = make_adapter(1, rank=1)


def adapter(seed: int = 1, weights: bytes | None = None, **config: Any) -> Adapter:
    """As a contestant's training leaves it: PEFT's own config, F32."""
    return Adapter("", adapter_config(**config), weights if weights is not None else adapter_weights(seed))


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    await portal.relay()
    portal.waker.lab_links.clear()  # the house's benchmark
    return await portal.person("contestant", "Ada")


async def new_entry(contestant: Caller, name: str = "Lantern") -> str:
    return str((await contestant.post_ok("/entries", {"name": name}))["id"])


async def verify(portal: Portal) -> str:
    """Let the real lab runner take the next wake-up; returns how that ended."""
    link = await Lab(portal).next_url()
    return await asyncio.to_thread(run_job, link)


async def change_rules(portal: Portal, **rules: Any) -> None:
    """Other rules of the season, as its producers might have declared them."""
    async with portal.site.sessions() as session, session.begin():
        changed = "update seasons set rules = rules || cast(:rules as jsonb)"
        await session.execute(text(changed), {"rules": json.dumps(rules)})


# --- what is admitted --------------------------------------------------------------------------------------


async def test_an_honest_adapter_is_verified_and_sealed(portal: Portal, ada: Caller, tmp_path: Path) -> None:
    entry = await new_entry(ada)
    sent = await send(ada, entry, adapter(revision="of ada, run-7"))
    assert (sent["state"], sent["version"], sent["entry_name"]) == ("received", 1, "Lantern")
    assert await verify(portal) == "done"
    seen = await ada.get_ok(f"/submissions/{sent['id']}")
    assert seen["state"] == "verified"
    assert seen["refusal"] is None
    assert {check["status"] for check in seen["checks"]} == {"passed"}
    assert seen["rank"] == 4
    sealed = tmp_path / "files" / "sealed" / seen["digest"]
    files = {path.name: path.read_bytes() for path in sealed.iterdir()}
    assert set(files) == {"adapter_config.json", "adapter_model.safetensors"}
    assert adapter_digest(files["adapter_config.json"], files["adapter_model.safetensors"]) == seen["digest"]
    assert b"run-7" not in files["adapter_config.json"], "what is served is generated, not uploaded"


async def test_the_same_adapter_twice_is_sealed_once(portal: Portal, ada: Caller, tmp_path: Path) -> None:
    bob = await portal.person("contestant", "Bob")
    digests, written = set(), set()
    for contestant, name in ((ada, "Lantern"), (bob, "Copycat")):
        sent = await send(contestant, await new_entry(contestant, name), adapter())
        assert await verify(portal) == "done"
        await portal.relay()
        portal.waker.lab_links.clear()  # the benchmark that follows
        digests.add((await contestant.get_ok(f"/submissions/{sent['id']}"))["digest"])
        (digest,) = digests
        sealed = (tmp_path / "files" / "sealed" / digest).iterdir()
        written.add(frozenset((path.name, path.stat().st_ino) for path in sealed))
    assert len(written) == 1, "the files were not written again"


CHECKPOINT = b"PK\x03\x04" + bytes(26) + b"archive/data.pkl" + bytes(99)
PICKLE = pickle.dumps({"lora_A": [0.0] * 300})
REFUSED: dict[str, tuple[Adapter, str]] = {
    "a renamed pickle": (adapter(weights=PICKLE), "st.header_invalid"),
    "a checkpoint": (adapter(weights=CHECKPOINT), "artifact.type_not_allowed"),
    "DoRA": (adapter(use_dora=True), "config.variant_not_supported"),
    "an archive": (adapter(weights=b"PK\x03\x04" + bytes(200)), "artifact.archive_not_allowed"),
    "for another base": (adapter(base_model_name_or_path="someone/else"), "config.base_model_mismatch"),
    "of another shape": (adapter(weights=adapter_weights(1, rank=2)), "adapter.shape_mismatch"),
    "without effect": (adapter(weights=adapter_weights(1, scale=0.0)), "adapter.no_effect"),
    "cut short": (adapter(weights=adapter_weights(1)[:-4]), "st.bad_offsets"),
    "with a config that is none": (Adapter("", b"not json", adapter_weights(1)), "config.invalid"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_is_not_admitted_is_told_why(
    portal: Portal, ada: Caller, tmp_path: Path, case: str
) -> None:
    files, code = REFUSED[case]
    sent = await send(ada, await new_entry(ada), files)
    assert await verify(portal) == "done", "a refusal is a result, not a fault"
    seen = await ada.get_ok(f"/submissions/{sent['id']}")
    assert (seen["state"], seen["refusal"]["code"]) == ("refused", code)
    assert seen["refusal"]["message"]
    assert seen["digest"] is None
    assert "refused" in {check["status"] for check in seen["checks"]}
    house = list((tmp_path / "files" / "sealed").iterdir())
    assert len(house) == 1, "nothing but the house is sealed"
    await portal.relay()
    assert portal.waker.lab_links == [], "nothing follows"


# --- what is counted, and what cannot be changed any more ------------------------------------------------------


async def refusals_counted(portal: Portal) -> dict[str, float]:
    """From /metrics, as the operator's Prometheus reads it."""
    answer = await portal.operator.get("/metrics")
    assert answer.status_code == 200
    return {
        sample.labels["code"]: sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "gavel_submissions_refused_total"
    }


async def test_every_refusal_is_counted_for_the_operator(portal: Portal, ada: Caller, lab: Lab) -> None:
    before = await refusals_counted(portal)
    assert before.keys() >= CODES.keys(), "every series is there before its first refusal"
    entry = await new_entry(ada)
    for seed, code in enumerate(("config.rank", "config.rank", "from.elsewhere"), 1):
        await send(ada, entry, make_adapter(seed, rank=1))
        await (await lab.take()).succeed(refused(code))
    wrong = announcement({"adapter_config.json": b"{}", "adapter_model.bin": b"x"})
    await ada.post(f"/api/entries/{entry}/submissions", json=wrong)
    after = await refusals_counted(portal)
    assert {
        code: after[code] - before.get(code, 0) for code in after if after[code] != before.get(code, 0)
    } == {
        "config.rank": 2,
        "other": 1,
        "artifact.type_not_allowed": 1,
    }


async def test_the_numbers_are_the_operator_s(portal: Portal, ada: Caller) -> None:
    for caller, status in ((portal.anybody(), 401), (ada, 403), (await portal.person("producer"), 403)):
        assert (await caller.get("/metrics")).status_code == status


async def test_what_the_lab_changes_after_its_report_is_not_sealed(
    portal: Portal, ada: Caller, lab: Lab, tmp_path: Path
) -> None:
    """Row 15 of the attack table: a file swapped between check and use."""
    entry = await new_entry(ada)
    await send(ada, entry, READY)
    job = await lab.take()
    result = await job.honest_result()
    other = make_adapter(9, rank=1)
    (target,) = (
        file["put_url"] for file in job.contract["canonical"] if file["name"].endswith(".safetensors")
    )
    await job.http.put(target, content=other.weights)
    answer = await job.complete(result)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "store.hash_mismatch")
    assert result["digest"] not in {path.name for path in (tmp_path / "files" / "sealed").iterdir()}


# --- whose it is ----------------------------------------------------------------------------------------------


async def test_what_is_not_yours_is_not_there(portal: Portal, ada: Caller) -> None:
    entry = await new_entry(ada)
    submission = (await send(ada, entry, READY))["id"]
    for caller in (await portal.person("contestant", "Bob"), await portal.person("judge")):
        for rest in ("", "/benchmark", "/runs", "/scores", "/score-decisions", "/xray"):
            path = f"/submissions/{submission}{rest}"
            assert await caller.refused("GET", path) == (404, "submission.not_found")
            assert await caller.refused("GET", f"/submissions/{uuid4()}{rest}") == (
                404,
                "submission.not_found",
            )
    bob = await portal.person("contestant", "Bobby")
    announced = announcement(contents(READY))
    assert await bob.refused("POST", f"/entries/{entry}/submissions", announced) == (404, "entry.not_found")
    assert await bob.get_ok("/entries") == []
    producer = await portal.person("producer")
    assert (await producer.get_ok(f"/submissions/{submission}"))["id"] == submission


async def test_a_name_is_given_once(portal: Portal, ada: Caller, subtests: pytest.Subtests) -> None:
    await new_entry(ada, "Lantern")
    bob = await portal.person("contestant", "Bob")
    for name in ("Lantern", "LANTERN", " lantern ", "House", "hOUSE"):
        with subtests.test(name=name):
            assert await bob.refused("POST", "/entries", {"name": name}) == (409, "entry.name_taken")


async def test_of_two_who_ask_for_a_name_at_once_one_gets_it(portal: Portal, ada: Caller) -> None:
    bob = await portal.person("contestant", "Bob")
    answers = await asyncio.gather(
        *(
            caller.post("/api/entries", json={"name": name})
            for caller in (ada, bob)
            for name in ("Tide", "tide")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_name_must_be_one(ada: Caller, subtests: pytest.Subtests) -> None:
    for name in ("", "   ", "x" * 41):
        with subtests.test(name=name):
            assert await ada.refused("POST", "/entries", {"name": name}) == (422, "name.invalid")


# --- waiting ----------------------------------------------------------------------------------------------


async def test_who_waits_sees_the_reason_the_place_and_until_when(portal: Portal, ada: Caller) -> None:
    entry = await new_entry(ada)
    sent = [await send(ada, entry, make_adapter(seed, rank=1)) for seed in (1, 2)]
    await portal.relay()
    waiting = [(await ada.get_ok(f"/submissions/{one['id']}"))["waiting"] for one in sent]
    assert waiting[1]["position"] == waiting[0]["position"] + 1
    assert all(one["reason"] == "queued" and one["deadline"] for one in waiting)


# --- live -----------------------------------------------------------------------------------------------------


async def test_the_contestant_s_page_follows_every_step(portal: Portal, ada: Caller, lab: Lab) -> None:
    entry = await new_entry(ada)
    sent = await send(ada, entry, READY)
    async with page(portal, ada) as opened:
        seen = await opened.open(f"submission:{sent['id']}")

        async def shows(**wanted: Any) -> None:
            await portal.relay()
            await opened.until(lambda: wanted.items() <= seen.state.items())

        job = await lab.take()
        await shows(state="verifying", waiting=None)
        await job.heartbeat(done=2, total=4, note="inspecting")
        await shows(progress={"done": 2, "total": 4, "note": "inspecting"})
        await job.succeed()
        await shows(state="verified", progress=None)
        for _ in range(2):  # the house is older, then it is hers
            await lab.http.post(f"{await lab.next_url()}/claim")
        await opened.until(lambda: bool(seen.state["waiting"]))
        await portal.relay()
        await opened.until(lambda: seen.state["waiting"]["reason"] == "waiting for an engine to start")
        assert seen.kinds.count("snap") == 1


async def test_the_house_is_not_probed(show: Show) -> None:
    assert (await show.lab.take()).kind == BENCHMARK


# --- the stage's roster -------------------------------------------------------------------------------------------


async def row_of(show: Show, name: str) -> Json:
    rows: list[Json] = await show.producer.get_ok("/roster")
    (row,) = [row for row in rows if row["name"] == name]
    return row


async def test_the_roster_shows_what_can_go_on_stage(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    entry = await new_entry(ada)
    assert (await row_of(show, "Lantern"))["ready"] is False
    assert (await row_of(show, "House"))["ready"] is False
    first = await send(ada, entry, READY)
    await show.lab.work_off()
    row = await row_of(show, "Lantern")
    assert (row["ready"], row["submission_id"], row["version"]) == (True, first["id"], 1)
    assert (await row_of(show, "House"))["kind"] == "house"

    second = await send(ada, entry, make_adapter(2, rank=1))
    assert (await row_of(show, "Lantern"))["version"] == 1, (
        "the old version competes until the new one is ready"
    )
    await show.lab.work_off()
    row = await row_of(show, "Lantern")
    assert (row["submission_id"], row["version"]) == (second["id"], 2)

    await send(ada, entry, make_adapter(3, rank=1))
    await (await show.lab.take()).succeed(refused("config.rank"))
    assert (await row_of(show, "Lantern"))["version"] == 2
