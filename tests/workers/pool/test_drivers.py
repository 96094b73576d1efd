"""What every driver keeps, whatever is behind it: the same questions to each, through the node agent.

The plain driver is asked twice: with the fake in its place, and (marker `engine`) with real vLLM. Ray Serve is a
stand-in that does what its source says (tests/support/upstreams.py); real Ray has not been run.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from arena.nodes.attestation import Wanted
from arena.nodes.capabilities import EngineCaps, uses
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.safetensors import adapter_digest, identity_adapter
from tests.support.engine import Adapter, Files, Node, completion, make_adapter, real_node, served, wait_ready
from tests.support.upstreams import Bare, Ray, Upstream, Vllm, named, running
from workers.pool import agent as node_agent
from workers.pool import fake_text
from workers.pool.agent import NodeAgent
from workers.pool.client import (
    UNTOLD,
    AdapterUnknown,
    EngineClient,
    EngineNotReady,
    EngineRefused,
    FinishEvent,
    StreamBroken,
    TokenEvent,
)
from workers.pool.drivers.openai_compatible import OpenAiEngine
from workers.pool.drivers.ray_serve import RayServeEngine
from workers.pool.drivers.remote import Patience, RemoteEngine
from workers.pool.drivers.remote import Upstream as Address
from workers.pool.fake import BASE_DIGEST, Pace
from workers.pool.protocol import AdapterAnswer, CompletionRequest, Health
from workers.pool.serve import ELSEWHERE, fake_agent

KEY = "sk-of-a-test"
QUICK = Patience(connect=2, read=0.5, watch=0.05, misses=2)
FIRST, SECOND = make_adapter(1, rank=1), make_adapter(2, rank=1)
CONFIG, WEIGHTS = identity_adapter(HOUSE_MODEL)
HOUSE = Adapter(adapter_digest(CONFIG, WEIGHTS), CONFIG, WEIGHTS)
REMOTE = ("ray-serve", "openai-loading", "openai-mapped", "openai-bare")
REAL = pytest.param(
    "vllm", marks=[pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("engine")]
)
PROMPT = HOUSE_MODEL.render("Name the seven days of the week.")


@dataclass
class Rig:
    kind: str
    node: Node
    client: EngineClient
    files: Files
    server: Upstream | None
    caps: EngineCaps

    async def load(self, adapter: Adapter) -> AdapterAnswer:
        return await self.client.ensure_adapter(**self.files.publish(adapter))

    async def identity(self) -> str:
        identity = (await self.client.health()).identity
        assert identity
        return identity.name

    async def say(
        self, model: str, tokens: int = 12, **fields: object
    ) -> tuple[list[TokenEvent], FinishEvent]:
        asked = {"model": model, "prompt": PROMPT, "max_tokens": tokens, "temperature": 0} | fields
        *said, finish = [event async for event in self.client.stream(CompletionRequest.model_validate(asked))]
        assert isinstance(finish, FinishEvent)
        return [event for event in said if isinstance(event, TokenEvent)], finish

    async def text(self, model: str, tokens: int = 12, **fields: object) -> str:
        return "".join(event.text for event in (await self.say(model, tokens, **fields))[0])

    async def voice(self, model: str) -> object:
        """By which it is told from others: its tokens where they are said. Noise may read as nothing."""
        if not self.caps.token_ids:
            return await self.text(model)
        said, _ = await self.say(model, min_tokens=12, ignore_eos=True)
        return [event.token_id for event in said]

    @property
    def upstream(self) -> Upstream:
        assert self.server
        return self.server


def played(kind: str, tmp_path: Path) -> Upstream | None:
    """The server behind a driver, when it is one by address."""
    everybody = named(HOUSE, FIRST, SECOND)
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    servers: dict[str, Callable[[], Upstream]] = {
        "ray-serve": lambda: Ray(key=KEY, bucket=bucket),
        "openai-loading": lambda: Vllm(key=KEY, loads=True),
        "openai-mapped": lambda: Vllm(key=KEY, adapters=everybody),
        "openai-bare": lambda: Bare(key=KEY, adapters=everybody),
    }
    return servers[kind]() if kind in servers else None


def driver(kind: str, server: Upstream, tmp_path: Path, key: str = KEY) -> RemoteEngine:
    address = Address(server.url, key, "it was read in the test")
    tokenizer = tmp_path / "tokenizer"
    fake_text.write_tokenizer(tokenizer)
    if isinstance(server, Ray):
        return RayServeEngine(
            address, base="house", lora_path=server.bucket.as_uri(),
            tokenizer_dir=tokenizer, max_rank=16, max_loras=8, patience=QUICK,
        )  # fmt: skip
    assert isinstance(server, Vllm)
    mapped = kind != "openai-loading"
    return OpenAiEngine(
        address,
        models={adapter.digest: name for name, adapter in server.adapters.items()} if mapped else None,
        lora_path=None if mapped else tmp_path / "bucket",
        tokenizer_dir=tokenizer, max_rank=16, max_loras=8, patience=QUICK,
    )  # fmt: skip


def agent_of(engine: RemoteEngine, data_dir: Path) -> NodeAgent:
    async def prepared(progress: object) -> str:
        return BASE_DIGEST

    return NodeAgent(engine, HOUSE_MODEL, data_dir, ELSEWHERE, prepared)


@pytest.fixture(scope="module", autouse=True)
def surroundings() -> Iterator[None]:
    """Proxies that would answer nothing: whoever used one would reach nobody. And no long pauses."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        for name in ("no_proxy", "NO_PROXY"):
            patch.delenv(name, raising=False)
        patch.setattr(node_agent, "BACKOFF", (0.01,))
        yield


Parts = tuple[str, Node, Upstream | None]


@pytest.fixture(scope="module")
def parts(
    request: pytest.FixtureRequest, surroundings: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Parts]:
    """One node of each kind for all tests; what a test breaks is mended after it."""
    kind = str(request.param)
    if kind == "vllm":
        yield kind, real_node(), None
        return
    folder = tmp_path_factory.mktemp(kind)
    with ExitStack() as stack:
        server = played(kind, folder)
        if server is None:
            agent = fake_agent(folder / "node", pace=Pace(first_token=0.001, token=0.001))
        else:
            stack.enter_context(running(server))
            agent = agent_of(driver(kind, server, folder), folder / "node")
        yield kind, stack.enter_context(served(agent, folder / "node")), server


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    server = Files(tmp_path_factory.mktemp("links"))
    yield server
    server.close()


@pytest.fixture
async def rig(parts: Parts, links: Files) -> AsyncIterator[Rig]:
    kind, node, server = parts
    if server is not None:
        server.well_again(KEY)
        if isinstance(server, Ray):
            server.missing.clear()  # half a minute is over
    await asyncio.to_thread(wait_ready, node.url, 20)
    async with EngineClient(node.url, node.token) as first:
        caps = (await first.health()).caps
    async with EngineClient(node.url, node.token, caps=caps, stall_seconds=20) as client:
        yield Rig(kind, node, client, links, server, caps)


each = pytest.mark.parametrize("parts", ["fake", *REMOTE, REAL], indirect=True)
each_remote = pytest.mark.parametrize("parts", REMOTE, indirect=True)
each_told = pytest.mark.parametrize("parts", ["fake", *REMOTE[:-1], REAL], indirect=True)


# --- what all have in common ----------------------------------------------------------------------------------------


@each
async def test_it_starts_and_says_what_it_is(rig: Rig) -> None:
    health = await rig.client.health()
    wanted = {"fake": "fake", "vllm": "vllm", "ray-serve": "ray-serve"}.get(rig.kind, "openai")
    assert (health.state, health.driver, health.fake) == ("ready", wanted, rig.kind == "fake")
    own = rig.kind in ("fake", "vllm")
    assert (health.caps.exclusive, health.caps.restart) == (own, own)
    assert health.caps.token_ids == health.caps.cache_salt == (rig.kind != "openai-bare")
    assert health.caps.dynamic_lora == (rig.kind not in ("openai-mapped", "openai-bare"))
    allowed = uses(health.caps)
    assert ("duel" in allowed, "speed" in allowed, "probe" in allowed) == (own, own, own)
    assert "practice" in allowed
    assert ("benchmark" in allowed) == (rig.kind != "openai-bare")
    assert health.engine_build
    assert KEY not in health.model_dump_json()


@each
async def test_a_load_is_done_once_and_gives_each_adapter_its_own_voice(rig: Rig) -> None:
    first, second = await rig.load(FIRST), await rig.load(SECOND)
    assert first.effect
    assert second.effect
    assert (await rig.load(FIRST)).load_ms == 0
    one, other = await rig.voice(first.name), await rig.voice(second.name)
    house = await rig.voice(await rig.identity())
    assert one == await rig.voice(first.name), "greedy"
    assert one
    assert one != other != house != one


@each
async def test_the_identity_adapter_is_an_entry_like_any_other_and_the_base_is_none(rig: Rig) -> None:
    health = await rig.client.health()
    assert health.identity
    assert health.identity.digest == HOUSE.digest
    assert await rig.text(health.identity.name)
    for name in ("house", "base-internal", HOUSE_MODEL.id, "house:", "tuned-0", ""):
        with pytest.raises(AdapterUnknown):
            await rig.say(name)


@each
async def test_an_unknown_adapter_is_not_there(rig: Rig) -> None:
    with pytest.raises(AdapterUnknown, match="no adapter named"):
        await rig.say("a-" + "0" * 32)


@each
async def test_tokens_are_counted_and_texts_are_whole(rig: Rig) -> None:
    said, finish = await rig.say(await rig.identity(), tokens=20)
    assert 0 < finish.completion_tokens <= 20
    assert finish.prompt_tokens > 0
    assert finish.finish_reason in ("stop", "length")
    assert not any("\N{REPLACEMENT CHARACTER}" in event.text for event in said[:-1])
    assert [event.index for event in said] == list(range(len(said)))
    if rig.caps.token_ids:
        assert len(said) == finish.completion_tokens
        assert UNTOLD not in {event.token_id for event in said}
    else:
        assert {event.token_id for event in said} == {UNTOLD}


@each
async def test_a_stop_string_ends_an_answer_before_it(rig: Rig) -> None:
    name = await rig.identity()
    whole = await rig.text(name, tokens=30)
    stop = whole[len(whole) // 2 :][:4]
    assert stop
    said, finish = await rig.say(name, tokens=30, stop=[stop])
    assert finish.finish_reason == "stop"
    assert "".join(event.text for event in said) == whole[: whole.index(stop)]


@each
async def test_a_seed_fixes_what_is_drawn(rig: Rig) -> None:
    name = await rig.identity()
    said = [await rig.text(name, temperature=1, seed=seed, tokens=24) for seed in (5, 5, 6, 7, 8)]
    assert said[0] == said[1]
    assert len(set(said)) > 1


@each
async def test_a_prompt_beyond_the_context_is_refused_in_words(rig: Rig) -> None:
    with pytest.raises(EngineRefused, match="context") as caught:
        await rig.say(await rig.identity(), prompt="word " * 1200)
    assert caught.value.status == 400
    assert KEY not in str(caught.value)
    assert await rig.text(await rig.identity()), "and nothing else is lost"


@each_told
async def test_answers_of_a_fixed_length_have_it(rig: Rig) -> None:
    said, finish = await rig.say(await rig.identity(), tokens=40, min_tokens=40, ignore_eos=True)
    assert (len(said), finish.completion_tokens, finish.finish_reason) == (40, 40, "length")


@each_told
async def test_a_fingerprint_is_taken_and_found_again(rig: Rig) -> None:
    first, second = await rig.load(FIRST), await rig.load(SECOND)
    assert first.fingerprint
    assert first.fingerprint != second.fingerprint
    check = await rig.client.check_adapter(first.name)
    assert (check.fingerprint, check.matches) == (first.fingerprint, True)


@each_told
async def test_log_probabilities_come_for_the_answer_and_the_prompt(rig: Rig) -> None:
    prompt = [int(token) for token in fake_text.encode("two")][1:]
    body = {"model": await rig.identity(), "prompt": prompt, "max_tokens": 1, "logprobs": 1, "temperature": 0}
    answer = await asyncio.to_thread(lambda: completion(rig.node, **body, echo=True))
    values = answer.json()["choices"][0]["logprobs"]["token_logprobs"]
    assert len(values) == len(prompt) + 1
    assert values[0] is None
    assert all(value <= 0 for value in values[1:])
    token, numbers = await rig.client.next_token(await rig.identity(), prompt)
    assert token is not None
    assert len(numbers) == 1


# --- a server by its address -----------------------------------------------------------------------------------------


@each_remote
async def test_the_key_is_shown_and_no_proxy_of_the_environment_is_used(rig: Rig) -> None:
    assert os.environ["http_proxy"] == "http://127.0.0.1:9"
    assert await rig.text(await rig.identity())
    assert {seen.get("authorization") for seen in rig.upstream.headers} == {f"Bearer {KEY}"}


@each_remote
async def test_only_names_of_adapters_are_ever_sent(rig: Rig) -> None:
    """The stand-ins also fail when their base is asked for."""
    await rig.load(FIRST)
    await rig.text(await rig.identity())
    asked = {str(body["model"]) for body in rig.upstream.asked}
    if rig.kind == "ray-serve":
        assert all(name.startswith("house:a-") for name in asked)
    else:
        assert not asked & {"house", "base-internal"}


@each_remote
async def test_a_stream_that_is_cut_is_broken_not_finished(rig: Rig) -> None:
    name = await rig.identity()
    rig.upstream.broken_after = 6
    with pytest.raises(StreamBroken, match="in the middle of an answer"):
        await rig.say(name, tokens=40)
    rig.upstream.broken_after = None
    assert await rig.text(name)


@each_remote
async def test_a_server_that_says_nothing_is_given_up(rig: Rig) -> None:
    name = await rig.identity()
    rig.upstream.silent = True
    with pytest.raises(EngineRefused, match="did not answer") as caught:
        await rig.say(name)
    assert (caught.value.status, caught.value.code) == (502, "engine.unreachable")


@each_remote
async def test_a_server_that_is_busy_is_asked_again_later(rig: Rig) -> None:
    name = await rig.identity()
    rig.upstream.busy = True
    with pytest.raises(EngineNotReady, match=r"overloaded.*engine\.upstream_busy"):
        await rig.say(name)


@each_remote
async def test_a_redirect_is_not_followed(rig: Rig) -> None:
    name = await rig.identity()
    with running(Bare()) as elsewhere:
        rig.upstream.away = elsewhere.url
        with pytest.raises(EngineRefused, match="redirects are not followed") as caught:
            await rig.say(name)
        assert caught.value.code == "engine.redirected"
        assert not elsewhere.headers, "neither prompt nor key went there"


@each_remote
async def test_a_key_that_is_refused_is_told_and_where_it_came_from(rig: Rig) -> None:
    rig.upstream.key = "another"
    with pytest.raises(EngineRefused, match=r"refused our key.*read in the test") as caught:
        await rig.say(await rig.identity())
    assert KEY not in str(caught.value)
    health = await until_not_ready(rig.client)
    assert "refused our key" in health.detail
    rig.upstream.key = KEY
    await asyncio.to_thread(wait_ready, rig.node.url, 20)


@each_remote
async def test_a_server_that_has_forgotten_its_adapters_gets_them_again(rig: Rig) -> None:
    name = (await rig.load(FIRST)).name
    before = await rig.text(name)
    rig.upstream.forgetful = True
    with pytest.raises(EngineRefused, match="404"):
        await rig.say(name)
    await until_not_ready(rig.client)
    rig.upstream.forgetful = False
    if isinstance(rig.server, Ray):
        rig.server.missing.clear()  # half a minute is over
    await asyncio.to_thread(wait_ready, rig.node.url, 20)
    assert await rig.text(name) == before


@each_remote
async def test_nothing_is_left_out_of_a_request_in_silence(rig: Rig) -> None:
    name = await rig.identity()
    body = {"model": name, "prompt": [5, 6], "cache_salt": "x", "return_token_ids": True, "min_tokens": 2}
    before = len(rig.upstream.asked)
    answer = await asyncio.to_thread(lambda: completion(rig.node, **body, max_tokens=2))
    if rig.kind == "openai-bare":
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "engine.unsupported")
        for field in ("prompt", "cache_salt", "return_token_ids", "min_tokens"):
            assert field in error["message"]
        assert len(rig.upstream.asked) == before, "and it was not sent"
    else:
        assert answer.status_code == 200
        sent = rig.upstream.asked[-1]
        assert {field: sent[field] for field in body if field != "model"} == {
            field: value for field, value in body.items() if field != "model"
        }


@each_remote
async def test_a_duel_is_refused_by_the_node_itself(rig: Rig) -> None:
    request = CompletionRequest(model=await rig.identity(), prompt="x", max_tokens=4)
    with pytest.raises(EngineRefused, match="alone on one replica") as caught:
        await anext(rig.client.stream(request, duel=True))
    assert caught.value.code == "engine.not_exclusive"
    with pytest.raises(EngineRefused, match=r"engine\.not_ours"):
        await rig.client.recycle()


@pytest.mark.parametrize("parts", REMOTE[:-1], indirect=True)
async def test_another_adapter_under_a_name_is_caught(rig: Rig) -> None:
    first = await rig.load(FIRST)
    rig.upstream.mixed_up = True
    assert not (await rig.client.check_adapter(first.name)).matches
    rig.upstream.mixed_up = False
    assert (await rig.client.check_adapter(first.name)).matches


@pytest.mark.parametrize("parts", ["openai-bare"], indirect=True)
async def test_without_token_ids_nobody_is_recognised_and_nothing_is_attested(rig: Rig) -> None:
    first = await rig.load(FIRST)
    assert first.fingerprint is None
    rig.upstream.mixed_up = True
    check = await rig.client.check_adapter(first.name)
    assert (check.fingerprint, check.matches) == (None, True), "which is why nothing ranked is sent there"
    with pytest.raises(EngineRefused, match=r"engine\.unrecognised"):
        await rig.client.attestation(Wanted(challenge="x", adapters=(first.name,)))


@pytest.mark.parametrize("parts", ["openai-mapped", "openai-bare"], indirect=True)
async def test_what_a_server_was_not_set_up_with_cannot_be_loaded(rig: Rig) -> None:
    there = {one.digest for one in (await rig.client.health()).adapters}
    assert there == {HOUSE.digest, FIRST.digest, SECOND.digest}, "and what it was is there from the beginning"
    with pytest.raises(EngineRefused, match="--models") as caught:
        await rig.load(make_adapter(3, rank=1))
    assert caught.value.code == "engine.not_served"


@pytest.mark.parametrize("parts", ["ray-serve", "openai-loading"], indirect=True)
async def test_files_are_put_where_the_server_reads_them_and_never_changed(rig: Rig) -> None:
    loaded = await rig.load(FIRST)
    place = rig.node.data_dir.parent / "bucket" / loaded.name
    assert sorted(path.name for path in place.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert (place / "adapter_model.safetensors").read_bytes() == FIRST.weights
    written = (place / "adapter_model.safetensors").stat().st_mtime_ns
    rig.upstream.forgetful = True
    with pytest.raises(EngineRefused):
        await rig.say(loaded.name)
    await until_not_ready(rig.client)
    rig.upstream.forgetful = False
    if isinstance(rig.server, Ray):
        rig.server.missing.clear()
    await asyncio.to_thread(wait_ready, rig.node.url, 20)
    assert (place / "adapter_model.safetensors").stat().st_mtime_ns == written


async def until_not_ready(client: EngineClient) -> Health:
    for _ in range(500):
        health = await client.health()
        if health.state != "ready":
            return health
        await asyncio.sleep(0.01)
    raise AssertionError("the node did not notice")


# --- servers that cannot be used --------------------------------------------------------------------------------------


async def why_not(engine: RemoteEngine, data_dir: Path) -> str:
    """What the node says when it cannot start."""
    agent = agent_of(engine, data_dir)
    agent.begin()
    try:
        for _ in range(500):
            health = agent.health()
            if health.state == "failed":
                return health.detail
            assert health.state != "ready"
            await asyncio.sleep(0.01)
    finally:
        await agent.end()
    raise AssertionError("it neither started nor failed")


async def test_nobody_at_the_address(tmp_path: Path) -> None:
    tokenizer = tmp_path / "t"
    for engine in (
        OpenAiEngine(Address("http://127.0.0.1:9"), models={HOUSE.digest: "x"}, tokenizer_dir=tokenizer,
                     max_rank=16, max_loras=1, patience=QUICK),
        RayServeEngine(Address("http://127.0.0.1:9"), base="b", lora_path=tmp_path.as_uri(), tokenizer_dir=tokenizer,
                       max_rank=16, max_loras=1, patience=QUICK),
    ):  # fmt: skip
        assert "127.0.0.1:9 did not answer" in await why_not(engine, tmp_path / engine.driver)


@pytest.mark.parametrize("kind", REMOTE)
async def test_a_wrong_key_at_the_start(kind: str, tmp_path: Path) -> None:
    server = played(kind, tmp_path)
    assert server
    with running(server):
        why = await why_not(driver(kind, server, tmp_path, key="wrong"), tmp_path / "node")
    assert "refused our key (401); it was read in the test" in why
    assert "wrong" not in why.replace("what is wrong", "")


async def test_a_bucket_that_ray_does_not_read(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with running(Ray(bucket=tmp_path / "other")) as server:
        (tmp_path / "bucket").mkdir()
        engine = RayServeEngine(
            Address(server.url), base="house", lora_path=(tmp_path / "bucket").as_uri(),
            tokenizer_dir=tmp_path, max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        why = await why_not(engine, tmp_path / "node")
    assert "does its dynamic_lora_loading_path name the same bucket" in why
    with running(Ray(bucket=tmp_path / "other", base="another")) as server:
        engine = RayServeEngine(
            Address(server.url), base="house", lora_path=(tmp_path / "bucket").as_uri(),
            tokenizer_dir=tmp_path, max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        assert "serves no model_id 'house'" in await why_not(engine, tmp_path / "node2")


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ({FIRST.digest: "tuned-0"}, f"--models names no model for {HOUSE.digest}"),
        ({HOUSE.digest: "nobody"}, "serves no model 'nobody'"),
        ({HOUSE.digest: "base-internal"}, "is the base model of a server with adapters"),
    ],
)
async def test_a_map_that_does_not_fit_the_server(
    models: dict[str, str], reason: str, tmp_path: Path
) -> None:
    with running(Vllm(adapters=named(HOUSE))) as server:
        engine = OpenAiEngine(
            Address(server.url), models=models, tokenizer_dir=tmp_path,
            max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        assert reason in await why_not(engine, tmp_path / "node")


async def test_a_folder_that_the_server_does_not_see(tmp_path: Path) -> None:
    with running(Vllm(loads=True, root=tmp_path / "its-own")) as server:
        engine = OpenAiEngine(
            Address(server.url), lora_path=tmp_path, tokenizer_dir=tmp_path,
            max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        why = await why_not(engine, tmp_path / "node")
    assert "No adapter found" in why
    assert f"does it see {tmp_path} under this path?" in why


async def test_a_server_that_loads_nothing_or_counts_nothing_says_so(tmp_path: Path) -> None:
    with running(Vllm(adapters=named(HOUSE))) as server:
        engine = OpenAiEngine(
            Address(server.url), lora_path=tmp_path, tokenizer_dir=tmp_path,
            max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING" in await why_not(engine, tmp_path / "node")
    with running(Bare(adapters=named(HOUSE), usage=False)) as server:
        engine = OpenAiEngine(
            Address(server.url), models={HOUSE.digest: "tuned-0"}, tokenizer_dir=tmp_path,
            max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        assert "does not count the tokens of a stream" in await why_not(engine, tmp_path / "node2")


async def test_a_seed_that_is_taken_and_not_kept_does_not_count(tmp_path: Path) -> None:
    with running(Bare(adapters=named(HOUSE), seeds=False)) as server:
        engine = OpenAiEngine(
            Address(server.url), models={HOUSE.digest: "tuned-0"}, tokenizer_dir=tmp_path,
            max_rank=16, max_loras=1, patience=QUICK,
        )  # fmt: skip
        await engine.start(lambda progress: None)
        assert (engine.caps.seed, engine.caps.logprobs, engine.caps.echo) == (False, True, True)
        await engine.stop()
