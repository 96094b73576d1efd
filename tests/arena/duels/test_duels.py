"""Duels on stage, with the fake engine behind the real node agent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from arena.duels.contracts import RUN as RUN_DUEL
from arena.duels.models import Answer, AnswerToken
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import Job, JobState
from arena.kit.jobs.service import LEASE
from arena.kit.site import Site
from arena.pipeline import PIPELINE
from arena.submissions.safetensors import engine_name
from tests.support.engine import make_adapter, wait_ready
from tests.support.lab import BENCHMARK, PROBE, probed
from tests.support.live import page
from tests.support.portal import Caller
from tests.support.show import Json, Show, send
from workers.control import duels as runner
from workers.control.program import PROGRAM_SECONDS, keep_program
from workers.control.watch import forever, look_at_nodes
from workers.control.work import wake
from workers.pool import agent as node_agent
from workers.pool.fake import FakeEngine, Pace
from workers.pool.protocol import CompletionRequest, EngineReply

SLOW = Pace(first_token=0.001, token=0.3)
QUICK = Pace(first_token=0.001, token=0.001)


def engine_of(show: Show) -> FakeEngine:
    engine = show.agent.engine
    assert isinstance(engine, FakeEngine)
    return engine


async def job_of(show: Show, duel: str) -> Job:
    async with show.portal.site.sessions() as session:
        return (await session.execute(select(Job).where(Job.subject == duel))).scalar_one()


async def tokens_of(show: Show, duel: str) -> dict[str, list[AnswerToken]]:
    async with show.portal.site.sessions() as session:
        rows = await session.execute(
            select(Answer.side, AnswerToken)
            .join(AnswerToken, AnswerToken.answer_id == Answer.id)
            .where(Answer.duel_id == duel)
            .order_by(AnswerToken.index)
        )
        found: dict[str, list[AnswerToken]] = {"left": [], "right": []}
        for side, token in rows.all():
            found[side].append(token)
        return found


# --- the record ---------------------------------------------------------------------------------------------


async def test_every_token_is_in_the_record_with_its_time(show: Show) -> None:
    duel = await show.answered()
    tokens = await tokens_of(show, duel["id"])
    for side in ("left", "right"):
        record = tokens[side]
        assert [token.index for token in record] == list(range(len(record)))
        times = [token.at_us for token in record]
        assert times == sorted(times)
        assert times[0] > 0
        assert duel[side]["text"] == "".join(token.text for token in record)
        assert duel[side]["tokens"] == len(record)
        assert duel[side]["finished"]
        assert duel[side]["finish_reason"] in ("stop", "length")
        assert duel[side]["ai_generated"] is True
    assert duel["left"]["text"] != duel["right"]["text"]


async def test_the_same_seed_gives_the_same_answers(show: Show) -> None:
    said = []
    for seed in (7, 7, 8):
        duel = await show.answered(seed=seed, prompt="Tell us of the tide.")
        await show.reveal()
        seen = await show.duel(duel["id"])
        said.append({seen[side]["entry"]["name"]: seen[side]["text"] for side in ("left", "right")})
    assert said[0] == said[1]
    assert said[0] != said[2]


async def test_sides_are_drawn(show: Show) -> None:
    """The order in which the producer names the entries says nothing."""
    left = set()
    for _ in range(24):
        duel = await show.start_duel()
        async with show.portal.site.sessions() as session, session.begin():
            await session.execute(text("update duels set state = 'failed'"))
            found = select(Answer.entry_id).where(Answer.duel_id == duel, Answer.side == "left")
            left.add(str((await session.execute(found)).scalar_one()))
    assert left == {show.entries[name]["entry_id"] for name in ("House", "Lantern")}


async def airing(site: Site) -> None:
    """The program's clock, with the hold cut short: a tenth of what it is."""
    async with site.sessions() as session, session.begin():
        shorter = "update answer_tokens set recorded_at = recorded_at - interval '6 seconds' "
        await session.execute(text(shorter + "where recorded_at > clock_timestamp() - interval '2 seconds'"))
    await keep_program(site)


async def test_both_answers_come_at_one_pace(show: Show) -> None:
    """As the audience's page sees it, patch by patch."""
    engine_of(show)._pace = Pace(first_token=0.01, token=0.02)
    async with page(show.portal) as opened:
        stage = await opened.open(f"stage:{show.episode_id}")
        await show.start_duel()
        running = asyncio.create_task(show.portal.work())
        clock = asyncio.create_task(forever(airing, show.portal.site, PROGRAM_SECONDS))
        states = []
        while not stage.state["duel"] or stage.state["duel"]["state"] != "answered":
            await opened.receive()
            states.append(stage.state["duel"])
        clock.cancel()
        await running
    streamed = [duel for duel in states if duel]
    assert any(duel["left"]["tokens"] > 0 for duel in streamed if not duel["left"]["finished"]), "it streamed"
    for duel in streamed:
        left, right = duel["left"], duel["right"]
        if left["tokens"] > right["tokens"]:
            assert right["finished"]
        if right["tokens"] > left["tokens"]:
            assert left["finished"]
    assert set(stage.kinds[1:]) == {"patch"}


# --- blind --------------------------------------------------------------------------------------------------


async def public_words(show: Show, caller: Caller, duel: str, ballot: str) -> str:
    """All that the portal says of a duel to this caller, as it came over the wire."""
    paths = (
        f"/duels/{duel}",
        f"/episodes/{show.episode_id}/duels",
        f"/episodes/{show.episode_id}",
        f"/live/stage:{show.episode_id}",
        f"/duels/{duel}/answers/left.json",
        f"/episodes/{show.episode_id}/provenance.json",
        f"/ballots/{ballot}/my-vote",
        f"/ballots/{ballot}/my-verdict",
        f"/ballots/{ballot}",
    )
    return " ".join([(await caller.get(f"/api{path}")).text for path in paths])


def telling(show: Show) -> list[str]:
    """Whatever would tell who answers."""
    rows = [show.entries[name] for name in ("House", "Lantern")]
    words = [row[field] for row in rows for field in ("name", "entry_id", "submission_id", "digest")]
    return [*words, *(engine_name(row["digest"]) for row in rows)]


async def test_nobody_can_tell_who_answers_before_the_reveal(show: Show, subtests: pytest.Subtests) -> None:
    portal, stage = show.portal, f"stage:{show.episode_id}"
    visitors = {"nobody": portal.anybody(), "operator": portal.operator, "device": await portal.phone()}
    visitors |= {role: await portal.person(role, "Vera") for role in ("contestant", "judge")}
    words = dict.fromkeys(visitors, "")
    async with AsyncExitStack() as stack:
        pages = {
            who: await stack.enter_async_context(page(portal, visitor)) for who, visitor in visitors.items()
        }

        async def reached(phase: str) -> None:
            await portal.relay()
            for opened in pages.values():
                await opened.until(lambda seen=opened[stage]: seen.state["phase"] == phase)  # type: ignore[misc]

        for opened in pages.values():
            await opened.open(stage)
        duel = await show.answered()
        ballot = await show.open_vote()
        for who, visitor in visitors.items():
            words[who] += await public_words(show, visitor, duel["id"], ballot)
        await show.command("lock_vote")
        await reached("locked")
        for who, visitor in visitors.items():
            with subtests.test(who=who):
                words[who] += await public_words(show, visitor, duel["id"], ballot)
                words[who] += " ".join(pages[who].texts)
                assert [word for word in telling(show) if word in words[who]] == []
                path = f"/duels/{duel['id']}/answers/left.json"
                assert await visitor.refused("GET", path) == (403, "duel.not_revealed")
        await show.command("reveal")
        await reached("revealed")
    seen = await show.duel(duel["id"])
    assert {seen[side]["entry"]["name"] for side in ("left", "right")} == {"House", "Lantern"}
    for opened in pages.values():
        result = opened[stage].state["result"]
        assert {result[side]["name"] for side in ("left", "right")} == {"House", "Lantern"}


async def test_the_producer_sees_the_names_and_only_the_producer(show: Show) -> None:
    duel = await show.answered()
    names = (await show.desk())["names"]
    assert {names["left"]["name"], names["right"]["name"]} == {"House", "Lantern"}
    seen = await show.producer.get_ok(f"/duels/{duel['id']}")
    assert seen["left"]["entry"] == names["left"]
    assert (await show.duel(duel["id"]))["left"]["entry"] is None


# --- what cannot be started -----------------------------------------------------------------------------------


async def refused(show: Show, **fields: Any) -> tuple[int, str]:
    body = show.command_body("start_duel", **fields)
    return await show.producer.refused("POST", f"/episodes/{show.episode_id}/commands", body)


async def test_a_duel_needs_two_different_ready_entries_and_a_prompt(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    unready = (await ada.post_ok("/entries", {"name": "Northstar"}))["id"]
    house, lantern = (show.entries[name]["entry_id"] for name in ("House", "Lantern"))
    good = {"prompt": "Why?", "entry_a": house, "entry_b": lantern}
    limit = (await ada.get_ok("/seasons/current"))["max_prompt_chars"]
    assert await refused(show, **good | {"entry_b": house}) == (422, "duel.same_entry")
    assert await refused(show, **good | {"entry_b": unready}) == (409, "duel.entry_not_ready")
    assert await refused(show, **good | {"entry_b": str(uuid4())}) == (422, "duel.unknown_entry")
    assert await refused(show, **good | {"prompt": " "}) == (422, "prompt.empty")
    assert await refused(show, **good | {"prompt": "雨" * (limit + 1)}) == (422, "prompt.too_long")
    assert await refused(show, **good | {"seed": 2**31}) == (422, "request.invalid")
    assert await refused(show, **good | {"prompt": "a\x00b"}) == (422, "request.invalid")
    assert (await show.desk())["log"] == [], "a refused command leaves no event"
    await show.command("start_duel", **good | {"prompt": "雨" * limit})
    assert await refused(show, **good) == (409, "duel.under_way")


async def test_an_episode_s_list_shows_each_duel_as_it_is_shown_alone(show: Show) -> None:
    """Answered ones, and one that is speaking."""
    for prompt in ("First?", "Second?"):
        await show.answered(prompt=prompt)
        await show.open_vote()
        await show.command("lock_vote")
        await show.command("reveal")
    duel = await show.start_duel(prompt="Third?")
    async with speaking(show, duel) as running:
        listed = await show.producer.get_ok(f"/episodes/{show.episode_id}/duels")
        assert [one["state"] for one in listed] == ["answered", "answered", "live"]
        for one in listed[:2]:
            assert one == await show.producer.get_ok(f"/duels/{one['id']}")
            assert one["left"]["tokens"] == len((await tokens_of(show, one["id"]))["left"]) > 0
        assert listed[2]["left"]["text"] == "", "still in the buffer"
        running.cancel()


async def test_a_duel_that_does_not_exist_is_not_found(show: Show) -> None:
    for path in (f"/duels/{uuid4()}", f"/duels/{uuid4()}/answers/left.json"):
        assert await show.portal.anybody().refused("GET", path) == (404, "duel.not_found")


# --- when things break ----------------------------------------------------------------------------------------


@pytest.fixture
def quick_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_agent, "BACKOFF", (0.01,))


@asynccontextmanager
async def speaking(show: Show, duel: str) -> AsyncIterator["asyncio.Task[None]"]:
    """Inside, the duel is live: both sides have begun and will go on for long. Gives the worker's task."""
    engine = engine_of(show)
    quick = engine.complete

    async def slowly(request: CompletionRequest) -> EngineReply:
        """Only what is streamed to the stage takes its time, not the fingerprint before it."""
        engine._pace = SLOW if request.stream else QUICK
        return await quick(request)

    engine.complete = slowly  # type: ignore[method-assign]
    async with page(show.portal, show.producer) as opened:
        await show.portal.relay()
        channel = f"program:{show.episode_id}"
        # So that the snapshot that follows is not from before an earlier attempt failed.
        await show.producer.get_ok(f"/live/{channel}")
        program = await opened.open(channel)
        job = await job_of(show, duel)
        running = asyncio.create_task(wake(show.portal.site, PIPELINE, job.id))
        while not is_live(program.state["duel"]):
            await opened.receive()
            await show.portal.relay()
        # The two answers under way keep their pace; whatever is asked from now on is quick again.
        engine.complete = quick  # type: ignore[method-assign]
        engine._pace = QUICK
        yield running
    await asyncio.gather(running, return_exceptions=True)


def is_live(duel: Json | None) -> bool:
    return duel is not None and duel["state"] == "live" and bool(duel["left"]["text"])


def pull_the_plug(show: Show) -> None:
    loop = show.agent._life.get_loop()  # type: ignore[union-attr]
    loop.call_soon_threadsafe(engine_of(show).die, "the plug was pulled")


async def back_on_its_feet(show: Show) -> None:
    await asyncio.to_thread(wait_ready, show.node.url, 20)
    await look_at_nodes(show.portal.site)
    await show.time_passes(10)
    await show.portal.relay()


@pytest.mark.usefixtures("quick_restart")
async def test_a_duel_whose_engine_dies_is_answered_by_the_next_one(show: Show) -> None:
    duel = await show.start_duel()
    async with speaking(show, duel) as running:
        pull_the_plug(show)
        await running
    job = await job_of(show, duel)
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    assert (job.reason or "").startswith("the engine failed:")
    assert (await show.desk())["names"]["reason"] == job.reason
    stage = (await show.stage())["duel"]
    assert (stage["state"], stage["left"]["text"], stage["right"]["text"]) == ("queued", "", "")
    await back_on_its_feet(show)
    await show.portal.drain()
    seen = await show.duel(duel)
    assert (seen["state"], seen["reason"]) == ("answered", None)
    for side, tokens in (await tokens_of(show, duel)).items():
        assert [token.index for token in tokens] == list(range(seen[side]["tokens"]))
        assert "".join(token.text for token in tokens) == seen[side]["text"], (
            "nothing of the first try is left"
        )


@pytest.mark.usefixtures("quick_restart")
async def test_two_dead_engines_make_the_duel_void_with_the_reason(show: Show) -> None:
    duel = await show.start_duel()
    for _ in range(2):
        async with speaking(show, duel) as running:
            pull_the_plug(show)
            await running
        await back_on_its_feet(show)
    seen = await show.duel(duel)
    assert (seen["state"], seen["reason"], seen["forfeit"]) == ("failed", None, None)
    reason = (await show.desk())["names"]["reason"]
    assert reason.startswith("void after 2 attempts; last:")
    again = await show.answered()
    assert again["number"] == 2


async def test_a_worker_that_vanishes_is_replaced_and_cannot_come_back(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        """A process that was killed puts nothing in order."""

    monkeypatch.setattr(jobs, "hand_back", nothing)
    monkeypatch.setattr(runner, "_leave_the_stage", nothing)
    duel = await show.start_duel()
    async with speaking(show, duel) as running:
        running.cancel()
    assert (await job_of(show, duel)).state == JobState.RUNNING
    await show.time_passes(LEASE.total_seconds() + 1)
    await show.portal.sweep()
    await show.time_passes(10)
    await show.portal.drain()
    seen = await show.duel(duel)
    assert seen["state"] == "answered"
    for side, tokens in (await tokens_of(show, duel)).items():
        assert [token.index for token in tokens] == list(range(seen[side]["tokens"]))
    attempts = await show.producer.get_ok(f"/duels/{duel}/attempts")
    assert [(one["left"], one["right"]) for one in attempts] == [
        ("lease_expired", "lease_expired"),
        ("answered", "answered"),
    ]


async def test_a_duel_in_the_hands_of_a_worker_that_is_told_to_go_begins_anew(show: Show) -> None:
    """Its half answers leave the stage at once, and the next worker gives whole ones."""
    duel = await show.start_duel()
    async with speaking(show, duel) as running:
        running.cancel()
    seen = await show.duel(duel)
    assert (seen["state"], seen["left"]["text"], seen["right"]["text"]) == ("queued", "", "")
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"
    assert (await job_of(show, duel)).attempts == 1


async def test_a_worker_that_slept_through_its_lease_stops_writing(show: Show) -> None:
    duel = await show.start_duel()
    async with speaking(show, duel) as running:
        await show.time_passes(LEASE.total_seconds() + 1)
        job = await job_of(show, duel)
        successor = asyncio.create_task(wake(show.portal.site, PIPELINE, job.id))
        await running
        # It finds the engine still streaming the first one's duel, and is tried again.
        await successor
    await show.time_passes(10)
    await show.portal.drain()
    seen = await show.duel(duel)
    assert seen["state"] == "answered"
    for side, tokens in (await tokens_of(show, duel)).items():
        assert [token.index for token in tokens] == list(range(seen[side]["tokens"]))


async def test_an_adapter_that_answers_as_another_is_caught_before_the_stage(show: Show) -> None:
    await show.answered()
    await show.reveal()
    async with show.portal.site.sessions() as session, session.begin():
        wrong = "update adapter_fingerprints set fingerprint = 'another' where digest = :digest"
        await session.execute(text(wrong), {"digest": show.entries["Lantern"]["digest"]})
    duel = await show.start_duel()
    for _ in range(3):
        await show.portal.drain()
        assert (await show.duel(duel))["state"] != "live"
        await show.time_passes(10)
    await show.portal.sweep()
    assert (await show.duel(duel))["state"] == "failed"
    assert "does not answer as it did" in (await show.desk())["names"]["reason"]
    assert await tokens_of(show, duel) == {"left": [], "right": []}


async def test_the_answer_of_record_is_the_one_of_the_admission(show: Show) -> None:
    """A node that serves something else from the start is caught at the adapter's very first duel."""
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Northstar"})
    await send(ada, entry["id"], make_adapter(9, rank=1))
    await (await show.lab.until(PROBE)).succeed(probed(fingerprint="0" * 64))
    await show.enter()
    duel = await show.start_duel("House", "Northstar")
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    assert "does not answer as it did" in (await show.desk())["names"]["reason"]


async def test_a_wrong_answer_never_becomes_the_answer_of_record(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an engine build that the adapter has not met before."""
    load, name = FakeEngine.load, engine_name(show.entries["Lantern"]["digest"])

    async def load_badly(self: FakeEngine, loaded: str, directory: Path) -> None:
        await load(self, loaded, directory)
        if loaded == name:
            # What the probe at loading hears is not what is heard afterwards.
            asyncio.get_running_loop().call_later(0, self._voices.update, {name: "another"})

    monkeypatch.setattr(FakeEngine, "load", load_badly)
    assert name not in show.agent._adapters
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("delete from adapter_fingerprints"))
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    engine_of(show)._voices[name] = show.entries["Lantern"]["digest"]
    await show.time_passes(10)
    await show.portal.sweep()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"


async def test_without_an_engine_a_duel_waits_and_ends_when_its_time_is_over(show: Show) -> None:
    show.portal.site.settings.engine_urls[:] = ["http://127.0.0.1:9"]
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update nodes set state = 'unreachable'"))
    duel = await show.start_duel()
    await show.portal.drain()
    job = await job_of(show, duel)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert (await show.desk())["names"]["reason"] == "waiting for an engine to start"
    await show.time_passes(PIPELINE.work(RUN_DUEL).limit.total_seconds() + 1)
    await show.portal.sweep()
    assert (await show.duel(duel))["state"] == "failed"
    assert (await show.desk())["names"]["reason"].startswith("its time ran out")


# --- one engine, one holder ------------------------------------------------------------------------------------


async def test_benchmarks_that_are_claimed_at_once_share_an_engine(show: Show) -> None:
    """Every job once, whichever wake-up is answered first."""
    ada = await show.portal.person("contestant", "Ada")
    for seed, name in enumerate(("Northstar", "Tide", "Comet"), start=2):
        entry = await ada.post_ok("/entries", {"name": name})
        await send(ada, entry["id"], make_adapter(seed, rank=1))
    await show.portal.relay()
    for _ in range(2 * 3):  # verified and probed
        await (await show.lab.take()).succeed()
        await show.portal.drain()
    await show.portal.relay()
    claimed: list[str] = []
    while links := show.portal.waker.lab_links:
        show.portal.waker.lab_links = []
        answers = await asyncio.gather(*(show.lab.http.post(f"{link}/claim") for link in links))
        claimed += [answer.json()["job_id"] for answer in answers if answer.status_code == 200]
        await show.portal.relay()
    assert len(claimed) == len(set(claimed)) == 3
    async with show.portal.site.sessions() as session:
        held = "select job_id::text from leases join jobs on jobs.id = job_id where state = 'running'"
        assert sorted((await session.execute(text(held))).scalars()) == sorted(claimed)


async def test_a_duel_waits_for_a_benchmark_and_the_other_way_round(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Northstar"})
    await send(ada, entry["id"], make_adapter(9, rank=1))
    benchmark = await show.lab.until(BENCHMARK)
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    (node,) = await show.producer.get_ok("/nodes")
    assert node["lease"]["mode"] == "benchmark"
    await benchmark.succeed()
    async with speaking(show, duel) as running:
        (node,) = await show.producer.get_ok("/nodes")
        assert (node["lease"]["mode"], node["lease"]["subject"]) == ("duel", duel)
        await send(ada, entry["id"], make_adapter(10, rank=1))
        await (await show.lab.take()).succeed()
        answer = await show.lab.http.post(f"{await show.lab.next_url()}/claim")
        assert answer.status_code == 409
        running.cancel()
