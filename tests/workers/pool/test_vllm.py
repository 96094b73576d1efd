"""The node with a real vLLM behind it: what the fake cannot show. One engine serves the whole run."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import psutil
import pytest

from arena.duels.trace import spoken
from arena.shows.base_models import HOUSE_MODEL
from tests.support.engine import (
    Adapter,
    Files,
    Node,
    call,
    completion,
    make_adapter,
    model_cache,
    wait_ready,
)
from workers.pool.client import (
    CompletionRequest,
    EngineClient,
    EngineRefused,
    FinishEvent,
    TokenEvent,
)
from workers.pool.protocol import AdapterAnswer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900), pytest.mark.xdist_group("engine")]

LOUD = make_adapter(seed=1, scale=0.5)
FIRST_WORDS = 4
"""Weights so large that a single row of it in another's answer shows at once."""

ASKED = HOUSE_MODEL.render("Name the seven days of the week.")


@pytest.fixture
async def client(engine_node: Node) -> AsyncIterator[EngineClient]:
    async with EngineClient(engine_node.url, engine_node.token) as opened:
        yield opened


async def loaded(client: EngineClient, files: Files, adapter: Adapter) -> AdapterAnswer:
    return await client.ensure_adapter(**files.publish(adapter))


async def identity_name(client: EngineClient) -> str:
    identity = (await client.health()).identity
    assert identity
    return identity.name


async def ids(client: EngineClient, model: str, tokens: int = 24, prompt: str = ASKED) -> list[int]:
    request = CompletionRequest(
        model=model, prompt=prompt, max_tokens=tokens, min_tokens=tokens, ignore_eos=True, temperature=0
    )
    events = [event async for event in client.stream(request)]
    assert isinstance(events[-1], FinishEvent)
    return [event.token_id for event in events if isinstance(event, TokenEvent)]


def test_the_house_model_knows_its_capitals(engine_node: Node) -> None:
    name = call(engine_node, "GET", "/v1/models").json()["data"][0]["id"]
    answer = completion(
        engine_node, model=name, prompt="Q: What is the capital of France?\nA:", max_tokens=8, temperature=0
    )
    assert "Paris" in answer.json()["choices"][0]["text"]


def test_every_prompt_begins_with_bos(engine_node: Node) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    served = tokenizers.Tokenizer.from_str(call(engine_node, "GET", "/tokenizer/tokenizer.json").text)
    ours = served.encode("x").ids
    assert ours[0] == served.token_to_id("<bos>")
    name = call(engine_node, "GET", "/v1/models").json()["data"][0]["id"]
    answer = completion(engine_node, model=name, prompt="x", max_tokens=1, return_token_ids=True)
    assert answer.json()["choices"][0]["prompt_token_ids"] == ours


def test_transformers_loads_the_tokenizer_with_bos() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(model_cache() / HOUSE_MODEL.id))
    assert tokenizer.encode("x")[0] == tokenizer.bos_token_id


@pytest.mark.parametrize("name", [HOUSE_MODEL.id, "base-internal"])
def test_the_base_is_refused_by_every_name(engine_node: Node, name: str) -> None:
    answer = completion(engine_node, model=name, prompt="x")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "engine.unknown_adapter"


async def test_an_adapter_loads_with_its_fingerprint_and_effect(client: EngineClient, files: Files) -> None:
    loud = await loaded(client, files, LOUD)
    health = await client.health()
    assert loud.effect
    assert loud.fingerprint not in {item.fingerprint for item in health.adapters if item.name != loud.name}
    assert (await client.check_adapter(loud.name)).matches
    assert (await client.check_adapter(await identity_name(client))).matches


async def test_an_adapter_that_changes_nothing_is_found_out(client: EngineClient, files: Files) -> None:
    nothing = await loaded(client, files, make_adapter(seed=3, scale=0.0, rank=4))
    assert not nothing.effect


async def test_a_mixed_batch_leaves_the_identity_adapter_alone(client: EngineClient, files: Files) -> None:
    """The regression test for base rows that take the last slot's adapter on CPU: the house answers through the
    identity adapter, and nobody beside it may change that, nor the other way round.

    Of the loud one, which is noise, by its first words: further on two can be as good as equal, and some processors add
    up a batch in another order.
    """
    house, loud = await identity_name(client), (await loaded(client, files, LOUD)).name
    house_alone, loud_alone = await ids(client, house), await ids(client, loud)
    alone = {house: house_alone, loud: loud_alone[:FIRST_WORDS]}
    assert house_alone[:FIRST_WORDS] != alone[loud]
    names = (house, loud, loud, house, loud, house)
    together = await asyncio.gather(*(ids(client, name) for name in names))
    assert [said[: len(alone[name])] for name, said in zip(names, together, strict=True)] == [
        alone[name] for name in names
    ]


async def test_tokens_arrive_one_by_one(client: EngineClient) -> None:
    request = CompletionRequest(
        model=await identity_name(client),
        prompt="从前有座山，",
        max_tokens=24,
        ignore_eos=True,
        temperature=0,
    )
    events = [event async for event in client.stream(request, duel=True)]
    tokens, finish = [event for event in events if isinstance(event, TokenEvent)], events[-1]
    assert isinstance(finish, FinishEvent)
    assert [token.index for token in tokens] == list(range(24))
    assert finish.completion_tokens == 24
    assert finish.system_fingerprint == (await client.health()).system_fingerprint
    assert len({token.at_ns for token in tokens}) > 12  # one chunk a token, not one for all
    assert not any("\N{REPLACEMENT CHARACTER}" in token.text for token in tokens[:-1])


async def test_asking_for_alternatives_changes_no_token(client: EngineClient) -> None:
    """And each token reads by itself as it reads in the answer, without the space or the stop that belong elsewhere."""
    said = []
    for logprobs in (None, 1, 5):
        request = CompletionRequest(
            model=await identity_name(client),
            prompt=ASKED,
            max_tokens=48,
            temperature=0.8,
            top_p=0.95,
            seed=11,
            stop=[HOUSE_MODEL.frame],
            logprobs=logprobs,
        )
        events = [event async for event in client.stream(request, duel=True)]
        said.append([event for event in events if isinstance(event, TokenEvent)])
    plain, one, five = ([event.token_id for event in events] for events in said)
    assert plain == one == five
    text = "".join(event.text for event in said[2])
    pieces = spoken(text, [event.likely[0][0] for event in said[2]])
    assert pieces is not None
    assert "".join(pieces) == text
    # Two that read alike are one: half a character reads as any other.
    assert all(2 <= len(event.likely) <= 6 for event in said[2])
    assert any(len(event.likely) >= 5 for event in said[2])
    assert [event.likely[0][1] for event in said[2]] == pytest.approx(
        [event.likely[0][1] for event in said[1]], abs=1e-3
    )


async def test_a_reader_who_leaves_frees_the_engine(client: EngineClient) -> None:
    request = CompletionRequest(
        model=await identity_name(client), prompt="x", max_tokens=900, ignore_eos=True, temperature=0
    )
    stream = client.stream(request, duel=True)
    await anext(stream)
    assert (await client.health()).running == 1
    await stream.aclose()
    for _ in range(100):
        if (await client.health()).running == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the generation went on without its reader")


async def test_a_prompt_beyond_the_context_is_refused_in_words(client: EngineClient) -> None:
    request = CompletionRequest(model=await identity_name(client), prompt="word " * 1100, max_tokens=8)
    with pytest.raises(EngineRefused) as caught:
        await anext(client.stream(request))
    assert caught.value.status == 400
    assert "1024" in str(caught.value)


async def test_a_killed_engine_comes_back_with_its_adapters(
    client: EngineClient, files: Files, engine_node: Node
) -> None:
    await loaded(client, files, LOUD)
    before = await client.health()
    (child,) = [
        item for item in psutil.Process(engine_node.pid).children() if "vllm" in " ".join(item.cmdline())
    ]
    os.kill(child.pid, signal.SIGKILL)
    for _ in range(100):
        if (health := await client.health()).state != "ready":
            break
        await asyncio.sleep(0.1)
    assert "SIGKILL" in health.detail
    await asyncio.to_thread(wait_ready, engine_node.url, 300)
    assert (await client.health()).adapters == before.adapters
