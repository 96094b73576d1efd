"""From an admitted adapter to a model beside it: ordered by people, made by a lab that the test plays."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from arena.exports.contracts import (
    BESIDE,
    JOB_KIND,
    NO_ENVIRONMENT,
    Calibrated,
    ExportContract,
    ExportRecord,
    ExportResult,
    Marks,
    Measured,
)
from arena.shows.base_models import BASE_MODELS
from arena.submissions.contracts import Refusal
from tests.arena.submissions.test_line import change_rules
from tests.support import evening
from tests.support.clock import time_passes
from tests.support.evening import Evenings
from tests.support.lab import LabJob
from tests.support.portal import Caller
from tests.support.show import Json, Show
from tests.support.training import Trainer, send_dataset, track
from tests.support.training import order as order_training
from workers.control.watch import tidy_uploads

FILES = {
    "config.json": b"{}",
    "model.safetensors": b"the weights",
    "gavel-export.json": b'{"scheme": "int8"}',
    "NOTICE": b"terms",
}


@pytest.fixture
async def show(evenings: Evenings, tmp_path: Path) -> AsyncIterator[Show]:
    async with evenings.after(evening.admitted, tmp_path) as show:
        yield show


@pytest.fixture
def ada(show: Show) -> Caller:
    return show.contestants["Lantern"]


@pytest.fixture
def lantern(show: Show) -> str:
    return str(show.entries["Lantern"]["submission_id"])


async def order(caller: Caller, submission: str, scheme: str = "int8") -> Json:
    made: Json = await caller.call(
        "POST", "/exports", {"submission_id": submission, "scheme": scheme}, expect=201
    )
    return made


async def refusal(caller: Caller, submission: str, scheme: str = "int8") -> tuple[int, str]:
    return await caller.refused("POST", "/exports", {"submission_id": submission, "scheme": scheme})


async def exports(caller: Caller, submission: str) -> Json:
    found: Json = await caller.get_ok(f"/exports?submission_id={submission}")
    return found


async def take(show: Show) -> tuple[LabJob, ExportContract]:
    job = await show.lab.until(JOB_KIND)
    return job, ExportContract.model_validate(job.contract)


def marks(contract: ExportContract, suite: int, right: float) -> Marks:
    items = contract.asked[suite].items
    return {
        task: [index < right * len(listed) for index in range(len(listed))] for task, listed in items.items()
    }


async def made(
    job: LabJob, contract: ExportContract, right: float = 1.0, files: dict[str, bytes] = FILES
) -> Json:
    """A result whose original has every question right, and whose export so many."""
    for file in contract.files:
        if file.name in files:
            (await job.http.put(file.put_url, content=files[file.name])).raise_for_status()
    calibration = Calibrated(source="shipped", rows=128, tokens=4096, sha256="c" * 64)
    return ExportResult(
        ended="done",
        record=ExportRecord(
            original_bytes=536,
            bytes=380,
            calibration=None if contract.scheme == "bf16" else calibration,
            libraries={"llmcompressor": "0.14.0.1"},
            machine={"cpu": "two cores"},
            scorer_digest="5" * 64,
        ),
        measured=[
            Measured(
                suite=asked.suite.id,
                original=marks(contract, number, 1.0),
                exported=marks(contract, number, right),
            )
            for number, asked in enumerate(contract.asked)
        ],
        files={name: (sha256(body).hexdigest(), len(body)) for name, body in files.items()},
    ).model_dump(mode="json")


async def test_an_admitted_adapter_becomes_a_model_beside_its_version(
    show: Show, ada: Caller, lantern: str
) -> None:
    offered = await exports(ada, lantern)
    assert offered["schemes"] == ["bf16", "int8", "w4a16_gptq", "w4a16_awq", "fp8"]
    assert (offered["exports"], offered["downloads"]) == ([], True)
    ordered = await order(ada, lantern)
    assert (ordered["state"], ordered["ordered_by"]) == ("queued", "Lantern")

    job, contract = await take(show)
    assert (contract.scheme, contract.data) == ("int8", None)
    assert contract.asked[0].suite.id == "reasoning", "the season's own suite first"
    assert {file.name for file in contract.files} >= {*FILES, *BESIDE}
    await job.heartbeat(done=3, total=10, note="original")
    seen = (await exports(ada, lantern))["exports"][0]
    assert (seen["state"], seen["progress"]["note"]) == ("running", "original")

    assert (await job.complete(await made(job, contract))).status_code == 200
    done = await ada.get_ok(f"/exports/{ordered['id']}")
    base = BASE_MODELS[done["base_model"]]
    assert (done["state"], done["base_digest"], done["licence"]) == (
        "done",
        contract.base_digest,
        base.licence,
    )
    assert done["adapter_digest"] == (await ada.get_ok(f"/submissions/{lantern}"))["digest"]
    assert done["record"]["calibration"]["source"] == "shipped"
    assert done["report"]["total"]["verdict"] == "held"
    assert done["report"]["suites"].keys() == {asked.suite.id for asked in contract.asked}
    for name, body in FILES.items():
        answer = await ada.get(f"/api/exports/{ordered['id']}/files/{name}")
        assert (answer.content, answer.headers["content-disposition"]) == (
            body,
            f'attachment; filename="{name}"',
        )
    assert (await ada.get(f"/api/exports/{ordered['id']}/files/secret.txt")).status_code == 404

    assert await refusal(ada, lantern) == (409, "export.taken")
    assert "int8" not in (await exports(ada, lantern))["schemes"]
    entry = show.entries["Lantern"]["entry_id"]
    (row,) = [one for one in await ada.get_ok("/entries") if one["id"] == entry]
    assert len(row["submissions"]) == 1, "it does not compete"


async def test_a_loss_is_shown_and_the_files_are_there_all_the_same(
    show: Show, ada: Caller, lantern: str
) -> None:
    ordered = await order(ada, lantern, "w4a16_gptq")
    job, contract = await take(show)
    await job.complete(await made(job, contract, right=0.5))
    done = await ada.get_ok(f"/exports/{ordered['id']}")
    assert (done["state"], done["report"]["total"]["verdict"]) == ("done", "missed")
    assert done["report"]["total"]["ratio"]["high"] < done["report"]["gate"] == 0.95


async def test_others_see_nothing_and_producers_see_the_report_but_not_the_weights(
    show: Show, ada: Caller, lantern: str
) -> None:
    stranger = await show.portal.person("contestant", "Bo")
    for other in (stranger, show.producer):
        assert await refusal(other, lantern) == (404, "submission.not_found"), (
            "its exports are its holder's to use up"
        )
    ordered = await order(ada, lantern, "bf16")
    job, contract = await take(show)
    await job.complete(await made(job, contract))
    where = f"/exports/{ordered['id']}"
    assert await stranger.refused("GET", where) == (404, "export.not_found")
    assert await stranger.refused("POST", f"{where}/cancel") == (404, "export.not_found")
    assert (await show.producer.get_ok(where))["state"] == "done"
    seen = await exports(show.producer, lantern)
    assert (seen["downloads"], seen["schemes"]) == (False, [])
    assert (await show.producer.get(f"/api{where}/files/model.safetensors")).status_code == 404
    assert (await show.portal.anybody().get(f"/api{where}/files/model.safetensors")).status_code == 401


async def test_a_lab_without_the_environment_says_so_and_merging_goes_on(
    show: Show, ada: Caller, lantern: str
) -> None:
    ordered = await order(ada, lantern, "fp8")
    job, _ = await take(show)
    sentence = "This site cannot quantise."
    result = ExportResult(ended="refused", refusal=Refusal(code=NO_ENVIRONMENT, message=sentence))
    await job.complete(result.model_dump(mode="json"))
    seen = await ada.get_ok(f"/exports/{ordered['id']}")
    assert (seen["state"], seen["code"], seen["reason"]) == ("refused", NO_ENVIRONMENT, sentence)
    left = await exports(ada, lantern)
    assert (left["left"], "fp8" in left["schemes"]) == (5, True), "nothing was used up"
    assert (await order(ada, lantern, "bf16"))["state"] == "queued"


async def test_one_at_a_time_and_so_many_a_day(show: Show, ada: Caller, lantern: str) -> None:
    first = await order(ada, lantern)
    assert await refusal(ada, lantern, "fp8") == (409, "export.under_way")
    job, contract = await take(show)
    cancelled = await ada.post_ok(f"/exports/{first['id']}/cancel", {})
    assert (cancelled["state"], cancelled["cancellable"]) == ("cancelled", False)
    late = await job.complete(await made(job, contract))
    assert late.json()["error"]["code"] == "job.lost_lease"
    assert await ada.refused("POST", f"/exports/{first['id']}/cancel") == (409, "export.over")
    for _ in range(4):
        again = await order(ada, lantern)
        await ada.post_ok(f"/exports/{again['id']}/cancel", {})
    assert await refusal(ada, lantern) == (429, "export.quota")


async def test_a_lab_that_measured_or_put_something_else_is_not_believed(
    show: Show, ada: Caller, lantern: str, subtests: pytest.Subtests
) -> None:
    ordered = await order(ada, lantern)
    wrong: dict[str, Json] = {}
    job, contract = await take(show)
    honest = await made(job, contract)
    wrong["a suite left out"] = honest | {"measured": honest["measured"][1:]}
    wrong["another hash"] = honest | {"files": honest["files"] | {"NOTICE": ["0" * 64, 5]}}
    wrong["no weights"] = honest | {
        "files": {name: file for name, file in honest["files"].items() if name != "model.safetensors"}
    }
    name, result = next(iter(wrong.items()))
    with subtests.test(name):
        assert (await job.complete(result)).status_code in (409, 422)
    for name, result in list(wrong.items())[1:]:
        with subtests.test(name):
            await time_passes(show.portal.site.sessions, 30)
            await show.portal.sweep()
            job, contract = await take(show)
            await made(job, contract)
            assert (await job.complete(result)).status_code in (409, 422)
    assert (await ada.get_ok(f"/exports/{ordered['id']}"))["files"] == []


async def test_what_labs_have_put_is_forgotten_and_the_model_stays(
    show: Show, ada: Caller, lantern: str
) -> None:
    ordered = await order(ada, lantern)
    job, contract = await take(show)
    await job.complete(await made(job, contract))
    storage = show.portal.site.storage
    put = f"incoming/exports/{ordered['id']}/1/model.safetensors"
    assert await storage.exists(put)
    await tidy_uploads(show.portal.site)
    assert not await storage.exists(put)
    kept = await ada.get(f"/api/exports/{ordered['id']}/files/model.safetensors")
    assert kept.content == FILES["model.safetensors"]


async def test_files_are_kept_for_so_long_and_so_many(
    show: Show, ada: Caller, lantern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.exports.queries.KEPT", 2)
    monkeypatch.setattr("arena.exports.queries.PER_DAY", 9)
    storage = show.portal.site.storage
    ids = []
    for scheme in ("int8", "bf16"):
        ids.append((await order(ada, lantern, scheme))["id"])
        job, contract = await take(show)
        await job.complete(await made(job, contract))
    assert (await exports(ada, lantern))["room"] == 0
    assert await refusal(ada, lantern, "fp8") == (409, "export.no_room")
    bram = await show.portal.person("contestant", "Bram")
    assert await bram.refused("DELETE", f"/exports/{ids[0]}") == (404, "export.not_found")
    removed = await ada.call("DELETE", f"/exports/{ids[0]}", expect=200)
    assert (removed["state"], removed["code"], removed["files"]) == ("cancelled", "export.removed", [])
    assert removed["report"] is not None, "what was measured stays"
    assert await ada.refused("DELETE", f"/exports/{ids[0]}") == (409, "export.not_done")
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update exports set ended_at = ended_at - interval '30 days'"))
    for _ in range(2):
        await tidy_uploads(show.portal.site)
    for one in ids:
        assert not await storage.exists(f"exports/{one}/model.safetensors")
        assert await ada.refused("GET", f"/exports/{one}/files/model.safetensors") == (404, "export.no_file")
    seen = {one["id"]: one for one in (await exports(ada, lantern))["exports"]}
    assert (seen[ids[1]]["state"], seen[ids[1]]["code"]) == ("cancelled", "export.expired")
    await order(ada, lantern, "int8")


async def test_only_an_admitted_adapter_is_exported_and_its_own_data_calibrate_it(
    show: Show, ada: Caller
) -> None:
    await change_rules(show.portal, track=track())
    entry = show.entries["Lantern"]["entry_id"]
    data = await send_dataset(show, ada, entry)
    assert await refusal(ada, data) == (409, "export.not_an_adapter")
    assert (await exports(ada, data))["schemes"] == []
    run = await order_training(ada, entry, data)
    await (await Trainer.take(show)).end()
    made_here = (await ada.get_ok(f"/training/runs/{run['id']}"))["result"]["submission_id"]
    assert await refusal(ada, made_here) == (409, "export.not_admitted")
    await show.lab.work_off()
    await order(ada, made_here)
    job, contract = await take(show)
    assert contract.data is not None
    assert contract.data.form == "messages"
    body = (await job.http.get(contract.data.file.url)).content
    assert sha256(body).hexdigest() == (await ada.get_ok(f"/submissions/{data}"))["digest"]
