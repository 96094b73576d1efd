"""Practice: a version of one's own beside the house, on the terms of the season, never in the way of a duel."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from arena.nodes.public import live_leases
from arena.pipeline import PIPELINE
from arena.practice import service
from arena.practice.contracts import Said, VoicePlan
from arena.practice.rules import KEPT, PER_PERSON
from arena.submissions.public import Entry, Submission
from tests.support.engine import make_adapter
from tests.support.guard import MODEL, running_guard
from tests.support.live import page
from tests.support.portal import Caller
from tests.support.show import Json, Show, send, send_files
from workers.control import talks
from workers.control.work import RUN, wake
from workers.pool import fake_text
from workers.pool.fake import _Run as FakeRun

PROMPT = "Why does the gavel fall?"


@pytest.fixture
async def ada(show: Show) -> Caller:
    """Her entry “Lantern” has a version that is ready."""
    return show.contestants["Lantern"]


async def version_of(contestant: Caller) -> str:
    (entry,) = await contestant.get_ok("/entries")
    return str(entry["submissions"][0]["id"])


async def ask(contestant: Caller, prompt: str = PROMPT) -> Json:
    asked: Json = await contestant.post_ok(
        f"/submissions/{await version_of(contestant)}/practice", {"prompt": prompt}
    )
    return asked


async def seen(contestant: Caller) -> Json:
    (one,) = await contestant.get_ok("/practice")
    return dict(one)


# --- answered -----------------------------------------------------------------------------------------------------


async def test_both_voices_answer_as_they_would_in_a_duel(show: Show, ada: Caller) -> None:
    asked = await ask(ada)
    assert (asked["state"], asked["version"], asked["mine"]["text"]) == ("queued", 1, "")
    await show.portal.drain()
    answered = await seen(ada)
    assert (answered["state"], answered["waiting"], answered["prompt"]) == ("answered", None, PROMPT)
    assert all(answered[voice]["finished"] and answered[voice]["ai_generated"] for voice in ("mine", "house"))
    assert answered["mine"]["text"] != answered["house"]["text"], "the adapter speaks for itself"

    async with show.portal.site.sessions() as session:
        row = await session.execute(text("select seed from practice_exchanges"))
        seed = row.scalar_one()
    duel = await show.answered("House", "Lantern", prompt=PROMPT, seed=seed)
    said = {duel[side]["text"] for side in ("left", "right")}
    assert said == {answered[voice]["text"] for voice in ("mine", "house")}, (
        "template, seed and sampling are the same"
    )


async def test_a_system_prompt_practises_through_the_house_s_adapter(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Keeper"})
    await send_files(ada, entry["id"], "prompt", {"prompt.txt": b"Answer like a lighthouse keeper."})
    await show.lab.work_off()
    await ask(ada)
    await show.portal.drain()
    answered = await seen(ada)
    assert answered["state"] == "answered"
    assert answered["mine"]["text"] != answered["house"]["text"], "the text speaks for itself"
    async with show.portal.site.sessions() as session:
        digests = (await session.execute(text("select digest from practice_answers"))).scalars().all()
    assert len(digests) == 2
    assert len(set(digests)) == 1


@dataclass
class Halted:
    """The engine says a few words of each answer that is streamed, and no more until it is released."""

    spoke: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def halted(monkeypatch: pytest.MonkeyPatch) -> Halted:
    halted, honest = Halted(), FakeRun.steps

    async def steps(self: FakeRun) -> AsyncIterator[Json]:
        words = 0
        async for choice in honest(self):
            yield choice
            words += 1
            while self._request.stream and words > 6 and not halted.released.is_set():
                halted.spoke.set()
                await asyncio.sleep(0.01)

    monkeypatch.setattr(FakeRun, "steps", steps)
    return halted


async def begin(show: Show) -> "asyncio.Task[None]":
    """Let a worker take the newest job."""
    await show.portal.relay()
    return asyncio.create_task(wake(show.portal.site, PIPELINE, show.portal.waker.control_jobs.pop()))


async def test_the_words_come_live_and_to_nobody_else(show: Show, ada: Caller, halted: Halted) -> None:
    asked = await ask(ada)
    channel = f"practice:{asked['id']}"
    async with page(show.portal, ada) as mine:
        watched = await mine.open(channel)
        worker = await begin(show)
        await mine.until(lambda: all(watched.state[voice]["text"] for voice in ("mine", "house")))
        assert watched.state["state"] == "answering"
        assert not watched.state["mine"]["finished"]
        half = watched.state["mine"]["text"]
        halted.released.set()
        await worker
        await show.portal.drain()
        await mine.until(lambda: watched.state["state"] == "answered")
        assert watched.state["mine"]["text"].startswith(half)
        assert len(watched.state["mine"]["text"]) > len(half)
        fresh = (await ada.get_ok(f"/live/{channel}"))["state"]
        assert watched.state == fresh, "snapshot and patches are a fresh snapshot"
    bob = await show.portal.person("contestant", "Bob")
    for stranger in (bob, show.producer, show.portal.anybody()):
        assert (await stranger.refused("GET", f"/live/{channel}"))[1] == "practice.not_found"
    assert await bob.get_ok("/practice") == []
    assert await bob.refused("DELETE", f"/practice/{asked['id']}") == (404, "practice.not_found")


async def test_the_last_words_are_written_also_while_others_are_being_written(
    show: Show, ada: Caller, halted: Halted, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: defaultdict[UUID, asyncio.Event] = defaultdict(asyncio.Event)
    listen, say = talks._listen, service.say

    async def listening(engine: Any, plan: Any, voice: VoicePlan, said: Any) -> None:
        await listen(engine, plan, voice, said)
        heard[voice.answer_id].set()

    async def saying(site: Any, session: Any, exchange: UUID, answer: UUID, said: Said) -> bool:
        if said.finish_reason is None:
            halted.released.set()
            await heard[answer].wait()
        return await say(site, session, exchange, answer, said)

    monkeypatch.setattr(talks, "_listen", listening)
    monkeypatch.setitem(RUN, talks.PRACTICE.kind, replace(talks.PRACTICE, say=saying).run)
    await ask(ada)
    await show.portal.drain()
    answered = await seen(ada)
    assert answered["state"] == "answered"
    assert all(answered[voice]["finished"] and answered[voice]["text"] for voice in ("mine", "house"))


async def test_not_even_a_teammate_sees_it_but_may_practise_too(show: Show, ada: Caller) -> None:
    await ada.post_ok("/team", {"name": "Polaris Squad"})
    (entry,) = await ada.get_ok("/entries")
    await ada.post_ok(f"/entries/{entry['id']}/team")
    bob = await show.portal.person("contestant", "Bob")
    token = (await ada.post_ok("/team/invitations", {}))["token"]
    await bob.post_ok(f"/team-invitations/{token}/accept")
    asked = await ask(ada)
    assert await bob.refused("GET", f"/live/practice:{asked['id']}") == (404, "practice.not_found")
    assert (await ask(bob))["state"] == "queued"
    carol = await show.portal.person("contestant", "Carol")
    path = f"/submissions/{asked['submission_id']}/practice"
    assert await carol.refused("POST", path, {"prompt": PROMPT}) == (404, "submission.not_found")


# --- never in the way of a duel -----------------------------------------------------------------------------------


async def test_practice_waits_as_long_as_a_duel_is_under_way(show: Show, ada: Caller) -> None:
    duel = await show.start_duel()
    asked = await ask(ada)
    await show.portal.relay()
    first, _, second = show.portal.waker.control_jobs[-3:]  # between them the duel's standby is looked after
    await wake(show.portal.site, PIPELINE, second)
    waits = await seen(ada)
    assert (waits["state"], waits["waiting"]["reason"]) == ("queued", "the engine is on air")
    assert waits["id"] == asked["id"]
    await wake(show.portal.site, PIPELINE, first)
    await show.portal.air()
    assert (await show.duel(duel))["state"] == "answered"
    await show.portal.drain()
    assert (await seen(ada))["state"] == "answered", "the end of the duel wakes it"


async def test_a_duel_takes_the_engine_from_practice(show: Show, ada: Caller, halted: Halted) -> None:
    """GO in the middle of an answer: practice lets go at once, the duel runs, practice is begun anew."""
    asked = await ask(ada)
    async with page(show.portal, ada) as mine:
        watched = await mine.open(f"practice:{asked['id']}")
        practice = await begin(show)
        await mine.until(lambda: bool(watched.state["mine"]["text"]))
        duel = await show.start_duel()
        await practice
        halted.released.set()
        await mine.until(lambda: (watched.state["waiting"] or {}).get("reason") == "the engine is on air")
        assert [watched.state[voice]["text"] for voice in ("mine", "house")] == ["", ""]
        await show.portal.drain()
        assert (await show.duel(duel))["state"] == "answered"
        await mine.until(lambda: watched.state["state"] == "answered")


async def test_a_practice_that_waited_too_long_says_so(show: Show, ada: Caller) -> None:
    await show.start_duel()
    await ask(ada)
    await show.portal.relay()
    await show.time_passes(16 * 60)
    await show.portal.sweep()
    ended = await seen(ada)
    assert ended["state"] == "failed"
    assert "its time ran out" in ended["reason"]
    assert (await ask(ada))["state"] == "queued", "it can be tried again"


# --- what is not answered, and what is not shown ------------------------------------------------------------------


async def test_prompts_are_checked_first(show: Show, ada: Caller) -> None:
    path = f"/submissions/{await version_of(ada)}/practice"
    for prompt, code in (
        ("", "prompt.empty"),
        ("x" * 601, "prompt.too_long"),
        ("write about f.u.c.k", "moderation.blocked"),
    ):
        assert await ada.refused("POST", path, {"prompt": prompt}) == (422, code)
    assert await ada.get_ok("/practice") == []
    records = await show.producer.get_ok("/moderation/records")
    assert [record["source"] for record in records] == ["entry.practice"]


async def test_only_a_version_that_is_ready_practises(show: Show, ada: Caller) -> None:
    (entry,) = await ada.get_ok("/entries")
    ready = await version_of(ada)
    waiting = await send(ada, entry["id"], make_adapter(9, rank=1))
    body = {"prompt": PROMPT}
    refusal = await ada.refused("POST", f"/submissions/{waiting['id']}/practice", body)
    assert refusal == (409, "practice.not_ready")
    await ada.post_ok(f"/submissions/{ready}/withdraw")
    assert await ada.refused("POST", f"/submissions/{ready}/practice", body) == (409, "practice.not_ready")


async def test_one_at_a_time(show: Show, ada: Caller) -> None:
    path = f"/submissions/{await version_of(ada)}/practice"
    answers = await asyncio.gather(*(ada.post(f"/api{path}", json={"prompt": PROMPT}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert await ada.refused("POST", path, {"prompt": PROMPT}) == (409, "practice.under_way")
    await show.portal.drain()
    await ada.post_ok(path, {"prompt": PROMPT})


async def test_who_asks_too_much_is_told_how_much_is_enough(show: Show, ada: Caller) -> None:
    path = f"/api/submissions/{await version_of(ada)}/practice"
    for _ in range(PER_PERSON.amount):
        assert (await ada.post(path, json={"prompt": ""})).status_code == 422
    answer = await ada.post(path, json={"prompt": PROMPT})
    refusal = answer.json()["error"]
    assert (answer.status_code, refusal["code"]) == (429, "practice.too_many")
    assert refusal["detail"] == {"limit": PER_PERSON.amount, "minutes": PER_PERSON.multiples}
    await show.enter("Comet")
    await ask(show.contestants["Comet"])


def speaking(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Every adapter but the house's says this, whatever it is asked; probes are answered as ever."""
    honest = fake_text.answer

    def said(seed: str, prompt: str, limit: int, least: int, ignore_eos: bool) -> list[int]:
        if ignore_eos or seed.startswith("identity|"):
            return honest(seed, prompt, limit, least, ignore_eos)
        return fake_text.encode(words, bos=False)

    monkeypatch.setattr(fake_text, "answer", said)


async def test_an_answer_that_must_not_be_shown_is_not_shown(
    show: Show, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking(monkeypatch, "The gavel says f u c k and goes on and on.")
    asked = await ask(ada)
    async with page(show.portal, ada) as mine:
        watched = await mine.open(f"practice:{asked['id']}")
        await show.portal.drain()
        await mine.until(lambda: watched.state["state"] == "answered")
        assert watched.state["mine"]["refused"] == "profanity"
        assert (watched.state["mine"]["text"], watched.state["mine"]["finished"]) == ("", True)
        assert watched.state["house"]["text"]
        assert not any("f u c k" in message for message in mine.texts), "it was on no page at any moment"
    records = await show.producer.get_ok("/moderation/records")
    (record,) = [record for record in records if record["source"] == "practice.answer"]
    assert record["text"].startswith("The gavel says f u c k")


async def test_without_an_engine_of_rules_nothing_is_shown(
    show: Show, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(ada)

    async def broken(*_: object) -> None:
        raise RuntimeError("no lists")

    monkeypatch.setattr("arena.moderation.service.current_engine", broken)
    await show.portal.drain()
    answered = await seen(ada)
    assert [answered[voice]["refused"] for voice in ("mine", "house")] == ["unchecked", "unchecked"]
    assert [answered[voice]["text"] for voice in ("mine", "house")] == ["", ""]


# --- remembered and forgotten -------------------------------------------------------------------------------------


async def test_the_last_twenty_are_kept(show: Show, ada: Caller) -> None:
    site = show.portal.site
    me, version = UUID((await ada.get_ok("/me"))["id"]), UUID(await version_of(ada))
    for number in range(KEPT + 2):
        async with site.sessions() as session, session.begin():
            found = await session.get_one(Submission, version)
            entry = await session.get_one(Entry, found.entry_id)
            exchange = await service.ask(site, session, entry, found, me, f"Prompt {number}")
            exchange.state = "answered"
    prompts = [one["prompt"] for one in await ada.get_ok("/practice")]
    assert prompts == [f"Prompt {number}" for number in range(KEPT + 1, 1, -1)]
    async with site.sessions() as session:
        counted = await session.execute(text("select count(*) from practice_answers"))
        assert counted.scalar_one() == 2 * KEPT


async def test_what_is_deleted_is_gone(show: Show, ada: Caller) -> None:
    first = await ask(ada)
    await show.portal.drain()
    async with page(show.portal, ada) as mine:
        await mine.open(f"practice:{first['id']}")
        await ada.call("DELETE", f"/practice/{first['id']}", expect=200)
        await mine.until(lambda: (f"practice:{first['id']}", "practice.not_found") in mine.errors)
    assert await ada.get_ok("/practice") == []
    for _ in range(2):
        await ask(ada)
        await show.portal.drain()
    running = await ask(ada)
    await ada.call("DELETE", "/practice", expect=200)
    assert [one["id"] for one in await ada.get_ok("/practice")] == [running["id"]]


async def test_a_prompt_that_is_deleted_while_it_waits_is_not_answered(show: Show, ada: Caller) -> None:
    asked = await ask(ada)
    await ada.call("DELETE", f"/practice/{asked['id']}", expect=200)
    again = await ask(ada, "Another one")
    await show.portal.drain()
    assert (await seen(ada))["id"] == again["id"]
    assert (await seen(ada))["state"] == "answered"


async def test_a_prompt_that_is_deleted_in_the_middle_frees_the_engine(
    show: Show, ada: Caller, halted: Halted
) -> None:
    asked = await ask(ada)
    worker = await begin(show)
    assert await asyncio.to_thread(halted.spoke.wait, 20)
    await ada.call("DELETE", f"/practice/{asked['id']}", expect=200)
    halted.released.set()
    await worker
    async with show.portal.site.sessions() as session:
        assert await live_leases(session) == {}
    assert await ada.get_ok("/practice") == []


async def test_a_guard_judges_before_anything_is_shown(show: Show, ada: Caller, halted: Halted) -> None:
    with running_guard() as guard:
        told = {"guard_url": guard.url, "guard_model": MODEL}
        site = replace(show.portal.site, settings=show.portal.site.settings.model_copy(update=told))
        asked = await ask(ada)
        await show.portal.relay()
        waking = asyncio.create_task(wake(site, PIPELINE, show.portal.waker.control_jobs.pop()))
        async with page(show.portal, ada) as mine:
            watched = await mine.open(f"practice:{asked['id']}")
            await mine.until(lambda: watched.state["mine"]["tokens"] > 0)
            assert watched.state["mine"]["text"] == "", "the guard has not seen the whole of it"
            guard.says = "Safety: Unsafe"
            halted.released.set()
            await waking
            await show.portal.drain()
            await mine.until(lambda: watched.state["state"] == "answered")
            for voice in ("mine", "house"):
                assert (watched.state[voice]["refused"], watched.state[voice]["text"]) == ("guard", "")
    assert len(guard.asked) == 2
