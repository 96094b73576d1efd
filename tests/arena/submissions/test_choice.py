"""What its owner decides about a version: which one competes, and that one does not compete after all."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.engine import make_adapter
from tests.support.evening import Evenings
from tests.support.lab import BENCHMARK, PROBE, VERIFY, refused
from tests.support.portal import Caller
from tests.support.show import Json, Show, announcement, contents, send


async def change_rules(show: Show, **rules: Any) -> None:
    async with show.portal.site.sessions() as session, session.begin():
        changed = "update seasons set rules = rules || cast(:rules as jsonb)"
        await session.execute(text(changed), {"rules": json.dumps(rules)})


async def close(show: Show) -> None:
    await change_rules(show, closes_at=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())


async def entry_of(contestant: Caller) -> Json:
    (entry,) = await contestant.get_ok("/entries")
    return dict(entry)


async def on_stage(show: Show, name: str = "Lantern") -> int | None:
    """The version in the roster."""
    rows = await show.producer.get_ok("/roster")
    (version,) = [row["version"] for row in rows if row["name"] == name]
    return None if version is None else int(version)


async def put(contestant: Caller, entry: str, submission: str | None) -> Json:
    body = {"submission_id": submission}
    answer: Json = await contestant.call("PUT", f"/entries/{entry}/competing", body, expect=200)
    return answer


async def two_versions(show: Show) -> None:
    await show.enter("Lantern")
    await send(show.contestants["Lantern"], show.entries["Lantern"]["entry_id"], make_adapter(8, rank=1))
    await show.lab.work_off()


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    async with evenings.after(two_versions, tmp_path) as show:
        yield show


@pytest.fixture
def ada(show: Show) -> Caller:
    """Her entry “Lantern” has the ready versions 1 and 2."""
    return show.contestants["Lantern"]


async def versions(ada: Caller) -> tuple[str, str, str]:
    """The entry, its first version, its second."""
    entry = await entry_of(ada)
    second, first = (row["id"] for row in entry["submissions"])
    return entry["id"], first, second


# --- which one competes -------------------------------------------------------------------------------------------


async def test_the_newest_ready_version_competes_unless_another_is_chosen(show: Show, ada: Caller) -> None:
    entry, first, second = await versions(ada)
    newest = {"submission_id": second, "version": 2, "chosen": False}
    assert (await entry_of(ada))["competing"] == newest
    assert await on_stage(show) == 2

    chosen = {"submission_id": first, "version": 1, "chosen": True}
    assert (await put(ada, entry, first))["competing"] == chosen
    assert (await entry_of(ada))["competing"] == chosen
    assert await on_stage(show) == 1
    await send(ada, entry, make_adapter(9, rank=1))
    await show.lab.work_off()
    assert await on_stage(show) == 1, "a newer version does not undo the choice"

    assert (await put(ada, entry, second))["competing"]["version"] == 2
    assert (await put(ada, entry, None))["competing"]["version"] == 3


async def test_an_entry_without_a_ready_version_has_none_that_competes(show: Show) -> None:
    bob = await show.portal.person("contestant", "Bob")
    assert (await bob.post_ok("/entries", {"name": "Comet"}))["competing"] is None


async def test_the_chosen_version_goes_into_the_duel(show: Show, ada: Caller) -> None:
    entry, first, _ = await versions(ada)
    await put(ada, entry, first)
    assert await lantern_of(show, await show.start_duel()) == first


async def lantern_of(show: Show, duel: str) -> str:
    """The version that stands for “Lantern” in a duel."""
    async with show.portal.site.sessions() as session:
        found = await session.execute(
            text("select submission_id from answers where duel_id = :duel and entry_id = :entry"),
            {"duel": duel, "entry": show.entries["Lantern"]["entry_id"]},
        )
        return str(found.scalar_one())


async def test_the_board_follows_the_choice(show: Show, ada: Caller) -> None:
    entry, first, _ = await versions(ada)
    await show.portal.drain()
    before = (await show.portal.anybody().get_ok("/leaderboard"))["version"]
    await put(ada, entry, first)
    await show.portal.drain()
    assert (await show.portal.anybody().get_ok("/leaderboard"))["version"] == before + 1


async def test_only_a_ready_version_of_the_entry_can_be_chosen(show: Show, ada: Caller) -> None:
    entry, first, _ = await versions(ada)
    path = f"/entries/{entry}/competing"
    await put(ada, entry, first)
    waiting = await send(ada, entry, make_adapter(9, rank=1))
    unready = {"submission_id": waiting["id"]}
    assert await ada.refused("PUT", path, unready) == (409, "submission.not_ready")

    bob = await show.portal.person("contestant", "Bob")
    other = await bob.post_ok("/entries", {"name": "Comet"})
    strange = {"submission_id": (await send(bob, other["id"], make_adapter(10, rank=1)))["id"]}
    assert await ada.refused("PUT", path, strange) == (404, "submission.not_found")
    assert await bob.refused("PUT", path, {"submission_id": first}) == (404, "entry.not_found")
    assert (await entry_of(ada))["competing"]["version"] == 1, "a refused choice changes nothing"


async def test_after_the_deadline_what_competes_is_settled(show: Show, ada: Caller) -> None:
    entry, first, second = await versions(ada)
    await ada.post_ok(f"/submissions/{first}/withdraw")
    await close(show)
    for choice in (second, None):
        body = {"submission_id": choice}
        assert await ada.refused("PUT", f"/entries/{entry}/competing", body) == (403, "entry.closed")
    assert await ada.refused("POST", f"/submissions/{first}/restore") == (403, "entry.closed")


# --- withdrawn ----------------------------------------------------------------------------------------------------


async def test_a_withdrawn_version_does_not_compete_until_it_is_restored(show: Show, ada: Caller) -> None:
    entry, first, second = await versions(ada)
    await put(ada, entry, second)
    seen = await ada.post_ok(f"/submissions/{second}/withdraw")
    assert (seen["state"], seen["withdrawn_from"]) == ("withdrawn", "ready")
    assert await on_stage(show) == 1
    assert (await entry_of(ada))["competing"] == {"submission_id": first, "version": 1, "chosen": False}
    body = {"submission_id": second}
    refusal = await ada.refused("PUT", f"/entries/{entry}/competing", body)
    assert refusal == (409, "submission.not_ready")

    await ada.post_ok(f"/submissions/{first}/withdraw")
    assert await on_stage(show) is None
    a, b = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    duel = show.command_body("start_duel", entry_a=a, entry_b=b, prompt="Why?")
    path = f"/episodes/{show.episode_id}/commands"
    assert await show.producer.refused("POST", path, duel) == (409, "duel.entry_not_ready")

    seen = await ada.post_ok(f"/submissions/{second}/restore")
    assert (seen["state"], seen["withdrawn_from"]) == ("ready", None)
    assert await on_stage(show) == 2


async def test_a_duel_that_has_begun_is_not_rewritten(show: Show, ada: Caller) -> None:
    _, _, second = await versions(ada)
    duel = await show.start_duel()
    await ada.post_ok(f"/submissions/{second}/withdraw")
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"
    assert await lantern_of(show, duel) == second


STEPS = {"verifying": VERIFY, "probing": PROBE, "benchmarking": BENCHMARK}


@pytest.mark.parametrize("step", ["queued", *STEPS])
async def test_what_is_under_way_goes_on_unseen(show: Show, ada: Caller, step: str) -> None:
    entry, _, _ = await versions(ada)
    sent = await send(ada, entry, make_adapter(9, rank=1))
    path = f"/submissions/{sent['id']}"
    job = await show.lab.until(STEPS[step]) if step in STEPS else None
    await ada.post_ok(f"{path}/withdraw")
    if job is not None:
        await job.succeed()
    await show.lab.work_off()
    seen = await ada.get_ok(path)
    assert (seen["state"], seen["withdrawn_from"], seen["waiting"]) == ("withdrawn", "ready", None)
    assert await on_stage(show) == 2
    await ada.post_ok(f"{path}/restore")
    assert await on_stage(show) == 3


async def test_a_refusal_reaches_a_withdrawn_version_too(show: Show, ada: Caller) -> None:
    entry, _, _ = await versions(ada)
    sent = await send(ada, entry, make_adapter(9, rank=1))
    job = await show.lab.take()
    await ada.post_ok(f"/submissions/{sent['id']}/withdraw")
    await job.succeed(refused("config.rank"))
    assert (await ada.get_ok(f"/submissions/{sent['id']}"))["state"] == "withdrawn"
    seen = await ada.post_ok(f"/submissions/{sent['id']}/restore")
    assert (seen["state"], seen["refusal"]["code"]) == ("refused", "config.rank")
    await ada.post_ok(f"/submissions/{sent['id']}/withdraw")


async def test_an_upload_is_cancelled_and_not_withdrawn(show: Show, ada: Caller) -> None:
    entry, first, _ = await versions(ada)
    announced = announcement(contents(make_adapter(9, rank=1)))
    sent = await ada.post_ok(f"/entries/{entry}/submissions", announced)
    path = f"/submissions/{sent['id']}/withdraw"
    assert await ada.refused("POST", path) == (409, "submission.uploading")
    assert await ada.refused("POST", f"/submissions/{first}/restore") == (409, "submission.not_withdrawn")
    await ada.post_ok(f"/submissions/{first}/withdraw")
    assert await ada.refused("POST", f"/submissions/{first}/withdraw") == (409, "submission.withdrawn")


async def test_a_version_is_its_owner_s_to_withdraw(show: Show, ada: Caller) -> None:
    _, first, _ = await versions(ada)
    bob = await show.portal.person("contestant", "Bob")
    for verb in ("withdraw", "restore"):
        assert await bob.refused("POST", f"/submissions/{first}/{verb}") == (404, "submission.not_found")
        refusal = await show.producer.refused("POST", f"/submissions/{first}/{verb}")
        assert refusal == (403, "auth.forbidden")


async def test_a_withdrawn_version_still_counts(show: Show, ada: Caller) -> None:
    entry, first, second = await versions(ada)
    await change_rules(show, max_versions=2)
    await ada.post_ok(f"/submissions/{first}/withdraw")
    await ada.post_ok(f"/submissions/{second}/withdraw")
    announced = announcement(contents(make_adapter(9, rank=1)))
    refusal = await ada.refused("POST", f"/entries/{entry}/submissions", announced)
    assert refusal == (429, "upload.quota")


async def test_but_not_what_failed_through_our_fault(show: Show, ada: Caller) -> None:
    entry, _, _ = await versions(ada)
    sent = await send(ada, entry, make_adapter(9, rank=1))
    job = await show.lab.take()
    await job.fail("the disk is full", retry=False)
    await ada.post_ok(f"/submissions/{sent['id']}/withdraw")
    await change_rules(show, max_versions=3)
    await send(ada, entry, make_adapter(9, rank=1))
