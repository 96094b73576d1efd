"""The runner of speed as the engine sees it: the order, the salts, never two at once; and what makes a run void."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from arena.nodes.attestation import Gpu, Machine
from arena.speed import rules
from arena.speed.contracts import WHO
from tests.support.engine import Node, served, wait_ready
from tests.support.portal import running_portal, settings
from tests.support.services import Services
from tests.support.show import Show, engine_settings
from tests.support.speed import BLOCKS, TOKENS, Json, Track
from workers.control.watch import look_at_nodes
from workers.pool import agent as node_agent
from workers.pool.agent import NodeAgent
from workers.pool.attestation import machine as machine_now
from workers.pool.client import CompletionRequest, EngineClient
from workers.pool.fake import Pace
from workers.pool.protocol import EngineReply, Hardware
from workers.pool.serve import fake_agent


@pytest.fixture
async def track(
    services: Services, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Track]:
    monkeypatch.setattr(node_agent, "BACKOFF", (0.01,))
    agent: NodeAgent = fake_agent(tmp_path / "node", pace=Pace(first_token=0.001, token=0.001))
    with served(agent, tmp_path / "node") as node:
        wanted = settings(database_url, services.redis_url, tmp_path, **engine_settings(node))
        async with running_portal(wanted) as portal:
            yield await Track.begin(await Show.begin(portal, node, agent))


async def test_one_at_a_time_in_abba_order_with_a_salt_of_its_own(track: Track) -> None:
    run = await track.run()
    assert run["state"] == "done", run["reason"]
    assert track.overlaps == 0
    order = [track.names[request.model] for request in track.asked]
    assert order == [shot.who for shot in rules.shots("duel", run["seed"], BLOCKS)]
    assert Counter(order[:3]) == dict.fromkeys(WHO, 1), "each is warmed up once"
    blocks = [order[start : start + 6] for start in range(3, len(order), 6)]
    assert len(blocks) == BLOCKS
    for block in blocks:
        assert "".join(who for who in block if who != "house") in ("abba", "baab")
        assert block == block[::-1]
    salts = [request.cache_salt for request in track.asked]
    assert None not in salts and len(set(salts)) == len(salts)
    for request in track.asked:
        assert (request.min_tokens, request.max_tokens, request.ignore_eos) == (TOKENS, TOKENS, True)
        assert (request.stop, request.seed) == (None, run["seed"])
    prompts = [[request.prompt for request in track.asked[at : at + 6]] for at in range(3, len(order), 6)]
    assert all(len(set(map(str, block))) == 1 for block in prompts), "all are asked the same in a block"
    assert len({str(block[0]) for block in prompts}) == BLOCKS, "and something new in each"


async def test_a_second_run_shares_no_salt_with_the_first(track: Track) -> None:
    await track.run()
    first = {request.cache_salt for request in track.asked}
    track.asked.clear()
    await track.run()
    assert first.isdisjoint({request.cache_salt for request in track.asked})


def at_request(track: Track, number: int, then: Callable[[], object]) -> None:
    """Do something once, when the engine is asked for the nth time."""
    complete, seen = track.engine.complete, 0

    async def heard(request: CompletionRequest) -> EngineReply:
        nonlocal seen
        if request.stream:
            seen += 1
            if seen == number:
                done = then()
                if asyncio.iscoroutine(done):
                    await done
        return await complete(request)

    track.engine.complete = heard  # type: ignore[method-assign]


def a_stranger(track: Track) -> Callable[[], object]:
    """Somebody with the node's token who asks it for something in the middle."""
    node: Node = track.show.node
    model = next(iter(track.names))

    async def ask() -> None:
        # Not through the track's own ears, and not waited for: it runs beside the measured request.
        async with EngineClient(node.url, node.token) as client:
            await client.next_token(model, [5])

    asked: list[asyncio.Task[None]] = []  # a task that nobody holds may be collected

    async def begin() -> None:
        begun = track.show.agent.gate.begun
        asked.append(asyncio.create_task(ask()))
        while track.show.agent.gate.begun == begun:  # noqa: ASYNC110 - the gate has no bell for tests
            await asyncio.sleep(0.001)

    return begin


async def test_a_run_in_which_somebody_else_was_answered_is_void(track: Track) -> None:
    at_request(track, 3 + 6 + 2, a_stranger(track))
    run = await track.run()
    assert (run["state"], run["void"]) == ("void", "not_exclusive"), run["reason"]
    assert run["blocks_done"] == 2, "seen in the very block"
    assert "1" in run["reason"]
    file = await track.file(run["id"])
    assert len(file["requests"]) == 3 + 2 * 6, "its numbers are kept"
    assert all(metric["outcome"] is None for metric in run["result"]["metrics"]), "and score nothing"
    assert (await track.show.producer.get_ok("/nodes"))[0]["lease"] is None
    anybody = track.show.portal.anybody()
    await track.show.producer.post_ok(f"/speed/{run['id']}/release")
    assert (await anybody.get_ok(f"/speed/{run['id']}"))["void"] == "not_exclusive"
    assert (await track.run())["state"] == "done", "the next one is measured"


async def test_a_machine_that_is_another_one_afterwards_makes_it_void(
    track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    def less(hardware: Hardware, here: bool = True) -> Machine:
        said = machine_now(hardware, here)
        return said.model_copy(update={"cores": said.cores - 1})

    at_request(track, 3 + 6 * BLOCKS, lambda: monkeypatch.setattr(node_agent, "machine", less))
    run = await track.run()
    assert (run["state"], run["void"]) == ("void", "attestation_changed")
    assert "cores" in run["reason"]
    assert run["blocks_done"] == BLOCKS
    ratios = [metric["a_to_house"] for metric in run["result"]["metrics"]]
    assert all(ratio is not None for ratio in ratios), "its numbers are kept"
    assert all(metric["outcome"] is None for metric in run["result"]["metrics"]), "and nobody has won"


async def test_an_adapter_that_is_gone_afterwards_makes_it_void(track: Track) -> None:
    gone = next(name for name, who in track.names.items() if who == "b")
    at_request(track, 3 + 6 * BLOCKS, lambda: track.show.agent._adapters.pop(gone, None))
    run = await track.run()
    assert (run["state"], run["void"]) == ("void", "attestation_changed")
    assert "no adapter named" in run["reason"]


def with_gpu(monkeypatch: pytest.MonkeyPatch, mask: Callable[[], int]) -> None:
    def machine(hardware: Hardware, here: bool = True) -> Machine:
        gpu = Gpu(
            name="NVIDIA H200",
            memory_bytes=1,
            clock_mhz=1,
            max_clock_mhz=1,
            memory_clock_mhz=1,
            temperature_c=1,
            power_watts=1,
            throttled=mask(),
        )
        return machine_now(hardware, here).model_copy(update={"gpus": (gpu,), "gpu_source": "nvml"})

    monkeypatch.setattr(node_agent, "machine", machine)


async def test_a_throttled_gpu_makes_it_void(track: Track, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = {"now": 0x1}
    with_gpu(monkeypatch, lambda: masks["now"])
    assert (await track.run())["state"] == "done", "an idle clock is no fault"
    at_request(track, 3 + 6 * BLOCKS, lambda: masks.update(now=0x41))
    run = await track.run()
    assert (run["state"], run["void"]) == ("void", "throttled")


async def test_a_worker_that_went_silent_in_the_middle_leaves_a_void_run(track: Track) -> None:
    run_id = await track.start()
    async with track.show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update speed_runs set state = 'running', blocks_done = 2"))
    await track.show.portal.work()
    run = await track.seen(run_id)
    assert (run["state"], run["void"]) == ("void", "lease_lost")
    assert track.asked == []


async def test_a_platform_fault_is_tried_again_from_the_start(track: Track) -> None:
    at_request(track, 3 + 6 + 1, lambda: track.engine.die("told to"))
    run_id = await track.start()
    await track.show.portal.work()
    waiting = await track.seen(run_id)
    assert (waiting["state"], waiting["blocks_done"], waiting["void"]) == ("queued", 0, None)
    assert "engine" in waiting["waiting"]["reason"]
    before = len(track.asked)
    await up(track)
    await track.show.time_passes(30)
    await track.show.portal.sweep()
    await track.show.portal.work()
    run = await track.seen(run_id)
    assert run["state"] == "done", run
    assert len(track.asked) == before + 3 + 6 * BLOCKS, "no number of the broken attempt is used"
    assert len((await track.file(run_id))["requests"]) == 3 + 6 * BLOCKS


async def up(track: Track) -> None:
    await asyncio.to_thread(wait_ready, track.show.node.url, 20)
    await look_at_nodes(track.show.portal.site)


async def test_a_producer_stops_a_run_in_the_middle(track: Track) -> None:
    run_id = await track.start()
    producer = track.show.producer

    async def stop() -> None:
        await producer.post_ok(f"/speed/{run_id}/stop")

    loop = asyncio.get_running_loop()
    # The engine lives in a thread of its own; the producer in this loop.
    at_request(track, 5, lambda: asyncio.run_coroutine_threadsafe(stop(), loop).result(10))
    await track.show.portal.work()
    run = await track.seen(run_id)
    assert (run["state"], run["void"]) == ("void", "stopped")
    assert len(track.asked) == 5, "nothing is asked after it"
    assert all(node["lease"] is None for node in await producer.get_ok("/nodes"))


async def test_a_duel_takes_the_engine_and_the_run_is_measured_anew(track: Track) -> None:
    run_id = await track.start()
    show, loop = track.show, asyncio.get_running_loop()
    begun: list[str] = []

    async def go() -> None:
        begun.append(await show.start_duel("Lantern", "Northstar"))

    at_request(track, 5, lambda: asyncio.run_coroutine_threadsafe(go(), loop).result(10))
    await show.portal.drain()
    assert (await show.duel(begun[0]))["state"] == "answered"
    run = await track.seen(run_id)
    assert (run["state"], run["void"]) == ("done", None)
    order = [request.cache_salt or "" for request in track.asked]
    assert [salt.startswith(run_id) for salt in order[:8]] == [True] * 5 + [False] * 2 + [True]
    assert len((await track.file(run_id))["requests"]) == 3 + 6 * BLOCKS == len(order) - 7


async def test_a_run_that_waits_for_an_engine_says_so(track: Track) -> None:
    run_id = await track.start()
    async with track.show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update nodes set draining = true"))
    await track.show.portal.work()
    waiting = await track.seen(run_id)
    assert waiting["state"] == "queued"
    assert waiting["waiting"]["reason"] == "waiting for an engine to start"
    assert track.asked == []


async def test_a_quiz_asks_ten_questions_of_natural_length(track: Track) -> None:
    quiz: Json = await track.quiz()
    assert quiz["state"] == "done", quiz["reason"]
    order = [track.names[request.model] for request in track.asked]
    assert order == [shot.who for shot in rules.shots("quiz", quiz["seed"], 5)]
    for request in track.asked[3:]:
        assert (request.temperature, request.stop, request.ignore_eos) == (0, ["\n"], False)
        assert request.min_tokens == 0
    assert Counter(str(request.prompt) for request in track.asked[3:]).most_common()[-1][1] == 3
    assert track.overlaps == 0
