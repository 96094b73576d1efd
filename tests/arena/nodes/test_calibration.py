"""Nodes of one class are compared: the judgement keeps its promises, and the doors do what it says."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner

from arena.cli.main import app
from arena.nodes.calibration import PROMPTS, Said, Shown, Verdict, judge, part
from tests.support.engine import Node, free_port, served
from tests.support.portal import OPERATOR_TOKEN
from tests.support.show import Json, Show
from workers.control.alone import Alone
from workers.control.watch import look_at_nodes
from workers.pool import agent as node_agent
from workers.pool.agent import NodeAgent
from workers.pool.client import EngineClient
from workers.pool.fake import FakeEngine, Pace
from workers.pool.serve import fake_agent

BAND, TOLERANCE = 0.1, 0.25
SAME = Said(tokens=(1, 2, 3, 4), logprobs=(-0.1, -0.2, -0.3, -0.4))


def shown(speed: float = 100.0, *answers: Said) -> Shown:
    return Shown(
        decode=(speed,) * 3, first_token_ms=(20.0,) * 3, answers=answers or (SAME, SAME), steady=True
    )


def judged(*nodes: Shown, band: float = BAND) -> list[Verdict]:
    return judge({UUID(int=number): one for number, one in enumerate(nodes, 1)}, band, TOLERANCE)


def refused(*nodes: Shown, band: float = BAND) -> list[int]:
    return [verdict.node_id.int for verdict in judged(*nodes, band=band) if not verdict.same_class]


# --- the judgement ----------------------------------------------------------------------------------------------------


def test_one_alone_is_of_its_class_and_two_within_the_band_are() -> None:
    assert refused(shown()) == []
    assert refused(shown(100), shown(109.9)) == []


def test_of_two_that_differ_both_are_named_and_of_three_the_one_that_is_far() -> None:
    assert refused(shown(100), shown(111)) == [1, 2]
    assert refused(shown(100), shown(101), shown(130)) == [3]
    assert refused(shown(70), shown(101), shown(100)) == [1]
    assert refused(shown(50), shown(100), shown(101), shown(200)) == [1, 4]


def test_where_the_answers_part_decides_whether_rounding_explains_it() -> None:
    mine = Said(tokens=(1, 2, 3, 4), logprobs=(-0.1, -0.2, -0.9, -0.4))
    near = Said(tokens=(1, 2, 9, 9), logprobs=(-0.1, -0.21, -0.95, -7.0))
    sure = Said(tokens=(1, 2, 9, 9), logprobs=(-0.1, -0.2, -0.35, -0.4))
    far = Said(tokens=(1, 9, 9, 9), logprobs=(-0.1, -1.2, -0.3, -0.4))
    agreeing, gap = part(mine, near)
    assert agreeing == 2
    assert gap == pytest.approx(0.05), "after the parting nothing is compared"
    agreeing, gap = part(SAME, far)
    assert agreeing == 1
    assert gap == pytest.approx(1.0)
    assert refused(shown(100, mine, mine), shown(100, mine, near)) == []
    assert refused(shown(), shown(100, SAME, sure)) == [1, 2], "each is sure of its own token"
    assert refused(shown(), shown(100, SAME, far)) == [1, 2]
    assert refused(shown(), shown(), shown(100, far, far)) == [3]


def test_the_verdict_says_why_with_numbers() -> None:
    slow = judged(shown(100), shown(101), shown(50))[2]
    assert (slow.same_class, slow.speed) == (False, 50)
    assert slow.to_median == pytest.approx(0.5)
    assert [one.speed_ratio for one in slow.against] == [pytest.approx(0.5), pytest.approx(50 / 101)]
    assert all((one.agreeing, one.of, one.logprob_gap) == (8, 8, 0.0) for one in slow.against)
    assert not any(one.same for one in slow.against)


speeds = st.floats(1.0, 1e4)
tokens = st.tuples(*[st.integers(0, 2)] * 3)
logprobs = st.tuples(*[st.floats(-5, 0)] * 3)
machines = st.builds(
    lambda decode, said: Shown(decode=decode, first_token_ms=(1.0,), answers=(said,), steady=True),
    st.tuples(speeds, speeds, speeds),
    st.builds(lambda ids, values: Said(tokens=ids, logprobs=values), tokens, logprobs),
)
classes = st.lists(machines, min_size=1, max_size=6)


@given(classes)
def test_who_stays_is_pairwise_the_same_and_nobody_goes_for_nothing(nodes: list[Shown]) -> None:
    verdicts = judged(*nodes)
    stays = {verdict.node_id for verdict in verdicts if verdict.same_class}
    for verdict in verdicts:
        others = [one for one in verdict.against if one.node_id in stays]
        if verdict.same_class:
            assert all(one.same for one in others)
        else:
            assert not all(one.same for one in verdict.against)
    if all(one.same for verdict in verdicts for one in verdict.against):
        assert len(stays) == len(nodes)


@given(classes, st.randoms())
def test_the_order_of_the_nodes_decides_nothing(nodes: list[Shown], chance: Any) -> None:
    named = {UUID(int=number): one for number, one in enumerate(nodes, 1)}
    mixed = list(named)
    chance.shuffle(mixed)

    def verdicts(of: dict[UUID, Shown]) -> dict[UUID, bool]:
        return {verdict.node_id: verdict.same_class for verdict in judge(of, BAND, TOLERANCE)}

    assert verdicts(named) == verdicts({one: named[one] for one in mixed})


@given(classes)
def test_two_look_at_each_other_alike(nodes: list[Shown]) -> None:
    verdicts = {verdict.node_id: {one.node_id: one for one in verdict.against} for verdict in judged(*nodes)}
    for mine, others in verdicts.items():
        for other, one in others.items():
            back = verdicts[other][mine]
            assert (one.same, one.agreeing, one.logprob_gap) == (back.same, back.agreeing, back.logprob_gap)
            assert one.speed_ratio * back.speed_ratio == pytest.approx(1)


@given(machines, st.integers(2, 5))
def test_copies_of_one_machine_are_one_class(machine: Shown, count: int) -> None:
    assert refused(*[machine] * count) == []


# --- the doors --------------------------------------------------------------------------------------------------------

BLOCKS, TOKENS = 3, 8


@pytest.fixture
def spare(tmp_path: Path) -> NodeAgent:
    return fake_agent(tmp_path / "spare", pace=Pace(first_token=0.001, token=0.001))


@pytest.fixture(autouse=True)
def quick_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_agent, "BACKOFF", (0.01,))


@pytest.fixture
async def pair(show: Show, spare: NodeAgent, tmp_path: Path) -> AsyncIterator[Node]:
    """A second node of the same class, and rules with a band so wide that only a different pace is outside it."""
    async with show.portal.site.sessions() as session, session.begin():
        quick = f'{{"blocks": {BLOCKS}, "tokens": {TOKENS}, "band": 1, "tolerance": 0.25}}'
        changed = "update seasons set rules = jsonb_set(rules, '{calibration}', cast(:rules as jsonb))"
        await session.execute(text(changed), {"rules": quick})
    port = free_port()
    token = (await show.producer.post_ok("/nodes/tokens"))["token"]
    said = spare.health().model_dump(mode="json", by_alias=True)
    body = {"token": token, "url": f"http://127.0.0.1:{port}", "health": said}
    answer = await show.portal.anybody().post_ok("/nodes/join", body)
    with served(spare, tmp_path / "spare", answer["bearer"], port) as node:
        await look_at_nodes(show.portal.site)
        yield node


def paces(agents: list[NodeAgent], *seconds: float) -> None:
    for agent, pause in zip(agents, seconds, strict=True):
        engine = agent.engine
        assert isinstance(engine, FakeEngine)
        engine._pace = Pace(first_token=pause, token=pause)


async def calibrated(show: Show, hardware_class: str = "fake") -> Json:
    """Asked for, and carried through as far as it goes."""
    asked = await show.producer.post_ok("/nodes/calibrations", {"hardware_class": hardware_class})
    await show.portal.work()
    return await newest(show, asked["id"])


async def newest(show: Show, calibration_id: str) -> Json:
    listed = await show.producer.get_ok("/nodes/calibrations")
    return next(one for one in listed if one["id"] == calibration_id)


async def misfits(show: Show) -> list[Json | None]:
    return [node["misfit"] for node in await show.producer.get_ok("/nodes")]


async def test_two_that_are_alike_are_one_class(show: Show, pair: Node, spare: NodeAgent) -> None:
    # What the two pretend is so much longer than what the machine adds that it lies within the wide band.
    paces([show.agent, spare], 0.02, 0.02)
    found = await calibrated(show)
    assert (found["state"], found["reason"]) == ("done", None)
    assert [node["turn"] for node in found["nodes"]] == ["measured", "measured"]
    for node in found["nodes"]:
        assert node["verdict"]["same_class"], node["verdict"]
        assert len(node["shown"]["answers"]) == len(PROMPTS)
        assert all(
            len(said["tokens"]) == len(said["logprobs"]) == TOKENS for said in node["shown"]["answers"]
        )
        assert (len(node["shown"]["decode"]), node["shown"]["steady"]) == (BLOCKS, True)
        kept = await show.portal.anybody().get_ok(f"/attestations/{node['attestation']}")
        assert kept["document"]["machine"]["hardware_class"] == "fake"
    assert await misfits(show) == [None, None]
    assert all(node["lease"] is None for node in await show.producer.get_ok("/nodes"))


async def test_another_pace_is_another_machine_until_it_is_calibrated_again(
    show: Show, pair: Node, spare: NodeAgent
) -> None:
    paces([show.agent, spare], 0.002, 0.05)
    found = await calibrated(show)
    assert [node["verdict"]["same_class"] for node in found["nodes"]] == [False, False], (
        "of two both are named"
    )
    said = found["nodes"][1]["verdict"]["against"][0]
    assert said["speed_ratio"] < 0.5 and (said["agreeing"], said["of"]) == (said["of"], 4 * TOKENS)
    for mark in await misfits(show):
        assert mark is not None and (mark["hardware_class"], mark["calibration_id"]) == ("fake", found["id"])
        assert (mark["band"], mark["verdict"]["same_class"]) == (1, False)
    paces([show.agent, spare], 0.02, 0.02)
    again = await calibrated(show)
    assert all(node["verdict"]["same_class"] for node in again["nodes"]), again["nodes"]
    assert await misfits(show) == [None, None]


async def test_another_voice_is_another_machine(show: Show, pair: Node, spare: NodeAgent) -> None:
    paces([show.agent, spare], 0.02, 0.02)
    engine = spare.engine
    assert isinstance(engine, FakeEngine)
    engine._voices = dict.fromkeys(engine._voices, "a model that was quantised")
    found = await calibrated(show)
    against = [node["verdict"]["against"][0] for node in found["nodes"]]
    assert [node["verdict"]["same_class"] for node in found["nodes"]] == [False, False]
    assert all(one["agreeing"] < one["of"] and one["logprob_gap"] > 0.25 for one in against)


async def ranked(show: Show, hardware_class: str = "fake") -> None:
    async with show.portal.site.sessions() as session, session.begin():
        track = "update seasons set rules = jsonb_set(rules, '{track,hardware_class}', cast(:class as jsonb))"
        await session.execute(text(track), {"class": f'"{hardware_class}"'})


async def test_ranked_work_waits_for_a_node_that_is_of_its_class_and_other_work_does_not(
    show: Show, pair: Node, spare: NodeAgent
) -> None:
    paces([show.agent, spare], 0.002, 0.05)
    await calibrated(show)
    await ranked(show)
    await show.portal.relay()
    link = show.portal.waker.lab_links.pop(0)
    answer = await show.lab.http.post(f"{link}/claim")
    assert answer.status_code == 409
    reason = "waiting for an engine that its calibration does not refuse as one of this class"
    assert answer.json()["error"]["message"] == reason
    await ranked(show, "any")
    await show.portal.sweep()
    await show.lab.work_off()
    house = next(row for row in await show.producer.get_ok("/roster") if row["kind"] == "house")
    assert house["ready"], "a season without a class takes any node"


async def test_a_verdict_lets_ranked_work_go_on(show: Show, pair: Node, spare: NodeAgent) -> None:
    paces([show.agent, spare], 0.002, 0.05)
    await calibrated(show)
    await ranked(show)
    await show.portal.relay()
    assert (await show.lab.http.post(f"{show.portal.waker.lab_links.pop(0)}/claim")).status_code == 409
    first, _ = await show.producer.get_ok("/nodes")
    await show.producer.post_ok(f"/nodes/{first['id']}/drain")
    found = await calibrated(show)
    assert [node["turn"] for node in found["nodes"]] == ["left_out", "measured"]
    assert found["nodes"][0]["reason"] == "it is draining"
    assert found["nodes"][1]["verdict"]["same_class"], "alone it is its class"
    job = await show.lab.take()
    assert job.contract["engine_url"] == pair.url


async def test_a_node_that_breaks_is_left_out_and_the_others_are_compared(
    show: Show, pair: Node, spare: NodeAgent
) -> None:
    engine = spare.engine
    assert isinstance(engine, FakeEngine)
    for name in list(engine._voices):
        engine.faults[name] = "error"
    found = await calibrated(show)
    assert [node["turn"] for node in found["nodes"]] == ["measured", "left_out"]
    assert "told to fail" in found["nodes"][1]["reason"]
    assert found["state"] == "done"
    assert await misfits(show) == [None, None]
    assert all(node["lease"] is None for node in await show.producer.get_ok("/nodes"))


async def test_a_stranger_on_the_engine_spoils_the_measurement(
    show: Show, pair: Node, spare: NodeAgent
) -> None:
    engine = spare.engine
    assert isinstance(engine, FakeEngine)
    complete = engine.complete

    async def shared(request: Any) -> Any:
        spare.gate.begun += 1
        return await complete(request)

    engine.complete = shared  # type: ignore[method-assign]
    found = await calibrated(show)
    assert "has answered others" in found["nodes"][1]["reason"]


async def test_a_calibration_steps_back_for_a_duel_and_keeps_what_it_has(
    show: Show, pair: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show.enter("Lantern")
    first, second = await show.producer.get_ok("/nodes")
    begin, duels = Alone.begin, list[str]()

    async def interrupted(engine: EngineClient) -> Alone:
        if str(engine._http.base_url) == pair.url and not duels:
            await show.producer.post_ok(f"/nodes/{first['id']}/drain")
            duels.append(await show.start_duel())
            await show.portal.work()
            waits = (await show.duel(duels[0]))["state"]
            assert waits == "queued", "the only engine it could have is measured"
        return await begin(engine)

    monkeypatch.setattr(Alone, "begin", interrupted)
    found = await calibrated(show)
    await show.portal.sweep()
    await show.portal.drain()
    assert (await show.duel(duels[0]))["state"] == "answered"
    found = await newest(show, found["id"])
    assert found["state"] == "done", found["reason"]
    assert [node["turn"] for node in found["nodes"]] == ["measured", "measured"]
    assert [node["node_id"] for node in found["nodes"]] == [first["id"], second["id"]]


async def test_a_duel_that_waits_for_the_verdict_does_not_keep_it_from_being_found(
    show: Show, pair: Node, spare: NodeAgent
) -> None:
    await show.enter("Lantern")
    paces([show.agent, spare], 0.002, 0.05)
    await calibrated(show)
    await ranked(show)
    duel = await show.start_duel()
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "queued", "both engines are refused as of its class"
    first, _ = await show.producer.get_ok("/nodes")
    await show.producer.post_ok(f"/nodes/{first['id']}/drain")
    assert (await calibrated(show))["state"] == "done"
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"


async def test_nobody_is_cleared_while_one_with_a_good_name_is_left_out(
    show: Show, pair: Node, spare: NodeAgent
) -> None:
    paces([show.agent, spare], 0.002, 0.05)
    await calibrated(show)
    first, _ = await show.producer.get_ok("/nodes")
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update nodes set misfit = null where id = :id"), {"id": first["id"]})
    await show.producer.post_ok(f"/nodes/{first['id']}/drain")
    found = await calibrated(show)
    assert [node["turn"] for node in found["nodes"]] == ["left_out", "measured"]
    assert [mark is None for mark in await misfits(show)] == [True, False]


async def test_one_calibration_of_a_class_at_a_time(show: Show, pair: Node) -> None:
    body = {"hardware_class": "fake"}
    await show.producer.post_ok("/nodes/calibrations", body)
    assert await show.producer.refused("POST", "/nodes/calibrations", body) == (409, "calibration.under_way")
    await show.portal.work()
    await show.producer.post_ok("/nodes/calibrations", body)


async def test_what_cannot_be_calibrated_is_said(show: Show, subtests: pytest.Subtests) -> None:
    cases: list[tuple[Json, int, str]] = [
        ({"hardware_class": "h200"}, 409, "calibration.no_nodes"),
        ({"hardware_class": "any"}, 422, "request.invalid"),
        ({"hardware_class": ""}, 422, "request.invalid"),
        ({}, 422, "request.invalid"),
    ]
    for body, status, code in cases:
        with subtests.test(body=body):
            assert await show.producer.refused("POST", "/nodes/calibrations", body) == (status, code)
            assert await show.producer.get_ok("/nodes/calibrations") == []


async def test_only_producers_and_operators_calibrate(show: Show) -> None:
    ada = await show.portal.person("contestant", "Ada")
    assert await ada.refused("POST", "/nodes/calibrations", {"hardware_class": "fake"}) == (
        403,
        "auth.forbidden",
    )
    assert await ada.refused("GET", "/nodes/calibrations") == (403, "auth.forbidden")


async def test_a_fault_of_ours_judges_nobody(show: Show, pair: Node) -> None:
    asked = await show.producer.post_ok("/nodes/calibrations", {"hardware_class": "fake"})
    async with show.portal.site.sessions() as session, session.begin():
        await session.execute(text("update nodes set draining = true"))
        await session.execute(text("update node_calibrations set turn = 'waiting', reason = null"))
    await show.portal.work()
    found = await newest(show, asked["id"])
    assert (found["state"], found["reason"]) == ("failed", "No engine of the class could be measured.")
    assert [node["turn"] for node in found["nodes"]] == ["left_out", "left_out"]


async def test_the_command_waits_for_the_verdict_and_prints_the_figures(
    show: Show, pair: Node, spare: NodeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arena.cli.nodes.LOOK_SECONDS", 0.01)
    paces([show.agent, spare], 0.002, 0.05)
    command = ["nodes", "calibrate", "fake", "--url", show.portal.url, "--token", OPERATOR_TOKEN]
    running = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, app, command))
    while not running.done():
        await asyncio.sleep(0)
        await show.portal.work()
    result = running.result()
    assert result.exit_code == 1, result.output
    assert "band ±100%" in result.output
    assert result.output.count("REFUSED as of this class") == 2
    assert f"{4 * TOKENS} of {4 * TOKENS} tokens the same" in result.output


def test_the_median_is_that_of_logarithms() -> None:
    assert judged(shown(100), shown(400), band=5)[0].to_median == pytest.approx(100 / math.sqrt(40_000))
