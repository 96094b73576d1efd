"""What goes wrong in a duel, on two nodes with the fake engine: each fault has its rule and its line in the log."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from arena.submissions.safetensors import engine_name
from tests.support.engine import Node, served, wait_ready
from tests.support.show import Json, Show
from workers.control.watch import look_at_nodes
from workers.pool import agent as node_agent
from workers.pool.agent import NodeAgent
from workers.pool.fake import FakeEngine, Fault, Pace
from workers.pool.protocol import CheckAnswer, CompletionRequest, EngineReply
from workers.pool.serve import fake_agent


class Stage:
    """A show with two nodes; the first is asked first."""

    def __init__(self, show: Show, agents: list[NodeAgent], nodes: list[Node]) -> None:
        self.show, self.agents, self.nodes = show, agents, nodes
        self.asked: list[list[CompletionRequest]] = [[], []]
        for number, engine in enumerate(self.engines):
            self._listen(engine, self.asked[number])

    @property
    def engines(self) -> list[FakeEngine]:
        return [agent.engine for agent in self.agents if isinstance(agent.engine, FakeEngine)]

    @property
    def lantern(self) -> str:
        return engine_name(self.show.entries["Lantern"]["digest"])

    def _listen(self, engine: FakeEngine, asked: list[CompletionRequest]) -> None:
        complete = engine.complete

        async def heard(request: CompletionRequest) -> EngineReply:
            if request.stream:
                asked.append(request)
            return await complete(request)

        engine.complete = heard  # type: ignore[method-assign]

    async def duel(self) -> tuple[Json, list[Json]]:
        """One duel, run to its end by one worker; what the producer sees of it, and its attempts."""
        duel = await self.show.start_duel()
        await self.show.portal.drain()
        producer = self.show.producer
        attempts = await producer.get_ok(f"/duels/{duel}/attempts")
        return await producer.get_ok(f"/duels/{duel}"), attempts

    async def up(self) -> None:
        for node in self.nodes:
            await asyncio.to_thread(wait_ready, node.url, 20)
        await look_at_nodes(self.show.portal.site)

    async def node_id(self, number: int) -> str:
        async with self.show.portal.site.sessions() as session:
            found = await session.execute(
                text("select id from nodes where url = :url"), {"url": self.nodes[number].url}
            )
            return str(found.scalar_one())


@pytest.fixture
async def stage(show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(node_agent, "BACKOFF", (0.01,))
    spare = fake_agent(tmp_path / "spare", pace=Pace(first_token=0.001, token=0.001))
    with served(spare, tmp_path / "spare", show.node.token) as node:
        show.portal.site.settings.engine_urls.append(node.url)
        await look_at_nodes(show.portal.site)
        async with show.portal.site.sessions() as session, session.begin():
            quick = """update seasons set rules = jsonb_set(rules, '{deadlines}',
                       '{"first_token": 2, "stall": 2, "answer": 5}')"""
            await session.execute(text(quick))
        yield Stage(show, [show.agent, spare], [show.node, node])


def side_of(duel: Json, name: str) -> str:
    return next(side for side in ("left", "right") if duel[side]["entry"]["name"] == name)


async def test_the_second_attempt_asks_the_standby_for_exactly_the_same(stage: Stage) -> None:
    stage.engines[0].faults[stage.lantern] = "error"
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    first, second = attempts
    side = side_of(duel, "Lantern")
    assert (first["node_id"], second["node_id"]) == (await stage.node_id(0), await stage.node_id(1))
    assert (first[side], first["number"], second["number"]) == ("engine_error", 1, 2)
    assert f"{side}: the fake engine was told to fail" in first["reason"]
    assert (second["left"], second["right"], second["reason"]) == ("answered", "answered", None)
    assert first["ended_at"] <= second["started_at"]
    key = {request.model: request for request in stage.asked[0]}
    assert {request.model: request for request in stage.asked[1]} == key
    (seed,) = {request.seed for request in stage.asked[1]}
    assert seed is not None
    viewer = stage.show.portal.anybody()
    assert await viewer.refused("GET", f"/duels/{duel['id']}/attempts") == (401, "auth.required")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("empty", "empty"), ("stalled", "stalled"), ("silent", "stalled"), ("endless", "too_slow")],
)
async def test_who_fails_twice_by_its_own_doing_forfeits(stage: Stage, fault: Fault, outcome: str) -> None:
    for engine in stage.engines:
        engine.faults[stage.lantern] = fault
    duel, attempts = await stage.duel()
    side = side_of(duel, "Lantern")
    other = "right" if side == "left" else "left"
    assert (duel["state"], duel["forfeit"]) == ("failed", side)
    assert [(one[side], one[other]) for one in attempts] == [(outcome, "answered")] * 2
    seen = await stage.show.stage()
    assert (seen["duel"]["forfeit"], seen["duel"]["state"], seen["ballot"]) == (side, "failed", None)
    assert "forfeits" in (await stage.show.desk())["names"]["reason"]
    body = stage.show.command_body("open_vote", seconds=60)
    path = f"/episodes/{stage.show.episode_id}/commands"
    assert await stage.show.producer.refused("POST", path, body) == (409, "ballot.duel_not_answered")
    assert all(node["lease"] is None for node in await stage.show.producer.get_ok("/nodes"))
    for engine in stage.engines:
        engine.faults.clear()
    again, _ = await stage.duel()
    assert (again["state"], again["number"], again["forfeit"]) == ("answered", 2, None)


async def test_an_engine_that_computes_nan_is_started_anew_and_the_side_forfeits(stage: Stage) -> None:
    started = [0, 0]
    for number, engine in enumerate(stage.engines):
        engine.faults[stage.lantern] = "not_numbers"
        _count(engine, started, number)
    duel, attempts = await stage.duel()
    assert duel["forfeit"] == (side := side_of(duel, "Lantern"))
    assert [one[side] for one in attempts] == ["not_numbers", "not_numbers"]
    await stage.up()
    assert started == [1, 1], "nobody is answered by an engine that has computed NaN"
    for agent in stage.agents:
        loaded = {adapter.name for adapter in agent.health().adapters}
        assert stage.lantern not in loaded, "and the roster is loaded without it"


def _count(engine: FakeEngine, started: list[int], number: int) -> None:
    start = engine.start

    async def counted(progress: Callable[..., None]) -> None:
        started[number] += 1
        await start(progress)

    engine.start = counted  # type: ignore[method-assign]


async def test_two_silent_sides_are_an_engine_that_stands_still(stage: Stage) -> None:
    """As when its process is stopped: both have no bytes, and neither has lost."""
    house = engine_name(stage.show.entries["House"]["digest"])
    stage.engines[0].faults |= {stage.lantern: "silent", house: "silent"}
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    assert (attempts[0]["left"], attempts[0]["right"]) == ("stalled", "stalled")
    stage.engines[1].faults |= stage.engines[0].faults
    await stage.show.open_vote()
    await stage.show.command("lock_vote")
    await stage.show.command("reveal")
    duel, attempts = await stage.duel()
    assert (duel["state"], duel["forfeit"], len(attempts)) == ("failed", None, 2)
    assert duel["reason"].startswith("void after 2 attempts")


async def test_an_engine_that_dies_in_the_middle_is_followed_by_the_standby(stage: Stage) -> None:
    engine = stage.engines[0]
    engine.faults[stage.lantern] = "endless"
    complete = engine.complete

    async def fatal(request: CompletionRequest) -> EngineReply:
        reply = await complete(request)
        if request.model == stage.lantern and request.stream:
            asyncio.get_running_loop().call_later(0.1, engine.die, "the plug was pulled")
        return reply

    engine.complete = fatal  # type: ignore[method-assign]
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    side = side_of(duel, "Lantern")
    assert (attempts[0][side], attempts[1]["left"]) == ("engine_died", "answered")
    assert "the plug was pulled" in attempts[0]["reason"]
    assert attempts[1]["node_id"] == await stage.node_id(1)


async def test_a_node_that_is_gone_is_followed_by_the_standby(stage: Stage) -> None:
    first = await stage.node_id(0)
    async with stage.show.portal.site.sessions() as session, session.begin():
        lost = text("update nodes set url = 'http://127.0.0.1:9' where id = :id")
        await session.execute(lost, {"id": first})
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    assert [(one["left"], one["node_id"]) for one in attempts] == [
        ("node_lost", first),
        ("answered", await stage.node_id(1)),
    ]


async def test_an_adapter_that_the_node_has_lost_is_asked_for_elsewhere(stage: Stage) -> None:
    agent, check = stage.agents[0], stage.agents[0].check

    async def then_forget(name: str) -> CheckAnswer:
        answer = await check(name)
        if name == stage.lantern:
            agent._adapters.pop(name)
        return answer

    agent.check = then_forget  # type: ignore[method-assign]
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    assert attempts[0][side_of(duel, "Lantern")] == "adapter_missing"


async def test_an_adapter_file_that_was_truncated_is_never_answered_from(stage: Stage) -> None:
    """The node that must fetch it anew finds that it is not what its digest says; the standby still has it."""
    site, digest = stage.show.portal.site, stage.show.entries["Lantern"]["digest"]
    await stage.duel()
    await stage.show.open_vote()
    await stage.show.command("lock_vote")
    await stage.show.command("reveal")
    stage.engines[0].faults[stage.lantern] = "error"
    await stage.duel()  # the standby has it from here on
    await stage.show.open_vote()
    await stage.show.command("lock_vote")
    await stage.show.command("reveal")
    for file in stage.agents[0]._store.path(digest).iterdir():
        _truncate(file)
    stage.agents[0]._adapters.pop(stage.lantern)
    await asyncio.to_thread(_truncate_stored, site.settings.storage_url, digest)
    await look_at_nodes(site)
    async with site.sessions() as session, session.begin():
        # As if the standby were the one that came later in every respect.
        await session.execute(text("update nodes set health = health - 'adapters'"))
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    assert [one["left"] for one in attempts] == ["adapter_refused", "answered"]
    assert "digest" in attempts[0]["reason"]


async def test_a_swapped_adapter_is_caught_and_the_standby_answers(stage: Stage) -> None:
    await stage.duel()
    await stage.show.reveal()
    stage.engines[0]._voices[stage.lantern] = "another"
    stage.asked[0].clear()
    duel, attempts = await stage.duel()
    assert duel["state"] == "answered"
    assert [one["left"] for one in attempts] == ["wrong_adapter", "answered"]
    assert not stage.asked[0], "not one token of it"


def _truncate(file: Path) -> None:
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1])


def _truncate_stored(storage_url: str, digest: str) -> None:
    root = Path(storage_url.removeprefix("file://"))
    (stored,) = [path for path in root.rglob("*.safetensors") if digest in str(path)]
    _truncate(stored)
