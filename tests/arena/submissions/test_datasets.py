"""A data set from announcement to verdict and on to the cleaned version, through the doors that people use.

The real lab runner does the checking, in its sandbox.
"""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from arena.benchmarks import suites
from arena.moderation.wordlists import shipped
from arena.submissions.refusals import CODES
from tests.arena.submissions.test_line import change_rules
from tests.support.dataset_files import jsonl, parquet, row, rows
from tests.support.lab import Lab
from tests.support.portal import Caller, Portal
from tests.support.show import Json, announcement, append
from workers.lab.questions import make_items
from workers.lab.runner import run_job

OWN = {"id": "own", "note": "我们自己写的"}


@pytest.fixture
async def ada(portal: Portal) -> Caller:
    await portal.relay()
    portal.waker.lab_links.clear()  # the house's benchmark
    await change_rules(portal, track={"artifacts": ["adapter", "dataset"]})
    return await portal.person("contestant", "Ada")


async def entry_of(contestant: Caller, name: str = "Lantern") -> str:
    return str((await contestant.post_ok("/entries", {"name": name}))["id"])


async def announce(contestant: Caller, entry_id: str, files: dict[str, bytes], **fields: Any) -> Any:
    body = announcement(files) | {"artifact": "dataset", "licence": OWN} | fields
    return await contestant.post(f"/api/entries/{entry_id}/submissions", json=body)


async def send(contestant: Caller, entry_id: str, data: bytes, name: str = "data.jsonl") -> Json:
    answer = await announce(contestant, entry_id, {name: data})
    assert answer.status_code == 201, answer.text
    (upload,) = answer.json()["uploads"]
    assert (await append(contestant, upload["id"], 0, data)).status_code == 204
    sent: Json = answer.json()
    return sent


async def check(portal: Portal, contestant: Caller, data: bytes, name: str = "data.jsonl") -> Json:
    """Sent and checked by the real lab; the submission as its owner sees it then."""
    sent = await send(contestant, await entry_of(contestant), data, name)
    assert await asyncio.to_thread(run_job, await Lab(portal).next_url()) == "done"
    seen: Json = await contestant.get_ok(f"/submissions/{sent['id']}")
    return seen


def dirty() -> bytes:
    """Three good rows, a repeated one, one with a telephone number, one that is broken."""
    made: list[Any] = rows("kto", 3)
    return jsonl([*made, made[1], row("kto", 7) | {"completion": "请打 13812345678。"}, {"prompt": "only"}])


def sealed(folder: Path, digest: str) -> bytes:
    return (folder / "files" / "sealed" / digest / "data.jsonl").read_bytes()


# --- the verdict --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "data"), [("data.jsonl", jsonl), ("data.parquet", parquet)])
async def test_an_honest_data_set_is_verified_and_sealed_and_waits_for_its_training(
    portal: Portal, ada: Caller, tmp_path: Path, name: str, data: Any
) -> None:
    seen = await check(portal, ada, data(rows("preference", 30)), name)
    assert (seen["state"], seen["refusal"], seen["artifact"]) == ("verified", None, "dataset")
    assert {one["status"] for one in seen["checks"]} == {"passed"}
    stored = sealed(tmp_path, seen["digest"])
    assert sha256(stored).hexdigest() == seen["digest"]
    assert len(stored.splitlines()) == 30
    said = await ada.get_ok(f"/submissions/{seen['id']}/dataset")
    assert said["report"]["form"] == "preference"
    assert said["report"]["canonical"]["sha256"] == seen["digest"]
    assert (said["report"]["cleaned"], said["accepted"], said["licence"]) == (None, None, OWN)
    assert said["report"]["private_grams"] > 0, "compared with the benchmark of the season"
    await portal.relay()
    assert portal.waker.lab_links == [], "no benchmark is run on a data set"
    nothing = await ada.get(f"/api/submissions/{seen['id']}/dataset/cleaned.jsonl")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "dataset.no_cleaned")


async def test_questions_of_the_seasons_benchmark_are_recognised(portal: Portal, ada: Caller) -> None:
    items = make_items(suites.load("reasoning"), Path())
    asked = max((one.question for listed in items.values() for one in listed), key=len)
    made = rows("messages", 5)
    made[2]["messages"][-2]["content"] = asked
    seen = await check(portal, ada, jsonl(made))
    assert seen["state"] == "verified"
    (warned,) = [one for one in seen["checks"] if one["status"] == "warning"]
    (problem,) = warned["detail"]["problems"]
    assert (problem["code"], problem["detail"]["first_rows"]) == ("dataset.benchmark_overlap", [3])


async def test_a_broken_row_refuses_the_set_until_the_cleaned_version_is_taken_and_again_when_that_is_undone(
    portal: Portal, ada: Caller, tmp_path: Path
) -> None:
    seen = await check(portal, ada, dirty())
    assert (seen["state"], seen["refusal"]["code"], seen["digest"]) == (
        "refused",
        "dataset.missing_field",
        None,
    )
    where = f"/submissions/{seen['id']}/dataset"
    said = await ada.get_ok(where)
    found = {one["code"]: one for one in said["report"]["findings"]}
    assert {code: one["rows"] for code, one in found.items()} == {
        "dataset.missing_field": 1, "dataset.duplicate": 1, "dataset.personal_phone": 1,
    }  # fmt: skip
    assert [one["row"] for one in found["dataset.missing_field"]["examples"]] == [6]
    assert found["dataset.duplicate"]["examples"][0]["other"] == 2
    assert "13812345678" not in json.dumps(said)
    assert (said["report"]["canonical"], said["report"]["cleaned"]["rows"], said["may_decide"]) == (
        None,
        4,
        True,
    )

    taken = await ada.post_ok(f"{where}/accept-cleaned")
    assert taken["accepted"]["by"] == "Ada"
    seen = await ada.get_ok(f"/submissions/{seen['id']}")
    assert (seen["state"], seen["refusal"]) == ("verified", None)
    assert seen["digest"] == said["report"]["cleaned"]["sha256"]
    stored = sealed(tmp_path, seen["digest"])
    assert "请打 [phone]。" in stored.decode()
    again = await ada.post(f"/api{where}/accept-cleaned")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "dataset.accepted")

    assert (await ada.delete(f"/api{where}/accept-cleaned")).json()["accepted"] is None
    seen = await ada.get_ok(f"/submissions/{seen['id']}")
    assert (seen["state"], seen["refusal"]["code"], seen["digest"]) == (
        "refused",
        "dataset.missing_field",
        None,
    )
    twice = await ada.delete(f"/api{where}/accept-cleaned")
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "dataset.not_accepted")


async def test_what_was_admitted_as_it_is_can_still_be_cleaned(portal: Portal, ada: Caller) -> None:
    made = rows("kto", 4)
    seen = await check(portal, ada, jsonl([*made, made[0]]))
    assert seen["state"] == "verified"
    where = f"/submissions/{seen['id']}/dataset"
    taken = await ada.post_ok(f"{where}/accept-cleaned")
    cleaned = (await ada.get_ok(f"/submissions/{seen['id']}"))["digest"]
    assert cleaned == taken["report"]["cleaned"]["sha256"] != seen["digest"]
    await ada.delete(f"/api{where}/accept-cleaned")
    assert (await ada.get_ok(f"/submissions/{seen['id']}"))["digest"] == seen["digest"]


async def test_after_the_deadline_nothing_is_taken_or_undone(portal: Portal, ada: Caller) -> None:
    seen = await check(portal, ada, dirty())
    await change_rules(portal, closes_at="2026-01-01T00:00:00Z")
    where = f"/submissions/{seen['id']}/dataset"
    assert (await ada.get_ok(where))["may_decide"] is False
    for answer in (
        await ada.post(f"/api{where}/accept-cleaned"),
        await ada.delete(f"/api{where}/accept-cleaned"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "entry.closed")


async def test_reports_and_cleaned_versions_are_downloads_of_their_owner_and_of_producers(
    portal: Portal, ada: Caller
) -> None:
    seen = await check(portal, ada, dirty())
    where = f"/api/submissions/{seen['id']}/dataset"
    producer, bob = await portal.person("producer", "Pauline"), await portal.person("contestant", "Bob")
    for who in (ada, producer):
        report = await who.get(f"{where}/report.json")
        cleaned = await who.get(f"{where}/cleaned.jsonl")
        for answer in (report, cleaned):
            assert answer.status_code == 200
            assert answer.headers["content-disposition"].startswith("attachment; filename=")
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert json.loads(report.content)["report"]["form"] == "kto"
        assert sha256(cleaned.content).hexdigest() == report.json()["report"]["cleaned"]["sha256"]
        assert cleaned.headers["content-type"] == "application/octet-stream"
    for path in ("", "/report.json", "/cleaned.jsonl"):
        assert (await bob.get(f"{where}{path}")).status_code == 404
    for answer in (await bob.post(f"{where}/accept-cleaned"), await bob.delete(f"{where}/accept-cleaned")):
        assert answer.status_code == 404
    assert (await producer.post(f"{where}/accept-cleaned")).status_code == 403, "only its owner decides"


async def test_before_it_is_checked_there_is_no_report(portal: Portal, ada: Caller) -> None:
    sent = await send(ada, await entry_of(ada), jsonl(rows("kto", 3)))
    answer = await ada.get(f"/api/submissions/{sent['id']}/dataset")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "dataset.not_checked")


# --- the announcement ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("licence", [None, {"id": "other"}, {"id": "other", "note": "  "}])
async def test_a_data_set_without_a_licence_is_not_taken(ada: Caller, licence: Json | None) -> None:
    answer = await announce(ada, await entry_of(ada), {"data.jsonl": b"{}"}, licence=licence)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "dataset.licence_missing")
    assert "dataset.licence_missing" in CODES


@pytest.mark.parametrize(
    "licence", [{"id": "CC-BY-4.0"}, {"id": "other", "note": "With the author's permission."}, {"id": "own"}]
)
async def test_a_licence_is_kept(ada: Caller, licence: Json) -> None:
    answer = await announce(ada, await entry_of(ada), {"data.jsonl": b"{}"}, licence=licence)
    assert answer.status_code == 201, answer.text


async def test_the_note_is_moderated_like_any_text(ada: Caller) -> None:
    blocked = next(
        term.term
        for one in shipped()
        for term in one.terms
        if term.action == "block" and term.language == "en"
    )
    licence = {"id": "other", "note": f"Found beside a {blocked}."}
    answer = await announce(ada, await entry_of(ada), {"data.jsonl": b"{}"}, licence=licence)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "moderation.blocked")


async def test_going_on_with_an_upload_needs_no_licence_again(ada: Caller) -> None:
    entry = await entry_of(ada)
    first = await announce(ada, entry, {"data.jsonl": b"{}"})
    again = await announce(ada, entry, {"data.jsonl": b"{}"}, licence=None)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


async def test_an_unknown_licence_is_no_licence(ada: Caller) -> None:
    answer = await announce(ada, await entry_of(ada), {"data.jsonl": b"{}"}, licence={"id": "WTF"})
    assert answer.status_code == 422


# --- a lab that lies ----------------------------------------------------------------------------------------------


async def test_a_lab_cannot_seal_another_cleaned_version_than_it_reports(portal: Portal, ada: Caller) -> None:
    sent = await send(ada, await entry_of(ada), dirty())
    job = await Lab(portal).take()
    report = {
        "source": "jsonl", "form": "kto", "rows": 1, "findings": [], "near_threshold": 0.8, "word_lists": "",
        "private_grams": 0,
        "cleaned": {"rows": 1, "bytes": 3, "sha256": "0" * 64, "removed": {}, "changed": {}},
    }  # fmt: skip
    await job.http.put(job.contract["judged_by"]["cleaned"]["put_url"], content=b"{}\n")
    answer = await job.complete(
        {
            "verdict": "refused",
            "checks": [],
            "refusal": {"code": "dataset.empty", "message": "-"},
            "report": report,
        }
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "store.hash_mismatch")
    assert (await ada.get_ok(f"/submissions/{sent['id']}"))["state"] != "refused"


async def test_a_lab_cannot_admit_a_data_set_without_a_report(portal: Portal, ada: Caller) -> None:
    await send(ada, await entry_of(ada), jsonl(rows("kto", 3)))
    job = await Lab(portal).take()
    answer = await job.complete(await job.honest_result())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "job.bad_report")


# --- canaries -----------------------------------------------------------------------------------------------------


async def test_a_data_set_with_a_canary_is_admitted_and_flagged_for_the_producers(
    portal: Portal, ada: Caller
) -> None:
    sent = await send(ada, await entry_of(ada), jsonl(rows("kto", 3)))
    job = await Lab(portal).take()
    canaries = {one["id"]: one["canary"] for one in job.contract["judged_by"]["suites"]["specs"]}
    assert set(canaries) >= {"reasoning", "reading"} and all(canaries.values())
    result = await job.honest_result()
    finding = {
        "code": "dataset.canary", "severity": "warning", "remedy": "removed", "message": "-", "rows": 2,
        "detail": {"suites": {"reading": 2}},
    }  # fmt: skip
    report = {
        "source": "jsonl", "form": "kto", "rows": 3, "findings": [finding], "near_threshold": 0.8,
        "word_lists": "", "private_grams": 0,
        "canonical": {"rows": 3, "bytes": result["size_bytes"], "sha256": result["digest"]},
    }  # fmt: skip
    answer = await job.complete(result | {"report": report})
    assert answer.status_code == 200, answer.text
    assert (await ada.get_ok(f"/submissions/{sent['id']}"))["state"] == "verified"
    producer = await portal.person("producer", "Pauline")
    (flag,) = await producer.get_ok("/contamination-flags")
    assert (flag["kind"], flag["suite"], flag["rows"]) == ("canary", "reading", 2)
    assert flag["submission_id"] == sent["id"]
