"""What was likely beside each token: as vLLM says it, and as the fake engine invents it."""

import json
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from workers.pool.client import CompletionRequest, EngineClient, Likely, NotNumbers, TokenEvent


async def spoken(client: EngineClient, **fields: Any) -> list[TokenEvent]:
    identity = (await client.health()).identity
    assert identity
    request = CompletionRequest(model=identity.name, max_tokens=80, **fields)
    return [event async for event in client.stream(request) if isinstance(event, TokenEvent)]


@pytest.mark.parametrize("prompt", ["Say something", "写一句话"])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
async def test_the_token_that_is_said_and_the_likeliest_others(
    client: EngineClient, prompt: str, temperature: float
) -> None:
    events = await spoken(client, prompt=prompt, temperature=temperature, seed=4, logprobs=5)
    said = "".join(event.likely[0][0] for event in events)
    assert said == "".join(event.text for event in events), "each reads by itself as it reads in the answer"
    for event in events:
        (_, own), *others = event.likely
        assert len({text for text, _ in event.likely}) == 6
        chances = [math.exp(value) for _, value in others]
        assert chances == sorted(chances, reverse=True)
        assert math.exp(own) + sum(chances) < 1
        assert temperature or own >= max(value for _, value in others), "greedy says the likeliest"
    again = await spoken(client, prompt=prompt, temperature=temperature, seed=4, logprobs=5)
    assert [event.likely for event in again] == [event.likely for event in events]


async def test_asking_does_not_change_what_is_said(client: EngineClient) -> None:
    asked = [
        await spoken(client, prompt="Say something", seed=4, **extra)
        for extra in ({}, {"logprobs": 1}, {"logprobs": 5})
    ]
    ids = [[event.token_id for event in events] for events in asked]
    assert ids[0] == ids[1] == ids[2]
    assert [len(events[0].likely) for events in asked] == [0, 2, 6]


# --- as vLLM writes it ----------------------------------------------------------------------------------------------


def chunk(tokens: list[str], own: list[float | None], top: list[dict[str, float] | None]) -> bytes:
    said = {"tokens": tokens, "token_logprobs": own, "top_logprobs": top, "text_offset": [0] * len(tokens)}
    choice = {"index": 0, "text": "".join(tokens), "logprobs": said, "finish_reason": None}
    ids = [7 + place for place in range(len(tokens))]
    return b"data: " + json.dumps({"choices": [choice | {"token_ids": ids}]}).encode() + b"\n\n"


END = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'


async def heard(*chunks: bytes) -> list[tuple[Likely, ...]]:
    async def body() -> AsyncIterator[bytes]:
        for one in (*chunks, END):
            yield one

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body()))
    async with EngineClient("http://node", "t", transport=transport) as client:
        events = [event async for event in client.stream(CompletionRequest(model="m", prompt="p"))]
    return [event.likely for event in events if isinstance(event, TokenEvent)]


async def test_two_tokens_in_one_chunk_have_their_own() -> None:
    top: list[dict[str, float] | None] = [{"a": -0.5, "x": -1.0}, {"b": -0.1, "y": -3.0}]
    assert await heard(chunk(["a", "b"], [-0.5, -0.1], top)) == [
        (("a", -0.5), ("x", -1.0)),
        (("b", -0.1), ("y", -3.0)),
    ]


async def test_the_likeliest_comes_first_wherever_the_engine_put_it() -> None:
    top: list[dict[str, float] | None] = [{"a": -3.0, "z": -2.0, "x": -0.5}]
    assert await heard(chunk(["a"], [-3.0], top)) == [(("a", -3.0), ("x", -0.5), ("z", -2.0))]


async def test_what_is_impossible_or_no_number_is_left_out() -> None:
    top: list[dict[str, float] | None] = [{"a": -0.5, "never": -9999.0, "nan": math.nan, "inf": -math.inf}]
    assert await heard(chunk(["a"], [-0.5], top)) == [(("a", -0.5),)]
    assert await heard(chunk(["a"], [-9999.0], top)) == [()]
    with pytest.raises(NotNumbers):
        await heard(chunk(["a"], [math.nan], top))


async def test_of_two_that_read_alike_the_one_that_was_said_stays() -> None:
    """The engine's list is by text: the other one's value stands where the first one's was."""
    top: list[dict[str, float] | None] = [{"": -4.0, "x": -1.0}]
    assert await heard(chunk([""], [-0.5], top)) == [(("", -0.5), ("x", -1.0))]


async def test_lists_that_do_not_fit_are_none() -> None:
    assert await heard(chunk(["a", "b"], [-0.5, -0.1], [{"a": -0.5}])) == [(), ()]
    assert await heard(b'data: {"choices":[{"text":"a","token_ids":[9],"finish_reason":null}]}\n\n') == [()]
