"""The node agent over real HTTP, with the fake engine behind it."""

import asyncio
import stat
import threading
from collections.abc import Callable
from typing import get_args

import httpx
import pytest
from fastapi import FastAPI

from arena.shows.base_models import HOUSE_MODEL
from tests.support.engine import Adapter, Files, Node, call, completion, make_adapter, wait_ready
from workers.pool import agent as node_agent
from workers.pool.agent import NodeAgent
from workers.pool.client import (
    AdapterUnknown,
    CompletionRequest,
    DuelLive,
    EngineClient,
    EngineRefused,
    FinishEvent,
    NotNumbers,
    StreamBroken,
    StreamStalled,
    TokenEvent,
)
from workers.pool.fake import FakeEngine, Fault
from workers.pool.fingerprint import PROBES
from workers.pool.node import create_node_app
from workers.pool.protocol import EngineReply, Progress


async def identity_name(client: EngineClient) -> str:
    identity = (await client.health()).identity
    assert identity
    return identity.name


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")


def test_health_needs_no_token_and_everything_else_does(node: Node) -> None:
    with httpx.Client(base_url=node.url, trust_env=False) as http:
        health = http.get("/health").json()
        assert health["state"] == "ready"
        assert health["template_digest"] == HOUSE_MODEL.template_digest
        assert health["hardware"]["class"] == "fake"
        for method, path in (
            ("GET", "/v1/models"),
            ("POST", "/v1/completions"),
            ("POST", "/adapters"),
            ("POST", "/adapters/a-0/check"),
            ("GET", "/attestation?challenge=x"),
            ("GET", "/tokenizer/tokenizer.json"),
        ):
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {node.token}"}):
                answer = http.request(method, path, headers=headers)
                assert answer.status_code == 401, (method, path)
                assert answer.json()["error"]["code"] == "engine.token"


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/metrics", "/v1/load_lora_adapter", "/v1/chat/completions"]
)
def test_nothing_else_is_served(node: Node, path: str) -> None:
    assert call(node, "GET", path).status_code == 404
    assert call(node, "POST", path, {}).status_code == 404


@pytest.mark.parametrize("name", [HOUSE_MODEL.id, "base-internal", "", "a-" + "0" * 32])
def test_only_loaded_adapters_answer_never_the_base(node: Node, name: str) -> None:
    answer = completion(node, model=name, prompt="x")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "engine.unknown_adapter"


async def test_models_lists_the_adapters_alone(client: EngineClient, node: Node) -> None:
    listed = call(node, "GET", "/v1/models").json()["data"]
    assert [item["id"] for item in listed] == [await identity_name(client)]


@pytest.mark.parametrize(
    "extra",
    [{"logit_bias": {"5": 100}}, {"n": 4}, {"prompt_embeds": "AAAA"}, {"max_tokens": 0}, {"best_of": 2}],
)
async def test_a_request_beyond_the_allow_list_is_refused(
    client: EngineClient, node: Node, extra: dict[str, object]
) -> None:
    answer = completion(node, **{"model": await identity_name(client), "prompt": "secret words", **extra})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "engine.bad_request"
    assert next(iter(extra)) in error["message"]
    assert "secret words" not in error["message"]


@pytest.mark.parametrize(
    "prompt", ["x" * 2**20, ["x" * 2**20], [7] * 2**17, [[7] * 2**17]], ids=["text", "texts", "ids", "lists"]
)
async def test_a_prompt_of_a_megabyte_is_refused_before_it_reaches_the_engine(
    client: EngineClient, node: Node, agent: NodeAgent, prompt: object
) -> None:
    asked: list[CompletionRequest] = []
    complete = agent.engine.complete

    async def heard(request: CompletionRequest) -> EngineReply:
        asked.append(request)
        return await complete(request)

    agent.engine.complete = heard  # type: ignore[method-assign]
    answer = completion(node, model=await identity_name(client), prompt=prompt)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "engine.bad_request"
    assert "is too long; at most 65536 are read" in error["message"]
    assert len(answer.text) < 1000
    assert not asked


async def test_a_route_that_is_not_on_the_list_does_not_exist(node: Node, agent: NodeAgent) -> None:
    """The whole surface. Whoever adds to it changes this list, knowingly."""
    app = create_node_app(agent, "t")
    served = {
        (method, path) for path, operations in FastAPI.openapi(app)["paths"].items() for method in operations
    }
    assert served == {
        ("get", "/health"),
        ("get", "/attestation"),
        ("post", "/adapters"),
        ("post", "/adapters/{name}/check"),
        ("post", "/adapters/{name}/recycle"),
        ("post", "/recycle"),
        ("get", "/v1/models"),
        ("post", "/v1/completions"),
        ("get", "/tokenizer/{name}"),
        ("get", "/model/{name}"),
    }
    for path in ("/v1/unload_lora_adapter", "/sleep", "/reset_prefix_cache", "/invocations", "/pooling"):
        assert call(node, "POST", path, {}).status_code == 404


async def test_fifty_planted_swaps_are_caught(client: EngineClient, files: Files, agent: NodeAgent) -> None:
    """Another adapter answers under the name, fifty times in fifty; put right again, nobody is accused."""
    names = [
        (await client.ensure_adapter(**files.publish(make_adapter(seed, rank=1)))).name for seed in range(8)
    ]
    engine = agent.engine
    assert isinstance(engine, FakeEngine)
    voices = dict(engine._voices)
    pairs = [(one, other) for one in names for other in names if one != other][:50]
    caught = 0
    for name, other in pairs:
        engine._voices[name] = voices[other]
        caught += not (await client.check_adapter(name)).matches
        engine._voices[name] = voices[name]
    assert (caught, len(pairs)) == (50, 50)
    assert all([(await client.check_adapter(name)).matches for name in names])


@pytest.mark.parametrize("fault", get_args(Fault))
async def test_each_fault_of_the_fake_is_seen_for_what_it_is(
    node: Node, agent: NodeAgent, client: EngineClient, fault: Fault
) -> None:
    seen: dict[Fault, type[Exception] | None] = {
        "error": EngineRefused,
        "silent": StreamStalled,
        "stalled": StreamStalled,
        "endless": TimeoutError,
        "empty": None,
        "not_numbers": NotNumbers,
    }
    name = await identity_name(client)
    assert isinstance(agent.engine, FakeEngine)
    agent.engine.faults[name] = fault
    request = CompletionRequest(model=name, prompt="Hello.", max_tokens=60, logprobs=1)
    text, expected = "", seen[fault]
    async with EngineClient(node.url, node.token, first_token_seconds=1, stall_seconds=1) as hasty:

        async def listen() -> None:
            nonlocal text
            async with asyncio.timeout(2):
                async for event in hasty.stream(request):
                    text += event.text if isinstance(event, TokenEvent) else ""

        if expected is None:
            await listen()
            assert text == ""
        else:
            with pytest.raises(expected):
                await listen()


async def test_recycling_starts_the_engine_anew_with_what_it_had(
    client: EngineClient, files: Files, node: Node, agent: NodeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_agent, "BACKOFF", (0.01,))
    loaded = await client.ensure_adapter(**files.publish(make_adapter()))
    assert (await client.health()).loads == 1
    await client.recycle()
    assert (await client.health()).state != "ready", "nobody finds it ready once it was told to"
    await asyncio.to_thread(wait_ready, node.url, 20)
    health = await client.health()
    assert health.loads == 0
    assert loaded.name in [adapter.name for adapter in health.adapters]


async def test_an_adapter_is_loaded_once_under_its_hash_and_kept_read_only(
    client: EngineClient, files: Files, node: Node
) -> None:
    adapter = make_adapter()
    wanted = files.publish(adapter)
    first = await client.ensure_adapter(**wanted)
    assert first.name == f"a-{adapter.digest[:32]}"
    assert first.effect
    again = await client.ensure_adapter(**wanted)
    assert (again.fingerprint, again.load_ms) == (first.fingerprint, 0.0)
    kept = node.data_dir / "adapters" / "sha256" / adapter.digest
    assert (kept / "adapter_model.safetensors").read_bytes() == adapter.weights
    for path in (kept, *kept.iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    check = await client.check_adapter(first.name)
    assert (check.fingerprint, check.matches) == (first.fingerprint, True)


async def test_who_answers_the_first_question_like_the_house_is_known_by_another(
    client: EngineClient, files: Files, agent: NodeAgent
) -> None:
    identity = await identity_name(client)
    complete, first = agent.engine.complete, HOUSE_MODEL.render(PROBES[0])

    async def alike(request: CompletionRequest) -> EngineReply:
        return await complete(
            request.model_copy(update={"model": identity} if request.prompt == first else {})
        )

    agent.engine.complete = alike  # type: ignore[method-assign]
    loaded = await client.ensure_adapter(**files.publish(make_adapter()))
    assert loaded.effect
    assert (await client.check_adapter(loaded.name)).matches

    async def swapped(request: CompletionRequest) -> EngineReply:
        return await complete(request.model_copy(update={"model": identity}))

    agent.engine.complete = swapped  # type: ignore[method-assign]
    assert not (await client.check_adapter(loaded.name)).matches


async def test_an_adapter_that_changes_nothing_is_named_as_such(client: EngineClient, files: Files) -> None:
    nothing = await client.ensure_adapter(**files.publish(make_adapter(scale=0.0, rank=4)))
    assert not nothing.effect
    assert [item.effect for item in (await client.health()).adapters] == [False, False]


async def test_files_that_are_not_the_digest_are_refused_and_not_kept(
    client: EngineClient, files: Files, node: Node
) -> None:
    true, other = make_adapter(), make_adapter(seed=2)
    swapped = files.publish(Adapter(true.digest, true.config, other.weights))
    with pytest.raises(EngineRefused) as caught:
        await client.ensure_adapter(**swapped)
    assert (caught.value.status, caught.value.code) == (422, "engine.digest_mismatch")
    assert len(list((node.data_dir / "adapters" / "sha256").iterdir())) == 1  # the identity adapter alone


async def test_an_adapter_of_the_wrong_rank_never_reaches_the_engine(
    client: EngineClient, files: Files
) -> None:
    with pytest.raises(EngineRefused) as caught:
        await client.ensure_adapter(**files.publish(make_adapter(rank=HOUSE_MODEL.max_rank * 2)))
    assert caught.value.code == "engine.rank"


async def test_a_link_that_does_not_answer_is_the_links_fault(client: EngineClient, files: Files) -> None:
    wanted = files.publish(make_adapter())
    with pytest.raises(EngineRefused) as caught:
        await client.ensure_adapter(**{**wanted, "weights_url": wanted["weights_url"] + ".gone"})
    assert (caught.value.status, caught.value.code) == (502, "engine.download")


@pytest.mark.parametrize("digest", ["../../etc", "A" * 64, "0" * 63])
def test_a_digest_must_be_a_digest(node: Node, digest: str) -> None:
    body = {"digest": digest, "weights_url": "http://127.0.0.1/", "config_url": "http://127.0.0.1/"}
    assert call(node, "POST", "/adapters", body).status_code == 422


async def test_nothing_is_loaded_or_checked_while_a_duel_streams(
    client: EngineClient, files: Files, agent: NodeAgent
) -> None:
    name = await identity_name(client)
    wanted = files.publish(make_adapter())
    request = CompletionRequest(model=name, prompt="x", max_tokens=4096 - 64, ignore_eos=True)
    stream = client.stream(request, duel=True)
    assert isinstance(await anext(stream), TokenEvent)
    with pytest.raises(DuelLive):
        await client.ensure_adapter(**wanted)
    with pytest.raises(DuelLive):
        await client.check_adapter(name)
    await stream.aclose()
    await until(
        lambda: not agent.gate.duels and not agent.gate.running
    )  # the node notices that the reader has gone
    assert (await client.ensure_adapter(**wanted)).effect


async def test_a_load_that_waits_gives_way_to_a_duel(
    client: EngineClient, files: Files, agent: NodeAgent
) -> None:
    """Else the one side would speak, then the adapter be loaded, then the other side speak."""
    name = await identity_name(client)
    request = CompletionRequest(model=name, prompt="x", max_tokens=4096 - 64, ignore_eos=True)
    ordinary = client.stream(request)
    await anext(ordinary)
    loading = asyncio.create_task(client.ensure_adapter(**files.publish(make_adapter())))
    await until(lambda: agent.gate.closed)
    sides = [client.stream(request, duel=True) for _ in range(2)]
    for side in sides:
        assert isinstance(await anext(side), TokenEvent)
    with pytest.raises(DuelLive):
        await loading
    for stream in (*sides, ordinary):
        await stream.aclose()


async def test_a_load_waits_for_ordinary_generations(
    client: EngineClient, files: Files, agent: NodeAgent
) -> None:
    request = CompletionRequest(
        model=await identity_name(client), prompt="x", max_tokens=300, ignore_eos=True
    )

    async def read() -> list[TokenEvent | FinishEvent]:
        return [event async for event in client.stream(request)]

    reading = asyncio.create_task(read())
    await until(lambda: agent.gate.running > 0)
    loaded = await client.ensure_adapter(**files.publish(make_adapter()))
    assert reading.done()
    assert loaded.effect


async def test_a_dead_engine_is_started_again_with_its_adapters(
    client: EngineClient, files: Files, agent: NodeAgent, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = await client.ensure_adapter(**files.publish(make_adapter()))
    before = await client.health()
    request = CompletionRequest(model=loaded.name, prompt="x", max_tokens=3000, ignore_eos=True)
    stream = client.stream(request)
    await anext(stream)
    looked, start = threading.Event(), agent.engine.start

    async def start_once_looked(progress: Callable[[Progress], None]) -> None:
        await asyncio.to_thread(looked.wait, 20)
        await start(progress)

    monkeypatch.setattr(agent.engine, "start", start_once_looked)
    loop = agent._life.get_loop()  # type: ignore[union-attr]
    loop.call_soon_threadsafe(agent.engine.die, "the test pulled the plug")  # type: ignore[attr-defined]
    with pytest.raises(StreamBroken, match="pulled the plug"):
        async for _ in stream:
            pass
    # The stream's end may be heard a moment before the agent has heard of the death.
    await until(lambda: agent.health().state != "ready")
    health = await client.health()
    assert (health.state, "pulled the plug" in health.detail) == ("starting", True)
    with pytest.raises(EngineRefused) as caught:
        await client.check_adapter(loaded.name)
    assert caught.value.status == 503
    looked.set()
    await asyncio.to_thread(wait_ready, node.url, 20)
    assert (await client.health()).adapters == before.adapters
    assert (await client.check_adapter(loaded.name)).matches


def test_tokenizer_files_and_no_others(node: Node) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"):
        assert call(node, "GET", f"/tokenizer/{name}").json()
    for name in ("model.safetensors", "..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "gavel-manifest.json"):
        assert call(node, "GET", f"/tokenizer/{name}").status_code == 404


async def test_an_unknown_adapter_cannot_be_checked(client: EngineClient) -> None:
    with pytest.raises(AdapterUnknown):
        await client.check_adapter("a-" + "f" * 32)
