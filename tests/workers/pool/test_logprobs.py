"""Echoed log-probabilities as an evaluation harness reads them: sum over the continuation, greedy or not."""

from tests.support.engine import Node, completion
from workers.pool import fake_text
from workers.pool.client import EngineClient


async def test_echo_gives_one_value_a_token_and_none_for_the_first(client: EngineClient, node: Node) -> None:
    identity = (await client.health()).identity
    assert identity
    prompts = [fake_text.encode("2 + 2 = 4"), fake_text.encode("2 + 2 = 5")]
    body = {"prompt": prompts, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True, "seed": 1234}
    answer = completion(node, model=identity.name, **body).json()
    again = completion(node, model=identity.name, **body).json()
    assert answer["choices"] == again["choices"]
    for choice, prompt in zip(answer["choices"], prompts, strict=True):
        values, tops = choice["logprobs"]["token_logprobs"], choice["logprobs"]["top_logprobs"]
        assert len(values) == len(tops) == len(choice["logprobs"]["tokens"]) == len(prompt) + 1
        assert values[0] is tops[0] is None
        assert all(value < 0 for value in values[1:])
        assert all(value <= max(top.values()) for value, top in zip(values[1:], tops[1:], strict=True))
    left, right = (
        [choice["logprobs"]["token_logprobs"] for choice in answer["choices"]][side] for side in (0, 1)
    )
    assert left[-2] != right[-2]
