"""The lab's door: a worker without a database claims, beats, completes and fails over signed links."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from arena.benchmarks.contracts import JOB_KIND as BENCHMARK
from arena.kit.jobs.models import Job, JobState
from arena.pipeline import PIPELINE
from tests.support.clock import time_passes
from tests.support.engine import make_adapter
from tests.support.lab import Lab, verified
from tests.support.portal import Caller, Portal
from tests.support.show import Show, send

ADAPTER = make_adapter(1, rank=1)


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    return await portal.person("contestant", "Ada")


async def submitted(portal: Portal, ada: Caller) -> str:
    """A submission whose verification is the only work waiting for the lab."""
    await portal.relay()
    portal.waker.lab_links.clear()  # the house's benchmark, which is not of interest here
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    return str((await send(ada, entry["id"], ADAPTER))["id"])


async def job_of(portal: Portal, subject: str) -> Job:
    async with portal.site.sessions() as session:
        newest = select(Job).where(Job.subject == UUID(subject)).order_by(Job.created_at.desc()).limit(1)
        return (await session.execute(newest)).scalar_one()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_job_is_claimed_once_and_ends_once(portal: Portal, ada: Caller, lab: Lab) -> None:
    await submitted(portal, ada)
    url = await lab.next_url()
    job = await lab.claim(url)
    assert code(await lab.http.post(f"{url}/claim")) == (409, "job.not_available")
    result = await job.honest_result()
    assert (await job.complete(result)).status_code == 200
    assert code(await job.complete(result)) == (409, "job.lost_lease")
    assert code(await lab.http.post(f"{url}/claim")) == (409, "job.not_available")


async def test_a_lab_that_is_told_to_go_has_made_no_attempt(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    for _ in range(4):
        job = await lab.take()
        answer = await job._post(
            "fail", {"reason": "The worker was shut down.", "retry": True, "counted": False}
        )
        assert answer.status_code == 200
        assert (await job_of(portal, submission)).attempts == 0
    await (await lab.take()).succeed()


async def test_a_contract_holds_links_and_no_secret(portal: Portal, ada: Caller, lab: Lab) -> None:
    await submitted(portal, ada)
    contract = str((await lab.take()).contract)
    settings = portal.site.settings
    for secret in (settings.secret_key.get_secret_value(), settings.database_url, settings.redis_url, "ada-"):
        assert secret not in contract


@pytest.mark.parametrize("step", ["claim", "heartbeat", "complete", "fail"])
async def test_a_forged_or_expired_link_opens_nothing(
    portal: Portal, ada: Caller, lab: Lab, step: str
) -> None:
    submission = await submitted(portal, ada)
    await portal.relay()
    job_id = str((await job_of(portal, submission)).id)
    links = portal.site.links
    good = links.job(job_id)
    forged = good[:-4] + ("AAAA" if not good.endswith("AAAA") else "BBBB")
    expired = links.job(job_id, seconds=-1)
    for_a_file = links.read("sealed/x").replace("/files/", "/lab/jobs/")
    body = {"fence": 1, "result": {}, "reason": "x"}
    for url in (forged, expired, for_a_file, f"{portal.url}/api/lab/jobs/nonsense"):
        assert code(await lab.http.post(f"{url}/{step}", json=body)) == (404, "link.invalid")
    assert (await job_of(portal, submission)).state == JobState.QUEUED


async def test_a_job_that_does_not_exist_is_not_found(portal: Portal, lab: Lab) -> None:
    url = portal.site.links.job(str(uuid4()))
    assert code(await lab.http.post(f"{url}/claim")) == (404, "job.not_found")


async def test_the_contestant_sees_how_far_it_is(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    job = await lab.take()
    assert (await job.heartbeat(done=1, total=4, note="inspecting")).status_code == 200
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert seen["state"] == "verifying"
    assert seen["progress"] == {"done": 1, "total": 4, "note": "inspecting"}
    assert seen["waiting"] is None


async def test_who_lost_the_lease_is_told_to_stop(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    url = await lab.next_url()
    first = await lab.claim(url)
    await time_passes(portal.site.sessions, 61)
    second = await lab.claim(url)
    assert second.fence > first.fence
    result = await first.honest_result()
    for answer in (
        await first.heartbeat(),
        await first.complete(result),
        await first.fail("x", retry=True),
        await first.fail("x", retry=False),
    ):
        assert code(answer) == (409, "job.lost_lease")
    assert (await second.heartbeat()).status_code == 200
    assert (await second.complete(result)).status_code == 200
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "verified"


async def test_a_fault_of_the_lab_is_tried_again_then_told(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    for attempt in (1, 2, 3):
        job = await lab.take()
        assert (await job.fail("The store did not answer.", retry=True)).status_code == 200
        waiting = (await ada.get_ok(f"/submissions/{submission}"))["waiting"]
        assert waiting["reason"] == "The store did not answer."
        assert waiting["deadline"]
        assert (await job_of(portal, submission)).attempts == attempt
        await time_passes(portal.site.sessions, 10)
    await portal.sweep()
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["waiting"]) == ("failed", None)
    assert seen["refusal"]["code"] == "platform.fault"
    assert "The store did not answer." in seen["refusal"]["message"]


async def test_what_cannot_succeed_is_told_at_once(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    await (await lab.take()).fail("There is no such base model here.", retry=False)
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("failed", "platform.fault")


BAD_RESULTS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "empty": ({}, (422, "job.bad_result")),
    "of another kind": ({"tasks": [], "samples": []}, (422, "job.bad_result")),
    "with more than agreed": ({**verified(ADAPTER.digest), "admin": True}, (422, "job.bad_result")),
    "about other files": (verified("0" * 64), (409, "store.hash_mismatch")),
}


@pytest.mark.parametrize("case", BAD_RESULTS)
async def test_a_result_that_cannot_be_taken_is_an_attempt_that_failed(
    portal: Portal, ada: Caller, lab: Lab, case: str
) -> None:
    """Refused, and the job is not stuck with the worker that sent it: it waits for another at once."""
    result, refusal = BAD_RESULTS[case]
    submission = await submitted(portal, ada)
    job = await lab.take()
    await job.honest_result()  # stores the canonical files
    assert code(await job.complete(result)) == refusal
    row = await job_of(portal, submission)
    assert (row.state, row.attempts) == (JobState.QUEUED, 1)
    assert code(await job.complete(result)) == (409, "job.lost_lease")
    assert (await ada.get_ok(f"/submissions/{submission}"))["digest"] is None
    await time_passes(portal.site.sessions, 3)
    await (await lab.take()).succeed()
    assert (await ada.get_ok(f"/submissions/{submission}"))["state"] == "verified"


async def test_a_result_without_its_files_is_refused(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    job = await lab.take()
    assert code(await job.complete(verified(ADAPTER.digest))) == (404, "file.missing")
    assert (await job_of(portal, submission)).state == JobState.QUEUED


async def test_nonsense_three_times_is_our_fault_not_the_contestant_s(
    portal: Portal, ada: Caller, lab: Lab
) -> None:
    submission = await submitted(portal, ada)
    for _ in range(3):
        await (await lab.take()).complete({"verdict": "who knows"})
        await time_passes(portal.site.sessions, 10)
    await portal.sweep()
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert (seen["state"], seen["refusal"]["code"]) == ("failed", "platform.fault")


async def test_file_links_go_one_way_and_stay_small(portal: Portal, ada: Caller, lab: Lab) -> None:
    await submitted(portal, ada)
    contract = (await lab.take()).contract
    source = {file["name"]: file["url"] for file in contract["files"]}["adapter_config.json"]
    assert (await lab.http.get(source)).content == ADAPTER.config
    assert code(await lab.http.put(source, content=b"other")) == (405, "http.405")
    sealed = portal.site.links.read("sealed/x")
    assert code(await lab.http.put(sealed, content=b"other")) == (404, "link.invalid")
    target = {file["name"]: file["put_url"] for file in contract["canonical"]}["adapter_config.json"]
    assert code(await lab.http.get(target)) == (404, "link.invalid")
    too_large = await lab.http.put(target, content=bytes((64 << 10) + 1))
    assert code(too_large) == (413, "upload.too_large")
    expired = portal.site.links.read("sealed/x", seconds=-1)
    assert code(await lab.http.get(expired)) == (404, "link.invalid")


async def test_work_without_an_engine_waits_and_says_so(portal: Portal, ada: Caller, lab: Lab) -> None:
    submission = await submitted(portal, ada)
    await (await lab.take()).succeed()
    for _ in range(2):  # the house's benchmark is older; then it is hers
        url = await lab.next_url()
        assert code(await lab.http.post(f"{url}/claim")) == (409, "job.not_available")
    assert portal.waker.lab_links == []
    seen = await ada.get_ok(f"/submissions/{submission}")
    assert seen["state"] == "verified"
    assert seen["waiting"]["reason"] == "waiting for an engine to start"
    row = await job_of(portal, submission)
    assert (row.state, row.attempts, row.waiting_for) == (JobState.QUEUED, 0, "engine")


async def broken_rules(show: Show, rules: str) -> str:
    """Damage the season's rules; returns the house's submission, whose benchmark is about to begin."""
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text(f"update seasons set rules = rules || '{rules}'"))
        house = (await session.execute(text("select id from submissions"))).scalar_one()
    return str(house)


async def test_work_that_cannot_be_begun_ends_with_its_reason(show: Show) -> None:
    house = await broken_rules(show, '{"suite": "unheard_of"}')
    answer = await show.lab.http.post(f"{await show.lab.next_url()}/claim")
    assert code(answer) == (409, "job.not_available")
    job = await job_of(show.portal, house)
    assert (job.state, job.reason) == (JobState.FAILED, "There is no such suite.")
    assert (await show.producer.get_ok(f"/submissions/{house}"))["state"] == "failed"


async def test_a_defect_while_beginning_counts_as_an_attempt(show: Show) -> None:
    house = await broken_rules(show, '{"track": 5}')
    for _ in range(PIPELINE.work(BENCHMARK).max_attempts):
        answer = await show.lab.http.post(f"{await show.lab.next_url()}/claim")
        assert code(answer) == (409, "job.not_available")
        await show.time_passes(60)
    await show.portal.sweep()
    job = await job_of(show.portal, house)
    assert job.state == JobState.POISONED
    assert "ValidationError" in (job.reason or "")


async def test_control_s_work_is_not_for_the_lab(show: Show) -> None:
    await show.enter("Lantern")
    duel = await show.start_duel()
    await show.portal.relay()
    job = await job_of(show.portal, duel)
    answer = await show.lab.http.post(f"{show.portal.site.links.job(str(job.id))}/claim")
    assert code(answer) == (409, "job.not_available")
    assert (await job_of(show.portal, duel)).state == JobState.QUEUED
