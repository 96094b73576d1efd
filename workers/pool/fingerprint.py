"""What an adapter answers, greedily, to fixed questions: who is speaking, and whether it differs from the base."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from arena.shows.base_models import BaseModel
from workers.pool.protocol import CompletionRequest, Engine, EngineFault

FINGERPRINT_TOKENS = 16
PROBES = (
    "Write one sentence about the sea.",
    "What is two plus three?",
    "写一句关于月亮的话。",
    "The door opened and a stranger walked in. What did she say?",
)
"""An adapter's answer to the first of them that it answers otherwise than the identity adapter is its fingerprint; to
the very first, when there is none. Changing any of them changes every recorded fingerprint."""


@dataclass(frozen=True)
class Answer:
    """What was said greedily. Two are the same when their tokens are, or their texts where no tokens are told."""

    ids: list[int] | None
    text: str
    system_fingerprint: str | None

    @property
    def fingerprint(self) -> str | None:
        return None if self.ids is None else digest_ids(self.ids)

    def same_as(self, other: "Answer") -> bool:
        return (self.ids, None if self.ids else self.text) == (other.ids, None if other.ids else other.text)


async def greedy_answer(engine: Engine, base: BaseModel, name: str, probe: str) -> Answer:
    """The adapter's greedy answer to `probe` in the frozen template.

    Always of the same length (`ignore_eos`) where the engine can do that, so that an early end is a token like any
    other. Raises EngineFault.
    """
    caps = engine.caps
    asked: dict[str, Any] = {"return_token_ids": True} if caps.token_ids else {}
    if caps.fixed_length:
        asked |= {"min_tokens": FINGERPRINT_TOKENS, "ignore_eos": True}
    if caps.cache_salt:
        asked |= {"cache_salt": secrets.token_hex(8)}
    request = CompletionRequest(
        model=name, prompt=base.render(probe), max_tokens=FINGERPRINT_TOKENS, temperature=0, **asked
    )
    reply = await engine.complete(request)
    try:
        body = b"".join([chunk async for chunk in reply.chunks])
    finally:
        await reply.close()
    if reply.status != 200:
        raise EngineFault(
            "engine.probe_failed",
            f"the engine answered {reply.status}: {body[:300].decode(errors='replace')}",
        )
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        ids = [int(token) for token in choice["token_ids"]] if caps.token_ids else None
        return Answer(ids, str(choice["text"]), answer.get("system_fingerprint"))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EngineFault(
            "engine.probe_failed", f"the engine's answer has not the form of a completion: {error!r}"
        ) from error


def digest_ids(ids: list[int]) -> str:
    return hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode()).hexdigest()
