"""Nodes come with a token, rest, are started anew and leave; the roster is loaded before it is needed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from arena.kit.celery import BENCH
from arena.kit.jobs import service as jobs
from arena.nodes import queries
from arena.pipeline import PIPELINE
from arena.shows.base_models import HOUSE_MODEL
from tests.support.engine import Node, free_port, make_adapter, served, wait_ready
from tests.support.lab import BENCHMARK
from tests.support.portal import Caller
from tests.support.show import Json, Show, send
from workers.control.watch import look_at_nodes
from workers.control.work import wake
from workers.pool import agent as node_agent
from workers.pool.agent import NodeAgent
from workers.pool.client import EngineClient, EngineRefused
from workers.pool.fake import Pace
from workers.pool.serve import fake_agent


@pytest.fixture
def spare(tmp_path: Path) -> NodeAgent:
    return fake_agent(tmp_path / "spare", pace=Pace(first_token=0.001, token=0.001))


@pytest.fixture(autouse=True)
def quick_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_agent, "BACKOFF", (0.01,))


def says(agent: NodeAgent) -> Json:
    return agent.health().model_dump(mode="json", by_alias=True)


async def token_of(caller: Caller) -> str:
    return str((await caller.post_ok("/nodes/tokens"))["token"])


async def joined(show: Show, agent: NodeAgent, url: str = "http://127.0.0.1:9") -> Json:
    body = {"token": await token_of(show.producer), "url": url, "health": says(agent)}
    answer: Json = await show.portal.anybody().post_ok("/nodes/join", body)
    return answer


@pytest.fixture
async def second(show: Show, spare: NodeAgent, tmp_path: Path) -> AsyncIterator[Node]:
    """A node that has joined, at its true address and under the token that it was given."""
    port = free_port()
    answer = await joined(show, spare, f"http://127.0.0.1:{port}")
    with served(spare, tmp_path / "spare", answer["bearer"], port) as node:
        await look_at_nodes(show.portal.site)
        yield node


async def listed(show: Show) -> list[Json]:
    found: list[Json] = await show.producer.get_ok("/nodes")
    return found


# --- joining --------------------------------------------------------------------------------------------------------


async def test_a_node_that_joins_is_listed_with_what_it_is_and_does_work(show: Show, second: Node) -> None:
    first, new = await listed(show)
    assert (first["joined"], new["joined"], new["state"]) == (False, True, "ready")
    assert (new["hardware_class"], new["engine_build"], new["slots"]) == ("fake", "fake 1", 8)
    assert new["base_model"] == first["base_model"]
    await show.producer.post_ok(f"/nodes/{first['id']}/drain")
    await show.enter("Lantern")
    duel = await show.answered()
    attempts = await show.producer.get_ok(f"/duels/{duel['id']}/attempts")
    assert [one["node_id"] for one in attempts] == [new["id"]]


async def test_a_joined_node_has_a_token_of_its_own(show: Show, second: Node) -> None:
    assert second.token != show.node.token
    async with EngineClient(second.url, show.node.token) as stranger:
        with pytest.raises(EngineRefused, match=r"engine\.token"):
            await stranger.recycle()
    async with show.portal.site.sessions() as session:
        rows = (await session.execute(text("select nodes::text from nodes"))).scalars().all()
        invited = (await session.execute(text("select i::text from node_invitations i"))).scalars().all()
    assert not any(second.token in row for row in [*rows, *invited]), "the database alone opens no node"


async def test_a_join_token_works_once_and_not_for_ever(show: Show, spare: NodeAgent) -> None:
    anybody = show.portal.anybody()
    body = {"token": await token_of(show.producer), "url": "http://10.0.0.7:8700", "health": says(spare)}
    await anybody.post_ok("/nodes/join", body)
    assert await anybody.refused("POST", "/nodes/join", body) == (409, "invitation.used")
    assert await anybody.refused("POST", "/nodes/join", body | {"token": "guessed"}) == (
        404,
        "invitation.unknown",
    )
    late = body | {"token": await token_of(show.portal.operator)}
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update node_invitations set expires_at = now() - interval '1 second'"))
    assert await anybody.refused("POST", "/nodes/join", late) == (409, "invitation.expired")
    assert len(await listed(show)) == 2


async def test_a_join_that_makes_no_sense_uses_up_nothing(
    show: Show, spare: NodeAgent, subtests: pytest.Subtests
) -> None:
    anybody = show.portal.anybody()
    body = {"token": await token_of(show.producer), "url": "http://10.0.0.7:8700", "health": says(spare)}
    changes: list[Json] = [
        {"url": "ftp://10.0.0.7"},
        {"url": "http://user:secret@10.0.0.7"},
        {"url": "http:///x"},
        {"url": ""},
        {"health": {"state": "dancing"}},
        {"more": 1},
    ]
    for change in changes:
        with subtests.test(change=change):
            refused = await anybody.refused("POST", "/nodes/join", body | change)
            assert refused == (422, "request.invalid")
    await anybody.post_ok("/nodes/join", body)


async def test_a_node_of_the_settings_is_not_taken_over(show: Show, spare: NodeAgent) -> None:
    body = {"token": await token_of(show.producer), "url": show.node.url, "health": says(spare)}
    assert await show.portal.anybody().refused("POST", "/nodes/join", body) == (409, "node.configured")
    (node,) = await listed(show)
    assert await show.producer.refused("DELETE", f"/nodes/{node['id']}") == (409, "node.configured")


async def test_only_producers_and_operators_run_nodes(show: Show) -> None:
    (node,) = await listed(show)
    ada = await show.portal.person("contestant", "Ada")
    for path in ("/nodes/tokens", *(f"/nodes/{node['id']}/{do}" for do in ("drain", "undrain", "recycle"))):
        assert await ada.refused("POST", path) == (403, "auth.forbidden")
    assert await ada.refused("DELETE", f"/nodes/{node['id']}") == (403, "auth.forbidden")


# --- drain, remove ---------------------------------------------------------------------------------------------------


async def test_a_draining_node_takes_nothing_until_it_is_told_to(show: Show) -> None:
    await show.enter("Lantern")
    (node,) = await listed(show)
    assert (await show.producer.post_ok(f"/nodes/{node['id']}/drain"))["draining"]
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued"
    assert (await show.desk())["names"]["reason"] == "waiting for an engine to start"
    await show.producer.post_ok(f"/nodes/{node['id']}/undrain")
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"


async def test_a_node_is_removed_when_it_is_free_and_its_token_is_void(show: Show, second: Node) -> None:
    first, new = await listed(show)
    await show.producer.post_ok(f"/nodes/{first['id']}/drain")
    await show.lab.work_off()
    ada = await show.portal.person("contestant", "Ada")
    entry = await ada.post_ok("/entries", {"name": "Lantern"})
    await send(ada, entry["id"], make_adapter(1, rank=1))
    benchmark = await show.lab.until(BENCHMARK)
    assert benchmark.contract["engine_token"] == second.token, "the lab is told the node's own token"
    assert await show.producer.refused("DELETE", f"/nodes/{new['id']}") == (409, "node.held")
    await benchmark.succeed()
    assert (await show.producer.call("DELETE", f"/nodes/{new['id']}", expect=200)) == {"ok": True}
    assert [node["id"] for node in await listed(show)] == [first["id"]]
    await look_at_nodes(show.portal.site)
    assert len(await listed(show)) == 1, "nobody looks at it any more"
    assert await show.producer.refused("POST", f"/nodes/{new['id']}/drain") == (404, "node.not_found")


# --- recycle ---------------------------------------------------------------------------------------------------------


async def test_an_engine_is_started_anew_on_command_when_it_is_free(show: Show) -> None:
    await show.enter("Lantern")
    await look_at_nodes(show.portal.site)
    (node,) = await listed(show)
    assert node["loads"] == 1
    for _ in range(2):
        await show.producer.post_ok(f"/nodes/{node['id']}/recycle")
        await show.portal.relay()
    async with show.portal.site.sessions() as session:
        jobs = "select count(*) from jobs where kind = 'nodes.recycle'"
        assert (await session.execute(text(jobs))).scalar_one() == 1, "asking twice is asking once"
    await show.portal.drain()
    await asyncio.to_thread(wait_ready, show.node.url, 20)
    await look_at_nodes(show.portal.site)
    (node,) = await listed(show)
    assert (node["loads"], node["lease"], node["adapters"]) == (0, None, 2), "what was there is there again"
    assert (await show.answered())["state"] == "answered"


async def test_a_worn_engine_is_started_anew_between_shows_only(show: Show) -> None:
    show.portal.site.settings.recycle_after_loads = 1
    await show.enter("Lantern")
    await show.answered()  # the show is live from here on
    await look_at_nodes(show.portal.site)
    await show.portal.drain()
    assert (await listed(show))[0]["loads"] == 1
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update episodes set state = 'finished'"))
    await look_at_nodes(show.portal.site)
    await show.portal.drain()
    await asyncio.to_thread(wait_ready, show.node.url, 20)
    await look_at_nodes(show.portal.site)
    assert (await listed(show))[0]["loads"] == 0


# --- preload ---------------------------------------------------------------------------------------------------------


def resident(agent: NodeAgent) -> set[str]:
    return {adapter.digest for adapter in agent.health().adapters}


async def test_a_duel_s_standby_has_the_roster_before_it_is_needed(
    show: Show, second: Node, spare: NodeAgent
) -> None:
    await show.enter("Lantern", "Northstar")
    roster = {entry["digest"] for entry in show.entries.values()}
    await show.producer.post_ok("/episodes", {"title": "The second evening"})
    await show.portal.drain()
    assert roster <= resident(show.agent) & resident(spare)
    loads = spare.health().loads
    await show.answered()
    assert spare.health().loads == loads, "nothing is loaded twice"
    assert all(node["lease"] is None for node in await listed(show))


async def test_nothing_is_loaded_while_a_duel_waits(show: Show) -> None:
    await show.enter("Lantern")
    await show.portal.drain()
    show.agent._adapters.pop(f"a-{show.entries['Lantern']['digest'][:32]}")
    await look_at_nodes(show.portal.site)
    await show.start_duel()
    await show.portal.relay()
    async with show.portal.site.sessions() as session:
        queued = await session.execute(text("select kind, id from jobs where state = 'queued'"))
        jobs: dict[str, UUID] = dict(queued.tuples().all())
    assert sorted(jobs) == ["duels.run", "nodes.preload"]
    show.portal.waker.control_jobs.clear()
    await wake(show.portal.site, PIPELINE, jobs["nodes.preload"])
    async with show.portal.site.sessions() as session:
        reason = "select reason from jobs where id = :id"
        said = (await session.execute(text(reason), {"id": jobs["nodes.preload"]})).scalar_one()
    assert said == "waiting until the duel has its engine"
    assert (await listed(show))[0]["loads"] == 1, "the one of the probe"


async def test_a_probe_goes_before_benchmarks_that_came_earlier(show: Show) -> None:
    """They share a node: while one after the other joined in, the node would never be empty for it."""
    asks = {"mode": "probe", "base_model": HOUSE_MODEL.id, "adapters": []}
    async with show.portal.site.sessions() as session:
        earlier = await jobs.enqueue(session, "benchmarks.suite", BENCH, uuid4(), timedelta(hours=1))
        later = await jobs.enqueue(session, "submissions.probe", BENCH, uuid4(), timedelta(hours=1))
        later.created_at, later.asks = earlier.created_at + timedelta(minutes=5), asks
        await session.flush()
        assert [one.mode for one in await queries.waiting(session, earlier, "benchmark")] == ["probe"]
        assert await queries.waiting(session, earlier, "practice") == []
