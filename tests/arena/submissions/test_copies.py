"""A copy on its way through the line: flagged with evidence for the producers, a note without a name for its sender."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from arena.submissions import similarity
from arena.submissions.artifacts import CONFIG
from arena.submissions.compare import candidates
from arena.submissions.measuring import measure_similarity
from arena.submissions.safetensors import adapter_digest
from arena.submissions.sealing import sealed
from tests.support import copies
from tests.support.engine import Adapter, make_adapter
from tests.support.lab import Lab
from tests.support.portal import Caller, Portal
from tests.support.show import Json, send
from workers.lab.runner import run_job

ORIGINAL = copies.random_adapter(1, rank=1)


def files(adapter: similarity.Adapter, **options: Any) -> Adapter:
    config, weights = copies.written(adapter, **options)
    return Adapter(adapter_digest(config, weights), config, weights)


@dataclass
class Desk:
    """People who send in adapters; the test plays an honest lab."""

    portal: Portal
    lab: Lab
    producer: Caller

    async def enter(self, name: str, adapter: Adapter) -> tuple[Caller, Json]:
        """A new contestant with one verified submission."""
        contestant = await self.portal.person("contestant", name)
        entry = await contestant.post_ok("/entries", {"name": name})
        return contestant, await self.submit(contestant, entry["id"], adapter)

    async def submit(self, contestant: Caller, entry_id: str, adapter: Adapter) -> Json:
        sent = await send(contestant, entry_id, adapter)
        await (await self.lab.take()).succeed()
        await self.portal.relay()
        self.portal.waker.lab_links.clear()  # the benchmark that follows
        seen: Json = await contestant.get_ok(f"/submissions/{sent['id']}")
        return seen

    async def flags(self, query: str = "") -> list[Json]:
        found: list[Json] = await self.producer.get_ok(f"/similarity-flags{query}")
        return found


@pytest.fixture
async def desk(portal: Portal, lab: Lab) -> Desk:
    await portal.relay()
    portal.waker.lab_links.clear()  # the house's benchmark
    return Desk(portal, lab, await portal.person("producer", "Pauline"))


def similarity_check(submission: Json) -> Json:
    (check,) = [check for check in submission["checks"] if check["code"] == "similarity"]
    found: Json = check
    return found


async def test_the_same_bytes_from_another_owner_are_flagged(desk: Desk) -> None:
    _, original = await desk.enter("Ada", files(ORIGINAL))
    _, copy = await desk.enter("Bob", files(ORIGINAL))
    assert original["digest"] == copy["digest"]
    assert similarity_check(original) == {"code": "similarity", "status": "passed", "detail": {}}
    (flag,) = await desk.flags()
    assert flag["cosine"] == pytest.approx(1)
    assert flag["energy_share"] == pytest.approx(1)
    assert flag["identical"] is True
    sides = [(flag[side]["submission_id"], flag[side]["owner"]) for side in ("submission", "other")]
    assert sides == [(copy["id"], "Bob"), (original["id"], "Ada")]
    assert (flag["threshold"], flag["calibration"]) == (similarity.FLAG_COSINE, similarity.CALIBRATION)
    assert len(flag["modules"]) == len(ORIGINAL)
    assert all(module["cosine"] == pytest.approx(1) for module in flag["modules"])


async def test_a_disguised_copy_is_flagged_by_the_real_lab(desk: Desk) -> None:
    """Rotated, padded, rescaled, rounded to another type, and through the sandbox."""
    await desk.enter("Ada", files(ORIGINAL))
    bob = await desk.portal.person("contestant", "Bob")
    entry = await bob.post_ok("/entries", {"name": "Bob"})
    disguised = copies.scaled(copies.rotated(copies.padded(ORIGINAL, ranks=3)), 0.5)
    sent = await send(bob, entry["id"], files(disguised, dtype="F16", alpha_per_rank=1.0))
    assert await asyncio.to_thread(run_job, await desk.lab.next_url()) == "done"
    seen = await bob.get_ok(f"/submissions/{sent['id']}")
    assert seen["state"] == "verified", "a flag is no ban"
    (flag,) = await desk.flags()
    assert flag["cosine"] > 0.999
    assert flag["identical"] is False


async def test_the_contestant_learns_that_and_not_whose(desk: Desk) -> None:
    _, original = await desk.enter("Lovelace", files(ORIGINAL))
    _, copy = await desk.enter("Bob", files(copies.scaled(ORIGINAL)))
    check = similarity_check(copy)
    assert check["status"] == "warning"
    assert check["detail"]["problems"][0]["code"] == "adapter.near_duplicate"
    shown = str(copy)
    assert [word for word in ("Lovelace", original["id"], original["digest"]) if word in shown] == []
    assert check["detail"]["problems"][0]["detail"] == {}, "no number to aim by"


async def test_one_s_own_versions_and_strangers_are_no_copies(desk: Desk) -> None:
    ada, first = await desk.enter("Ada", files(ORIGINAL))
    second = await desk.submit(ada, first["entry_id"], files(copies.noisy(ORIGINAL, 0.05)))
    _, stranger = await desk.enter("Bob", files(copies.random_adapter(2, rank=1)))
    assert [similarity_check(one)["status"] for one in (first, second, stranger)] == ["passed"] * 3
    assert await desk.flags() == []


async def test_another_season_s_adapters_are_not_looked_at(desk: Desk) -> None:
    await desk.enter("Ada", files(ORIGINAL))
    async with desk.portal.site.sessions() as session, session.begin():
        again = """insert into seasons (id, name, rules, rules_digest)
                   select gen_random_uuid(), 'Season 2', rules, rules_digest from seasons"""
        await session.execute(text(again))
    _, later = await desk.enter("Bob", files(ORIGINAL))
    assert similarity_check(later)["status"] == "passed"


async def test_each_rival_whose_adapter_is_in_it_is_a_flag_of_its_own(desk: Desk) -> None:
    other = copies.random_adapter(2, rank=1)
    await desk.enter("Ada", files(ORIGINAL))
    await desk.enter("Bob", files(other))
    _, child = await desk.enter("Eve", files(copies.merged(ORIGINAL, other, 0.5)))
    flags = await desk.flags()
    assert {flag["other"]["entry_name"] for flag in flags} == {"Ada", "Bob"}
    assert {flag["submission"]["submission_id"] for flag in flags} == {child["id"]}
    assert all(flag["cosine"] == pytest.approx(0.7, abs=0.1) for flag in flags)
    cosines = [flag["cosine"] for flag in flags]
    assert cosines == sorted(cosines, reverse=True), "the likest first"


async def test_of_two_copies_at_once_the_second_sees_the_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first to look waits for the second to look as well. It must wait in vain: it is not that one's turn yet."""
    both_look = asyncio.Event()
    looking = 0

    async def slow(*asked: Any) -> Any:
        nonlocal looking
        looking += 1
        found = await candidates(*asked)
        if looking == 2:
            both_look.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(both_look.wait(), 0.5)
        return found

    monkeypatch.setattr("arena.submissions.compare.candidates", slow)
    jobs = []
    for name in ("Ada", "Bob"):
        contestant = await desk.portal.person("contestant", name)
        entry = await contestant.post_ok("/entries", {"name": name})
        await send(contestant, entry["id"], files(ORIGINAL))
        jobs.append(await desk.lab.take())
    results = [await job.honest_result() for job in jobs]
    answers = await asyncio.gather(*(job.complete(body) for job, body in zip(jobs, results, strict=True)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await desk.flags()) == 1


async def test_a_crowd_of_copies_is_not_compared_without_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.submissions.compare.MAX_EXACT", 2)
    for name in ("Ada", "Bob", "Cyd"):
        await desk.enter(name, files(ORIGINAL))
    await desk.enter("Eve", files(ORIGINAL))
    eve = [flag for flag in await desk.flags() if flag["submission"]["owner"] == "Eve"]
    assert len(eve) == 2


# --- the producer's review ------------------------------------------------------------------------------------


async def test_a_flag_is_reviewed_once_with_a_note(desk: Desk) -> None:
    await desk.enter("Ada", files(ORIGINAL))
    bob, copy = await desk.enter("Bob", files(ORIGINAL))
    (flag,) = await desk.flags()
    assert flag["review"] is None
    path = f"/similarity-flags/{flag['id']}/review"
    await desk.portal.relay()
    reviewed = await desk.producer.post_ok(path, {"note": " Same tutorial, both showed their data. "})
    assert reviewed["review"]["by"] == "Pauline"
    assert reviewed["review"]["note"] == "Same tutorial, both showed their data."
    assert reviewed["review"]["at"] >= flag["created_at"]
    async with desk.portal.site.sessions() as session:
        facts = (await session.execute(text("select name, body ->> 'submission_id' from outbox"))).all()
    assert [tuple(fact) for fact in facts] == [("SubmissionChanged", copy["id"])], "pages learn of it"
    assert await desk.flags() == []
    assert await desk.flags("?reviewed=true") == [reviewed]
    assert await desk.producer.refused("POST", path, {"note": "Or not."}) == (409, "similarity.reviewed")
    assert "Pauline" not in str(await bob.get_ok(f"/submissions/{copy['id']}"))


async def test_a_review_says_something(desk: Desk) -> None:
    await desk.enter("Ada", files(ORIGINAL))
    await desk.enter("Bob", files(ORIGINAL))
    (flag,) = await desk.flags()
    path = f"/similarity-flags/{flag['id']}/review"
    for note in ("", "   ", "x" * 1001):
        assert await desk.producer.refused("POST", path, {"note": note}) == (422, "request.invalid"), note
    assert await desk.flags() == [flag]


async def test_a_flag_that_is_none_is_not_found(desk: Desk) -> None:
    path = "/similarity-flags/00000000-0000-0000-0000-000000000000/review"
    assert await desk.producer.refused("POST", path, {"note": "Seen."}) == (404, "similarity.not_found")


# --- the X-ray, and a lab that lies ---------------------------------------------------------------------------


async def test_the_x_ray_is_for_its_owner_and_the_producers(desk: Desk) -> None:
    ada, sent = await desk.enter("Ada", files(copies.only(ORIGINAL, "q_proj")))
    path = f"/submissions/{sent['id']}/xray"
    seen = await ada.get_ok(path)
    assert await desk.producer.get_ok(path) == seen
    column = seen["modules"].index("self_attn.q_proj")
    assert all(layer[column] > 0 for layer in seen["norms"])
    assert all(layer[column] == pytest.approx(1) for layer in seen["effective_ranks"])
    assert {cell for layer in seen["norms"] for place, cell in enumerate(layer) if place != column} == {0}
    bob = await desk.portal.person("contestant", "Bob")
    assert await bob.refused("GET", path) == (404, "submission.not_found")
    unverified = await send(ada, sent["entry_id"], make_adapter(3, rank=1))
    missing = await ada.refused("GET", f"/submissions/{unverified['id']}/xray")
    assert missing == (404, "submission.not_measured")


async def test_the_x_ray_says_how_the_adapter_is_scaled(desk: Desk) -> None:
    plain = make_adapter(1, scale=0.02, rank=4)
    ada, sent = await desk.enter("Ada", plain)
    path = f"/submissions/{sent['id']}/xray"
    assert (await ada.get_ok(path))["scaling"] == {"alpha": 4, "use_rslora": False, "scale": 1}

    config = plain.config.replace(b'"use_rslora":false', b'"use_rslora":true')
    bob, sent = await desk.enter("Bob", Adapter(adapter_digest(config, plain.weights), config, plain.weights))
    scaling = (await bob.get_ok(f"/submissions/{sent['id']}/xray"))["scaling"]
    assert scaling == {"alpha": 4, "use_rslora": True, "scale": 2}


async def test_an_adapter_whose_file_is_gone_still_has_its_x_ray(desk: Desk) -> None:
    ada, sent = await desk.enter("Ada", files(ORIGINAL))
    await desk.portal.site.storage.delete(sealed(sent["digest"], CONFIG))
    seen = await ada.get_ok(f"/submissions/{sent['id']}/xray")
    assert seen["scaling"] is None
    assert seen["norms"]


LIES: dict[str, Any] = {
    "nothing": None,
    "a short sketch": {"sketch": "AAAA"},
    "a sketch of nonsense": {"sketch": "/" * 21845 + "="},
    "a base of its own": {"xray": {"modules": ["x"], "norms": [[1.0]], "effective_ranks": [[1.0]]}},
}


async def test_measures_that_cannot_be_true_are_not_taken(desk: Desk, subtests: pytest.Subtests) -> None:
    ada = await desk.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Ada"})
    for seed, (lie, changes) in enumerate(LIES.items()):
        with subtests.test(lie=lie):
            sent = await send(ada, entry["id"], files(copies.random_adapter(seed, rank=1)))
            job = await desk.lab.take()
            honest = await job.honest_result()
            told = None if changes is None else honest["measures"] | changes
            answer = await job.complete(honest | {"measures": told})
            assert answer.status_code in (409, 422)
            assert answer.json()["error"]["code"] in ("job.bad_measures", "job.bad_result")
            assert (await ada.get_ok(f"/submissions/{sent['id']}"))["state"] == "received"


# --- how long it takes ----------------------------------------------------------------------------------------


async def test_the_measurement_leaves_nothing_behind(portal: Portal, database_url: str) -> None:
    """What `gavel bench intake` calls; it may run on a site's own database."""
    found = await asyncio.to_thread(measure_similarity, 20, database_url)
    assert found.seconds > 0
    assert found.baseline_seconds > 0
    async with portal.site.sessions() as session:
        for table in ("adapter_measures", "submissions", "seasons"):
            count = (await session.execute(text(f"select count(*) from {table}"))).scalar_one()
            assert count == (0 if table == "adapter_measures" else 1), table
