"""Files on their way in: announced, sent in pieces over bad lines, complete exactly once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from arena.kit.errors import TooSlow
from arena.submissions import uploads
from arena.submissions.uploads import MIN_BYTES_PER_SECOND, PART_BYTES, WINDOW_SECONDS, Pace
from tests.arena.submissions.test_line import change_rules, new_entry
from tests.support.clock import time_passes
from tests.support.engine import Adapter, make_adapter
from tests.support.lab import Lab, refused
from tests.support.portal import Caller, Portal
from tests.support.show import TUS, Json, announcement, append, contents, send
from workers.control.watch import tidy_uploads

READY = make_adapter(1, rank=1)


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    await portal.relay()
    portal.waker.lab_links.clear()  # the house's benchmark
    return await portal.person("contestant", "Ada")


def large(seed: int = 1, size: int = 2 * PART_BYTES + 12_345) -> Adapter:
    """Bytes that nobody looks into here, more than one part of them."""
    return Adapter("", b"{}", random.Random(seed).randbytes(size))


async def announce(contestant: Caller, entry: str, adapter: Adapter) -> tuple[Json, Json, Json]:
    """(submission, upload of the config, upload of the weights)"""
    made = await contestant.post_ok(f"/entries/{entry}/submissions", announcement(contents(adapter)))
    config, weights = sorted(made["uploads"], key=lambda one: one["name"])
    return made, config, weights


async def offset(contestant: Caller, upload: Json) -> int:
    answer = await contestant.head(f"/api/uploads/{upload['id']}")
    assert answer.status_code == 200
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Upload-Length"]) == upload["size"]
    return int(answer.headers["Upload-Offset"])


async def received(portal: Portal, upload: Json) -> bytes:
    """The file as the lab would fetch it."""
    answer = await portal.anybody().get(portal.site.links.upload(upload["id"]))
    assert answer.status_code == 200
    return answer.content


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def cut(upload: Json, caller: Caller, begin: int, body: bytes) -> None:
    """Send `body` as the beginning of all the rest, then let the line break."""
    port = caller.base_url.port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    cookie = "; ".join(f"{one.name}={one.value}" for one in caller.cookies.jar)
    head = [f"PATCH /api/uploads/{upload['id']} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Cookie: {cookie}"]
    head += [f"{name}: {value}" for name, value in TUS.items()]
    head += [f"Upload-Offset: {begin}", f"Content-Length: {upload['size'] - begin}"]
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    await writer.drain()
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def until_offset(contestant: Caller, made: Json, upload: Json, wanted: int) -> None:
    """Wait until the portal has noticed what a cut line brought. Only looks: to ask for the offset would end it."""
    async with asyncio.timeout(20):
        while True:
            seen = (await contestant.get_ok(f"/submissions/{made['id']}"))["uploads"]
            if next(one for one in seen if one["id"] == upload["id"])["received"] >= wanted:
                return


async def hanging(body: bytes, first: int, going: asyncio.Event) -> AsyncIterator[bytes]:
    yield body[:first]
    await going.wait()
    yield body[first:]


# --- what arrives --------------------------------------------------------------------------------------------


async def test_what_was_sent_is_what_the_lab_fetches(portal: Portal, ada: Caller) -> None:
    files = large()
    made, config, weights = await announce(ada, await new_entry(ada), files)
    assert (made["state"], made["version"], made["artifact"]) == ("uploading", 1, "adapter")
    assert (await append(ada, weights["id"], 0, files.weights)).headers["Upload-Offset"] == str(
        len(files.weights)
    )
    assert (await ada.get_ok(f"/submissions/{made['id']}"))["state"] == "uploading", "one file is missing"
    assert (await append(ada, config["id"], 0, files.config)).status_code == 204
    seen = await ada.get_ok(f"/submissions/{made['id']}")
    assert (seen["state"], seen["uploads"]) == ("received", [])
    assert await received(portal, weights) == files.weights
    assert await received(portal, config) == files.config
    await portal.relay()
    assert len(portal.waker.lab_links) == 1, "the line begins once"


async def test_a_line_that_breaks_twice_costs_nothing_that_arrived(portal: Portal, ada: Caller) -> None:
    files = large()
    made, config, weights = await announce(ada, await new_entry(ada), files)
    await append(ada, config["id"], 0, files.config)
    first, second = PART_BYTES + 1000, 2 * PART_BYTES + 7
    await cut(weights, ada, 0, files.weights[:first])
    await until_offset(ada, made, weights, first)
    await cut(weights, ada, first, files.weights[first:second])
    await until_offset(ada, made, weights, second)
    assert (await append(ada, weights["id"], second, files.weights[second:])).status_code == 204
    assert await received(portal, weights) == files.weights


async def test_many_small_pieces_make_one_file(portal: Portal, ada: Caller) -> None:
    files = large(size=50_000)
    _, _, weights = await announce(ada, await new_entry(ada), files)
    for begin in range(0, 50_000, 9_999):
        answer = await append(ada, weights["id"], begin, files.weights[begin : begin + 9_999])
        assert answer.status_code == 204
    assert await received(portal, weights) == files.weights


async def test_announcing_the_same_files_again_resumes(ada: Caller) -> None:
    """Another tab, another browser, after a restart: the announcement finds what has arrived."""
    files, entry = large(), await new_entry(ada)
    made, config, weights = await announce(ada, entry, files)
    await append(ada, weights["id"], 0, files.weights[:1000])
    again, same_config, same_weights = await announce(ada, entry, files)
    assert (again["id"], same_config) == (made["id"], config)
    assert same_weights == {**weights, "received": 1000}


async def test_a_newer_request_takes_over_from_one_that_hangs(portal: Portal, ada: Caller) -> None:
    files = large()
    made, _, weights = await announce(ada, await new_entry(ada), files)
    going = asyncio.Event()
    old = asyncio.create_task(append(ada, weights["id"], 0, hanging(files.weights, PART_BYTES, going)))
    await until_offset(ada, made, weights, PART_BYTES)
    assert (await append(ada, weights["id"], PART_BYTES, files.weights[PART_BYTES:-1])).status_code == 204
    going.set()
    assert said(await old) == (409, "upload.taken_over")
    end = len(files.weights) - 1
    assert await offset(ada, weights) == end
    assert (await append(ada, weights["id"], end, files.weights[-1:])).status_code == 204
    assert await received(portal, weights) == files.weights


async def test_the_offset_that_was_told_stays_true(portal: Portal, ada: Caller) -> None:
    """What a cut request had still on its way comes too late: it would push the next request off its place."""
    files = large()
    made, _, weights = await announce(ada, await new_entry(ada), files)
    going = asyncio.Event()
    old = asyncio.create_task(append(ada, weights["id"], 0, hanging(files.weights, PART_BYTES, going)))
    await until_offset(ada, made, weights, PART_BYTES)
    told = await offset(ada, weights)
    going.set()
    assert said(await old) == (409, "upload.taken_over")
    assert (await append(ada, weights["id"], told, files.weights[told:])).status_code == 204
    assert await received(portal, weights) == files.weights


async def test_a_slow_line_loses_seconds_and_not_a_whole_piece(
    portal: Portal, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART_SECONDS", 0.0)
    files = large(size=3_000)
    made, _, weights = await announce(ada, await new_entry(ada), files)
    going = asyncio.Event()
    old = asyncio.create_task(append(ada, weights["id"], 0, hanging(files.weights, 1_000, going)))
    await until_offset(ada, made, weights, 1_000)
    going.set()
    assert (await old).status_code == 204
    assert await received(portal, weights) == files.weights


async def test_files_sent_at_once_begin_the_line_once(portal: Portal, ada: Caller) -> None:
    entry = await new_entry(ada)
    for seed in range(2, 6):
        files = make_adapter(seed, rank=1)
        made, config, weights = await announce(ada, entry, files)
        sent = ((config, files.config), (weights, files.weights))
        await asyncio.gather(*(append(ada, upload["id"], 0, body) for upload, body in sent))
        assert (await ada.get_ok(f"/submissions/{made['id']}"))["state"] == "received"
    await portal.relay()
    assert len(portal.waker.lab_links) == 4


@pytest.mark.parametrize("pieces", [1, 3])
async def test_another_file_than_announced_is_refused_and_may_come_again(
    portal: Portal, ada: Caller, pieces: int
) -> None:
    files = large(size=9_000)
    _, _, weights = await announce(ada, await new_entry(ada), files)
    wrong = bytes(9_000)
    step = 9_000 // pieces
    answers = [await append(ada, weights["id"], at, wrong[at : at + step]) for at in range(0, 9_000, step)]
    assert said(answers[-1]) == (422, "upload.digest_mismatch")
    assert await offset(ada, weights) == 0
    assert (await append(ada, weights["id"], 0, files.weights)).status_code == 204
    assert await received(portal, weights) == files.weights


# --- what is not taken ------------------------------------------------------------------------------------------


async def test_bytes_must_join_on(ada: Caller, subtests: pytest.Subtests) -> None:
    files = large(size=5_000)
    _, _, weights = await announce(ada, await new_entry(ada), files)
    await append(ada, weights["id"], 0, files.weights[:1000])
    for wrong in (1, 999, 1001):
        with subtests.test(wrong=wrong):
            answer = await append(ada, weights["id"], wrong, files.weights[wrong:])
            assert said(answer) == (409, "upload.offset_mismatch")
            assert answer.json()["error"]["detail"]["received"] == 1000
            assert await offset(ada, weights) == 1000


async def test_more_bytes_than_announced_are_refused(ada: Caller) -> None:
    files = large(size=5_000)
    _, _, weights = await announce(ada, await new_entry(ada), files)

    async def unannounced() -> AsyncIterator[bytes]:
        yield files.weights + b"x"

    assert said(await append(ada, weights["id"], 0, files.weights + b"x")) == (413, "upload.too_large")
    assert said(await append(ada, weights["id"], 0, unannounced())) == (413, "upload.too_large")
    assert await offset(ada, weights) == 0


async def test_a_request_that_does_not_speak_tus_is_refused(ada: Caller, subtests: pytest.Subtests) -> None:
    _, _, weights = await announce(ada, await new_entry(ada), READY)
    cases = (
        ({"Content-Type": "application/json"}, (415, "upload.content_type")),
        ({"Tus-Resumable": "0.2.2"}, (409, "upload.tus_version")),
        ({"Upload-Offset": "-1"}, (422, "request.invalid")),
        ({"Upload-Offset": "one"}, (422, "request.invalid")),
    )
    for headers, refusal in cases:
        with subtests.test(**headers):
            asked = {**TUS, "Upload-Offset": "0", **headers}
            answer = await ada.patch(f"/api/uploads/{weights['id']}", content=b"x", headers=asked)
            assert said(answer) == refusal
            assert await offset(ada, weights) == 0


async def test_a_closed_upload_takes_nothing(ada: Caller) -> None:
    sent = await announce(ada, await new_entry(ada), READY)
    made, config, weights = sent
    await append(ada, config["id"], 0, READY.config)
    await append(ada, weights["id"], 0, READY.weights)
    assert said(await append(ada, weights["id"], len(READY.weights), b"")) == (409, "upload.closed")
    assert await ada.refused("DELETE", f"/submissions/{made['id']}") == (409, "upload.closed")


ODD: dict[str, tuple[dict[str, bytes], tuple[int, str]]] = {
    "a third file": ({**contents(READY), "tokenizer.json": b"{}"}, (415, "artifact.unexpected_file")),
    "a pickle by name": ({"adapter_config.json": b"{}", "adapter_model.bin": b"x"}, (415, "artifact.type_not_allowed")),
    "a path": ({**contents(READY), "../../etc/passwd": b"x"}, (415, "artifact.unexpected_file")),
    "one file only": ({"adapter_config.json": b"{}"}, (422, "upload.file_missing")),
    "an empty file": ({"adapter_config.json": b"{}", "adapter_model.safetensors": b""}, (422, "upload.empty_file")),
    "a huge config": ({**contents(READY), "adapter_config.json": bytes((64 << 10) + 1)}, (413, "upload.too_large")),
    "no file": ({}, (422, "request.invalid")),
}  # fmt: skip


async def test_what_does_not_belong_is_refused_before_a_byte_is_sent(
    ada: Caller, subtests: pytest.Subtests
) -> None:
    path = f"/entries/{await new_entry(ada)}/submissions"
    for case, (files, refusal) in ODD.items():
        with subtests.test(case=case):
            assert await ada.refused("POST", path, announcement(files)) == refusal
            assert (await ada.get_ok("/entries"))[0]["submissions"] == []


async def test_a_file_beyond_the_season_s_limit_is_refused(ada: Caller, portal: Portal) -> None:
    entry = await new_entry(ada)
    track = (await ada.get_ok("/seasons/current"))["track"]
    await change_rules(portal, track={**track, "max_bytes": 1000})
    announced = announcement(contents(large(size=1001)))
    assert await ada.refused("POST", f"/entries/{entry}/submissions", announced) == (413, "upload.too_large")


async def test_two_files_of_one_name_are_refused(ada: Caller) -> None:
    body = announcement({"adapter_config.json": b"{}"})
    body["files"] *= 2
    entry = await new_entry(ada)
    assert await ada.refused("POST", f"/entries/{entry}/submissions", body) == (422, "request.invalid")


def test_a_sender_who_drips_is_refused_and_one_who_pauses_is_not() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    enough = int(MIN_BYTES_PER_SECOND * WINDOW_SECONDS)
    now = WINDOW_SECONDS - 1
    pace.seen(1)
    now = WINDOW_SECONDS
    pace.seen(enough)
    now = 2 * WINDOW_SECONDS
    with pytest.raises(TooSlow) as refusal:
        pace.seen(enough - 2)
    assert refusal.value.code == "upload.too_slow"


# --- whose it is ------------------------------------------------------------------------------------------------


async def test_an_upload_is_its_owner_s_alone(portal: Portal, ada: Caller) -> None:
    made, _, weights = await announce(ada, await new_entry(ada), READY)
    path = f"/uploads/{weights['id']}"
    for other in (await portal.person("contestant", "Bob"), await portal.person("producer")):
        assert (await other.head(f"/api{path}")).status_code in (403, 404)
        assert said(await append(other, weights["id"], 0, READY.weights))[0] in (403, 404)
        assert (await other.refused("DELETE", f"/submissions/{made['id']}"))[0] in (403, 404)
    assert said(await append(portal.anybody(), weights["id"], 0, READY.weights)) == (401, "auth.required")
    assert said(await append(ada, str(uuid4()), 0, READY.weights)) == (404, "upload.not_found")
    assert await offset(ada, weights) == 0


async def test_only_a_signed_link_reads_what_was_sent(portal: Portal, ada: Caller) -> None:
    _, _, weights = await announce(ada, await new_entry(ada), READY)
    for link in ("x", portal.site.signer.sign("file.read", {"upload": weights["id"]}, 60)):
        answer = await portal.anybody().get(f"/api/incoming/{link}")
        assert said(answer) == (404, "link.invalid")


async def test_slow_uploads_do_not_starve_the_others(portal: Portal, ada: Caller) -> None:
    """More half-sent files than there are database connections, and the portal still answers."""
    files = large(size=50_000)
    _, _, weights = await announce(ada, await new_entry(ada), files)
    going = asyncio.Event()

    async def slow(begin: int) -> AsyncIterator[bytes]:
        yield files.weights[begin : begin + 10]
        await going.wait()

    sending = [asyncio.create_task(append(ada, weights["id"], 0, slow(0))) for _ in range(25)]
    for _ in range(5):
        assert (await ada.get("/healthz")).json() == {"ok": True}
    going.set()
    await asyncio.gather(*sending, return_exceptions=True)


# --- limits -------------------------------------------------------------------------------------------------------


async def test_one_upload_at_a_time_and_it_can_be_cancelled(ada: Caller) -> None:
    lantern, tide = await new_entry(ada), await new_entry(ada, "Tide")
    made, _, weights = await announce(ada, lantern, large(1))
    for entry in (lantern, tide):
        other = announcement(contents(large(2)))
        answer = await ada.post(f"/api/entries/{entry}/submissions", json=other)
        assert said(answer) == (409, "upload.in_progress")
        assert answer.json()["error"]["detail"]["submission_id"] == made["id"]
    await ada.call("DELETE", f"/submissions/{made['id']}", expect=200)
    seen = await ada.get_ok(f"/submissions/{made['id']}")
    assert (seen["state"], seen["refusal"]["code"]) == ("cancelled", "upload.cancelled")
    assert said(await append(ada, weights["id"], 0, b"x")) == (409, "upload.closed")
    await announce(ada, tide, large(2))


async def test_of_two_tabs_that_announce_at_once_one_begins(ada: Caller) -> None:
    entry = await new_entry(ada)
    bodies = [announcement(contents(large(seed))) for seed in (1, 2)]
    answers = await asyncio.gather(
        *(ada.post(f"/api/entries/{entry}/submissions", json=body) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_the_same_files_are_taken_once(portal: Portal, ada: Caller, lab: Lab) -> None:
    entry = await new_entry(ada)
    await send(ada, entry, READY)
    again = announcement(contents(READY))
    assert await ada.refused("POST", f"/entries/{entry}/submissions", again) == (409, "upload.duplicate")
    await (await lab.take()).fail("The disk of the lab is full.", retry=False)
    assert (await send(ada, entry, READY))["version"] == 2, "a fault of ours is not held against anybody"
    bob = await portal.person("contestant", "Bob")
    # That it is a copy is found by looking inside, and judged by people.
    assert (await send(bob, await new_entry(bob, "Copy"), READY))["version"] == 1


async def test_the_quota_counts_what_the_contestant_did_and_not_our_faults(
    portal: Portal, ada: Caller, lab: Lab
) -> None:
    await change_rules(portal, max_versions=2)
    entry = await new_entry(ada)
    await send(ada, entry, make_adapter(1, rank=1))
    await (await lab.take()).fail("The disk of the lab is full.", retry=False)
    made, _, _ = await announce(ada, entry, make_adapter(2, rank=1))
    await ada.call("DELETE", f"/submissions/{made['id']}", expect=200)
    await send(ada, entry, make_adapter(3, rank=1))
    await (await lab.take()).succeed(refused("config.rank"))
    await send(ada, entry, make_adapter(4, rank=1))
    fifth = announcement(contents(make_adapter(5, rank=1)))
    assert await ada.refused("POST", f"/entries/{entry}/submissions", fifth) == (429, "upload.quota")
    (mine,) = await ada.get_ok("/entries")
    states = [one["state"] for one in mine["submissions"]]
    assert states == ["received", "refused", "cancelled", "failed"], "newest first"


async def test_the_day_s_quota_is_free_again_a_day_later(portal: Portal, ada: Caller) -> None:
    await change_rules(portal, versions_per_day=1)
    entry = await new_entry(ada)
    await send(ada, entry, make_adapter(1, rank=1))
    second = make_adapter(2, rank=1)
    body = announcement(contents(second))
    answer = await ada.post(f"/api/entries/{entry}/submissions", json=body)
    assert said(answer) == (429, "upload.quota")
    assert answer.json()["error"]["detail"] == {"limit": 1, "per": "day"}
    await time_passes(portal.site.sessions, 24 * 3600 + 1)
    assert (await send(ada, entry, second))["version"] == 2


async def test_the_last_byte_decides_whether_it_was_in_time(portal: Portal, ada: Caller) -> None:
    entry = await new_entry(ada)
    made, config, weights = await announce(ada, entry, READY)
    await append(ada, config["id"], 0, READY.config)
    await append(ada, weights["id"], 0, READY.weights[:-1])
    await change_rules(portal, closes_at=(datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    last = len(READY.weights) - 1
    assert said(await append(ada, weights["id"], last, READY.weights[-1:])) == (403, "upload.window_closed")
    assert (await ada.get_ok(f"/submissions/{made['id']}"))["state"] == "uploading"
    late = announcement(contents(make_adapter(2, rank=1)))
    await ada.call("DELETE", f"/submissions/{made['id']}", expect=200)
    assert await ada.refused("POST", f"/entries/{entry}/submissions", late) == (403, "upload.window_closed")


async def test_a_contestant_has_so_many_entries(portal: Portal, ada: Caller) -> None:
    await change_rules(portal, max_entries=2)
    answers = await asyncio.gather(*(ada.post("/api/entries", json={"name": f"E{n}"}) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 429, 429]


# --- what is left behind --------------------------------------------------------------------------------------------


async def test_an_upload_that_nobody_sends_is_given_up_after_a_day(portal: Portal, ada: Caller) -> None:
    entry = await new_entry(ada)
    made, _, weights = await announce(ada, entry, READY)
    await append(ada, weights["id"], 0, b"x" * 0 + READY.weights[:10])
    await time_passes(portal.site.sessions, 23 * 3600)
    await tidy_uploads(portal.site)
    assert (await ada.get_ok(f"/submissions/{made['id']}"))["state"] == "uploading"
    await time_passes(portal.site.sessions, 2 * 3600)
    await tidy_uploads(portal.site)
    seen = await ada.get_ok(f"/submissions/{made['id']}")
    assert (seen["state"], seen["refusal"]["code"]) == ("cancelled", "upload.expired")
    await announce(ada, entry, READY)


def kept(tmp_path: Path, submission: Json) -> list[Path]:
    folder = tmp_path / "files" / "incoming" / submission["id"]
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_sent_is_removed_after_the_verdict(
    portal: Portal, ada: Caller, lab: Lab, tmp_path: Path
) -> None:
    entry = await new_entry(ada)
    wrong, faulty = await send(ada, entry, READY), await send(ada, entry, make_adapter(2, rank=1))
    first, second = await lab.take(), await lab.take()
    await tidy_uploads(portal.site)
    assert len(kept(tmp_path, wrong)) == 2, "the lab has not read it yet"
    jobs = {UUID(job.contract["submission_id"]): job for job in (first, second)}
    await jobs[UUID(wrong["id"])].succeed(refused("config.rank"))
    await jobs[UUID(faulty["id"])].fail("The disk of the lab is full.", retry=False)
    await tidy_uploads(portal.site)
    assert kept(tmp_path, wrong) == []
    assert len(kept(tmp_path, faulty)) == 2, "an operator may still want to look"


async def test_of_an_admitted_version_only_the_sealed_files_stay(
    portal: Portal, ada: Caller, lab: Lab, tmp_path: Path
) -> None:
    sent = await send(ada, await new_entry(ada), READY)
    await (await lab.take()).succeed()
    await tidy_uploads(portal.site)
    assert kept(tmp_path, sent) == []
    digest = (await ada.get_ok(f"/submissions/{sent['id']}"))["digest"]
    assert len(list((tmp_path / "files" / "sealed" / digest).iterdir())) == 2


async def test_no_part_is_named_by_the_sender(portal: Portal, ada: Caller) -> None:
    _, _, weights = await announce(ada, await new_entry(ada), READY)
    await append(ada, weights["id"], 0, READY.weights)
    async with portal.site.sessions() as session:
        (key,) = (await session.execute(text("select key from upload_parts"))).scalars()
    assert weights["name"] not in key
    assert weights["id"] in key


async def test_what_was_cancelled_meanwhile_does_not_begin_the_line(portal: Portal, ada: Caller) -> None:
    files = large()
    made, config, weights = await announce(ada, await new_entry(ada), files)
    await append(ada, config["id"], 0, files.config)
    going = asyncio.Event()
    sending = asyncio.create_task(append(ada, weights["id"], 0, hanging(files.weights, PART_BYTES, going)))
    await until_offset(ada, made, weights, PART_BYTES)
    await ada.call("DELETE", f"/submissions/{made['id']}", expect=200)
    going.set()
    assert said(await sending) == (409, "upload.closed")
    assert (await ada.get_ok(f"/submissions/{made['id']}"))["state"] == "cancelled"
    await portal.relay()
    assert portal.waker.lab_links == []
