"""A site with engines of several kinds: each gets the work that it can do, and no other."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.safetensors import adapter_digest, identity_adapter
from tests.support.engine import Adapter, free_port, make_adapter, served
from tests.support.show import Json, Show
from tests.support.upstreams import Bare, Ray, named, running
from workers.control.watch import look_at_nodes
from workers.pool import fake_text
from workers.pool.agent import NodeAgent
from workers.pool.drivers.openai_compatible import OpenAiEngine
from workers.pool.drivers.ray_serve import RayServeEngine
from workers.pool.drivers.remote import RemoteEngine, Upstream
from workers.pool.fake import BASE_DIGEST
from workers.pool.serve import ELSEWHERE

CONFIG, WEIGHTS = identity_adapter(HOUSE_MODEL)
HOUSE = Adapter(adapter_digest(CONFIG, WEIGHTS), CONFIG, WEIGHTS)
LANTERN = make_adapter(1, rank=1)


@pytest.fixture
def show(ready: Show) -> Show:
    return ready


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


async def joined(show: Show, engine: RemoteEngine, folder: Path, stack: ExitStack) -> Json:
    """A node in front of this engine has joined the site and is ready."""

    async def prepared(progress: object) -> str:
        return BASE_DIGEST

    fake_text.write_tokenizer(engine.tokenizer_dir)
    agent = NodeAgent(engine, HOUSE_MODEL, folder, ELSEWHERE, prepared)
    port = free_port()
    token = (await show.producer.post_ok("/nodes/tokens"))["token"]
    health = agent.health().model_dump(mode="json", by_alias=True)
    body = {"token": token, "url": f"http://127.0.0.1:{port}", "health": health}
    answer = await show.portal.anybody().post_ok("/nodes/join", body)
    stack.enter_context(served(agent, folder, answer["bearer"], port))
    await look_at_nodes(show.portal.site)
    return next(node for node in await show.producer.get_ok("/nodes") if node["id"] == answer["node_id"])


def ray(tmp_path: Path, stack: ExitStack) -> tuple[Ray, RayServeEngine]:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    server = stack.enter_context(running(Ray(bucket=bucket)))
    engine = RayServeEngine(
        Upstream(server.url), base="house", lora_path=bucket.as_uri(),
        tokenizer_dir=tmp_path / "tokenizer", max_rank=16, max_loras=8,
    )  # fmt: skip
    return server, engine


async def practise(show: Show) -> None:
    contestant = show.contestants["Lantern"]
    (entry,) = await contestant.get_ok("/entries")
    version = entry["submissions"][0]["id"]
    await contestant.post_ok(f"/submissions/{version}/practice", {"prompt": "Why does the gavel fall?"})


async def practised(show: Show) -> Json:
    (one,) = await show.contestants["Lantern"].get_ok("/practice")
    return dict(one)


def uses(node: Json) -> dict[str, list[str]]:
    return {use["mode"]: use["lacks"] for use in node["uses"]}


async def test_a_node_shows_its_driver_and_what_it_may_be_used_for(
    show: Show, tmp_path: Path, stack: ExitStack
) -> None:
    _, engine = ray(tmp_path, stack)
    node = await joined(show, engine, tmp_path / "ray", stack)
    first = next(one for one in await show.producer.get_ok("/nodes") if one["id"] != node["id"])
    assert (first["driver"], node["driver"], node["state"]) == ("fake", "ray-serve", "ready")
    assert not any(uses(first).values())
    assert uses(node) == {
        "duel": ["exclusive", "restart"],
        "speed": ["exclusive", "restart"],
        "calibration": ["exclusive", "restart"],
        "preload": ["exclusive", "restart"],
        "probe": ["restart"],
        "recycle": ["restart"],
        "benchmark": [],
        "showcase": [],
        "practice": [],
    }
    assert (node["hardware_class"], node["cores"]) == ("elsewhere", 0)
    refused = await show.producer.refused("POST", f"/nodes/{node['id']}/recycle")
    assert refused == (409, "node.not_its_engine")


async def test_practice_goes_off_the_stage_also_while_a_duel_waits_and_the_duel_never_does(
    show: Show, tmp_path: Path, stack: ExitStack
) -> None:
    (plain,) = await show.producer.get_ok("/nodes")
    server, engine = ray(tmp_path, stack)
    await joined(show, engine, tmp_path / "ray", stack)
    await show.producer.post_ok(f"/nodes/{plain['id']}/drain")
    duel = await show.start_duel()
    await practise(show)
    await show.portal.drain()
    answered = await practised(show)
    assert answered["state"] == "answered"
    assert answered["mine"]["text"]
    assert answered["mine"]["text"] != answered["house"]["text"]
    asked = {str(body["model"]) for body in server.asked}
    assert asked == {f"house:a-{adapter.digest[:32]}" for adapter in (HOUSE, LANTERN)}
    before = len(server.asked)
    assert (await show.duel(duel))["state"] == "queued", "not on Ray, whatever else is free there"
    await show.producer.post_ok(f"/nodes/{plain['id']}/undrain")
    await show.portal.drain()
    assert (await show.duel(duel))["state"] == "answered"
    attempts = await show.producer.get_ok(f"/duels/{duel}/attempts")
    assert [one["node_id"] for one in attempts] == [plain["id"]]
    assert len(server.asked) == before


async def test_a_server_without_ids_and_salts_answers_practice_all_the_same(
    show: Show, tmp_path: Path, stack: ExitStack
) -> None:
    (plain,) = await show.producer.get_ok("/nodes")
    server = stack.enter_context(running(Bare(adapters=named(HOUSE, LANTERN))))
    engine = OpenAiEngine(
        Upstream(server.url), models={HOUSE.digest: "tuned-0", LANTERN.digest: "tuned-1"},
        tokenizer_dir=tmp_path / "tokenizer", max_rank=16, max_loras=2,
    )  # fmt: skip
    node = await joined(show, engine, tmp_path / "bare", stack)
    assert uses(node)["practice"] == []
    assert uses(node)["benchmark"] == ["prompt_ids", "token_ids", "fixed_length"]
    await show.producer.post_ok(f"/nodes/{plain['id']}/drain")
    server.asked.clear()
    await practise(show)
    await show.portal.drain()
    answered = await practised(show)
    assert answered["state"] == "answered"
    assert answered["mine"]["text"] != answered["house"]["text"]
    assert {body["model"] for body in server.asked} == {"tuned-0", "tuned-1"}
    assert not any("cache_salt" in body or "return_token_ids" in body for body in server.asked)
    assert any("seed" in body for body in server.asked)


async def test_a_server_that_keeps_no_seeds_answers_nobody_who_may_name_one(
    show: Show, tmp_path: Path, stack: ExitStack
) -> None:
    server = stack.enter_context(running(Bare(adapters=named(HOUSE, LANTERN), seeds=False)))
    engine = OpenAiEngine(
        Upstream(server.url), models={HOUSE.digest: "tuned-0", LANTERN.digest: "tuned-1"},
        tokenizer_dir=tmp_path / "tokenizer", max_rank=16, max_loras=2,
    )  # fmt: skip
    node = await joined(show, engine, tmp_path / "bare", stack)
    assert uses(node)["practice"] == ["seed"]
    server.asked.clear()
    await practise(show)
    await show.portal.drain()
    assert (await practised(show))["state"] == "answered", "by the plain node"
    assert not server.asked


async def test_an_entry_that_a_server_does_not_have_goes_to_one_that_can_load_it(
    show: Show, tmp_path: Path, stack: ExitStack
) -> None:
    server = stack.enter_context(running(Bare(adapters=named(HOUSE))))
    engine = OpenAiEngine(
        Upstream(server.url), models={HOUSE.digest: "tuned-0"},
        tokenizer_dir=tmp_path / "tokenizer", max_rank=16, max_loras=1,
    )  # fmt: skip
    await joined(show, engine, tmp_path / "bare", stack)
    server.asked.clear()
    await practise(show)
    await show.portal.drain()
    assert (await practised(show))["state"] == "answered"
    assert not server.asked
