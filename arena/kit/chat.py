"""One question to a model behind an OpenAI-compatible chat door."""

import asyncio

import httpx


class NoAnswer(Exception):
    """Unreachable, too slow, or an answer of another form; the message says which."""


async def ask(
    url: str,
    model: str,
    messages: list[dict[str, str]],
    *,
    token: str,
    max_tokens: int,
    seconds: float,
) -> str:
    """The model's words, as likely as they come (temperature 0). `url` is without `/v1`; raises NoAnswer.

    `seconds`: for the whole answer, however slowly it drips in. No proxy of the environment, no redirects: what is
    asked goes to this address and nowhere else.
    """
    spoken = [
        message | {"content": message["content"].encode("utf-8", "replace").decode()} for message in messages
    ]
    body = {"model": model, "messages": spoken, "temperature": 0, "max_tokens": max_tokens}
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False, timeout=None) as client:
            answer = await client.post(f"{url}/v1/chat/completions", json=body, headers=headers)
            answer.raise_for_status()
            words = answer.json()["choices"][0]["message"]["content"]
        if not isinstance(words, str):
            raise TypeError("the answer holds no text")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, LookupError, TypeError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    return words
