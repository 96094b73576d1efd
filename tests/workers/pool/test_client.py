"""The client's stream against the fake node, and against servers that misbehave."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.support.engine import Node
from workers.pool import fake_text
from workers.pool.client import (
    AdapterUnknown,
    CompletionRequest,
    EngineClient,
    EngineUnreachable,
    FinishEvent,
    StreamBroken,
    StreamStalled,
    TokenEvent,
)


async def read(client: EngineClient, **fields: object) -> tuple[list[TokenEvent], FinishEvent]:
    identity = (await client.health()).identity
    assert identity
    request = CompletionRequest.model_validate({"model": identity.name, "prompt": "Say something", **fields})
    events = [event async for event in client.stream(request)]
    *tokens, finish = events
    assert isinstance(finish, FinishEvent)
    assert all(isinstance(token, TokenEvent) for token in tokens)
    return [token for token in tokens if isinstance(token, TokenEvent)], finish


async def test_every_token_arrives_with_its_id_text_and_time(client: EngineClient) -> None:
    tokens, finish = await read(client, prompt="写一句话", max_tokens=200, seed=3)
    assert [token.index for token in tokens] == list(range(len(tokens)))
    assert [token.at_ns for token in tokens] == sorted(token.at_ns for token in tokens)
    assert "".join(token.text for token in tokens) == fake_text.decode([token.token_id for token in tokens])
    assert not any("\N{REPLACEMENT CHARACTER}" in token.text for token in tokens)
    assert any(token.text == "" for token in tokens)  # a character in the making
    assert finish.completion_tokens == len(tokens)
    assert finish.finish_reason == "stop"
    assert finish.system_fingerprint == "fake-1"


async def test_the_stamps_of_the_connection_come_in_order(client: EngineClient) -> None:
    before = time.perf_counter_ns()
    tokens, finish = await read(client, max_tokens=5)
    stamps = [before, finish.sent_ns, finish.head_ns, finish.chunk_ns, tokens[-1].at_ns, finish.at_ns]
    assert stamps == sorted(stamps)
    assert finish.sent_ns < finish.head_ns, "told by the connection itself"
    assert finish.chunk_ns == tokens[0].at_ns
    assert finish.metrics is None, "the fake engine measures nothing"


async def test_what_the_engine_measured_itself_is_handed_on() -> None:
    metrics = {"time_to_first_token_ms": 41.5, "queue_time_ms": 0.2, "mean_itl_ms": 9.8}
    empty = {"choices": [{"index": 0, "text": "", "token_ids": [], "finish_reason": None}]}
    one = {"choices": [{"index": 0, "text": "a", "token_ids": [9], "finish_reason": "length"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "metrics": metrics}
    said = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (empty, one, usage))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=said))
    async with EngineClient("http://node", "t", transport=transport) as client:
        events = [event async for event in client.stream(CompletionRequest(model="m", prompt="p"))]
    token, finish = events
    assert isinstance(token, TokenEvent) and isinstance(finish, FinishEvent)
    assert finish.metrics == metrics
    assert finish.chunk_ns < token.at_ns, "the first chunk was an empty one"


async def test_the_answer_depends_on_the_seed_unless_greedy(client: EngineClient) -> None:
    async def text(**fields: object) -> str:
        return "".join(token.text for token in (await read(client, max_tokens=64, **fields))[0])

    assert await text(seed=1) == await text(seed=1)
    assert await text(seed=1) != await text(seed=2)
    assert await text(seed=1, temperature=0) == await text(seed=2, temperature=0)


async def test_fixed_length_answers_are_exactly_that_long(client: EngineClient) -> None:
    tokens, finish = await read(client, max_tokens=150, min_tokens=150, ignore_eos=True)
    assert (len(tokens), finish.finish_reason) == (150, "length")


async def test_a_stop_string_ends_the_answer_before_it(client: EngineClient) -> None:
    whole = "".join(token.text for token in (await read(client, max_tokens=64, seed=5))[0])
    stop = whole[10:16]
    tokens, finish = await read(client, max_tokens=64, seed=5, stop=[stop])
    assert finish.finish_reason == "stop"
    assert "".join(token.text for token in tokens) == whole[: whole.index(stop)]


async def test_a_base_name_is_unknown(client: EngineClient) -> None:
    with pytest.raises(AdapterUnknown):
        await read(client, model="gemma-3-270m")


async def test_nobody_home() -> None:
    async with EngineClient("http://127.0.0.1:9", "t") as client:
        with pytest.raises(EngineUnreachable):
            await client.health()
        with pytest.raises(EngineUnreachable):
            await anext(client.stream(CompletionRequest(model="m", prompt="p")))


async def test_the_next_request_takes_the_connection_of_the_last(client: EngineClient, node: Node) -> None:
    port, seen = urlsplit(node.url).port, []
    for _ in range(3):
        await read(client, max_tokens=3)
        open_ones = psutil.Process().net_connections("tcp")
        seen.append([one.laddr.port for one in open_ones if port in one.raddr])
    assert len(seen[0]) == 1
    assert seen == [seen[0]] * 3


TOKEN = b'data: {"choices":[{"index":0,"text":"a","token_ids":[9],"finish_reason":null}]}\n\n'


def misbehaving(body: Callable[[], AsyncIterator[bytes]]) -> EngineClient:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body())

    transport = httpx.MockTransport(answer)
    return EngineClient("http://node", "t", first_token_seconds=0.2, stall_seconds=0.2, transport=transport)


async def drain(client: EngineClient) -> list[TokenEvent | FinishEvent]:
    async with client:
        return [event async for event in client.stream(CompletionRequest(model="m", prompt="p"))]


async def test_a_silent_stream_stalls_before_and_after_the_first_token() -> None:
    async def silent() -> AsyncIterator[bytes]:
        await asyncio.sleep(5)
        yield TOKEN

    async def stops() -> AsyncIterator[bytes]:
        yield TOKEN
        await asyncio.sleep(5)

    with pytest.raises(StreamStalled, match="after 0 tokens"):
        await drain(misbehaving(silent))
    with pytest.raises(StreamStalled, match="after 1 tokens"):
        await drain(misbehaving(stops))


@pytest.mark.parametrize(
    "ending", [b"", b"data: [DONE]\n\n", b'data: {"error":{"message":"the engine died"}}\n\n']
)
async def test_an_answer_that_just_ends_is_broken_not_finished(ending: bytes) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield TOKEN
        yield ending

    with pytest.raises(StreamBroken):
        await drain(misbehaving(cut))
