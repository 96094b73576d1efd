"""What an adapter answers, greedily, to fixed questions: who is speaking, and whether it differs from the base."""

import hashlib
import json
import secrets

from arena.shows.base_models import BaseModel
from workers.pool.protocol import CompletionRequest, Engine, EngineFault

FINGERPRINT_TOKENS = 16
PROBES = (
    "Write one sentence about the sea.",
    "What is two plus three?",
    "写一句关于月亮的话。",
    "The door opened and a stranger walked in. What did she say?",
)
"""The first is the fingerprint. Changing any of them changes every recorded fingerprint."""


async def greedy_ids(engine: Engine, base: BaseModel, name: str, probe: str) -> tuple[list[int], str | None]:
    """The token ids of the adapter's greedy answer to `probe` in the frozen template, and the engine's fingerprint.

    Always the same length (`ignore_eos`), so that an early end is a token like any other. Raises EngineFault.
    """
    request = CompletionRequest(
        model=name,
        prompt=base.render(probe),
        max_tokens=FINGERPRINT_TOKENS,
        min_tokens=FINGERPRINT_TOKENS,
        ignore_eos=True,
        temperature=0,
        return_token_ids=True,
        cache_salt=secrets.token_hex(8),
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
    answer = json.loads(body)
    ids: list[int] = answer["choices"][0]["token_ids"]
    return ids, answer.get("system_fingerprint")


def digest_ids(ids: list[int]) -> str:
    return hashlib.sha256(json.dumps(ids, separators=(",", ":")).encode()).hexdigest()
