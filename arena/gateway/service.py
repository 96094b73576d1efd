"""What happens to a completion: asked, answered word by word, recorded."""

import secrets
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from arena.gateway import queries
from arena.gateway.contracts import CompletionAsked
from arena.gateway.models import Completion
from arena.gateway.queries import CallableModel
from arena.gateway.rules import MOST_CHARS_PER_TOKEN, TOKENS_PER_DAY, render
from arena.gateway.schemas import AI_LABEL, ChatRequest, Message
from arena.kit.db import Json, db_now, flush_unless_taken
from arena.kit.errors import Conflict, Invalid, NotFound, TooMany
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import require
from arena.nodes.public import LeasedNode
from arena.practice.public import Said, TalkPlan, VoicePlan, hear
from arena.shows.public import SeasonRules, season_rules
from arena.submissions import public as submissions
from arena.submissions.public import Entry, Submission

INTERRUPTED = "A duel took the engine in the middle of the answer. Ask again when the stage is free."


async def ask(
    site: Site, session: AsyncSession, person_id: UUID, model: CallableModel, body: ChatRequest
) -> Completion:
    """Put a conversation to a version; a worker answers when the engine is free.

    Raises Invalid for what is not answered, `moderation.…` included, TooMany over the quota, Conflict when another
    request of the person is under way.
    """
    rules = await season_rules(session, model.entry.season_id)
    sampling = sampling_of(body, rules)
    _check_messages(body.messages, rules)
    staged = await submissions.staged(session, model.submission)
    own = await submissions.read_system_prompt(site, staged.system_digest) if staged.system_digest else None
    render(rules.track.base, body.messages, own)  # refuses what has no place in the template
    if await queries.tokens_today(session, person_id) >= TOKENS_PER_DAY:
        raise TooMany(
            "gateway.quota",
            f"You have used your {TOKENS_PER_DAY} tokens of the last 24 hours.",
            limit=TOKENS_PER_DAY,
        )
    if await queries.under_way(session, person_id):
        raise _under_way()
    for message in body.messages:
        if message.text:
            await require(site, session, "gateway.message", message.text, person_id, model.entry.id)
    row = Completion(
        person_id=person_id,
        submission_id=model.submission.id,
        model=body.model,
        messages=[{"role": one.role, "content": one.text} for one in body.messages],
        sampling=sampling,
        seed=secrets.randbelow(2**31) if body.seed is None else body.seed,
        state="queued",
        text="",
        tokens=0,
    )
    await session.execute(
        delete(Completion).where(Completion.id.in_(await queries.forgettable(session, person_id)))
    )
    session.add(row)
    await flush_unless_taken(session, _under_way())
    await session.refresh(row, ["created_at"])
    record(session, CompletionAsked(completion_id=row.id))
    return row


def _under_way() -> Conflict:
    return Conflict("gateway.under_way", "Your last request has not been answered yet: one at a time.")


def sampling_of(body: ChatRequest, rules: SeasonRules) -> Json:
    """What was asked for, and the season's own where nothing was. Raises Invalid for more tokens than it allows."""
    default = rules.sampling
    most = body.most_tokens or default.max_tokens
    if most > default.max_tokens:
        raise Invalid(
            "gateway.max_tokens",
            f"An answer has {default.max_tokens} tokens at most in this season.",
            param="max_tokens",
            limit=default.max_tokens,
        )
    return {
        "max_tokens": most,
        "temperature": default.temperature if body.temperature is None else body.temperature,
        "top_p": default.top_p if body.top_p is None else body.top_p,
        "stop": [rules.track.base.frame, *body.stops],
    }


def _check_messages(messages: list[Message], rules: SeasonRules) -> None:
    if any(message.has_image for message in messages):
        raise Invalid(
            "gateway.no_images",
            f"The base model {rules.track.base_model} reads text only: it takes no images.",
            param="messages",
        )
    limit = rules.track.base.context * MOST_CHARS_PER_TOKEN
    length = sum(len(message.text) for message in messages)
    if length > limit:
        raise Invalid(
            "gateway.too_long",
            f"The conversation has {length} characters; {limit} are allowed.",
            param="messages",
            length=length,
            limit=limit,
        )


# --- for the worker that answers ----------------------------------------------------------------------------------


async def plan(site: Site, session: AsyncSession, completion_id: UUID) -> TalkPlan:
    row = await queries.completion(session, completion_id)
    _still_wanted(row)
    submission = await session.get_one(Submission, row.submission_id)
    entry = await session.get_one(Entry, submission.entry_id)
    track = (await season_rules(session, entry.season_id)).track
    staged = await submissions.staged(session, submission)
    own = await submissions.read_system_prompt(site, staged.system_digest) if staged.system_digest else None
    messages = [Message.model_validate(message) for message in row.messages]
    voice = VoicePlan(
        answer_id=row.id,
        adapter=submissions.adapter_ref(site, staged.adapter_digest),
        rendered=render(track.base, messages, own),
    )
    return TalkPlan(base_model=track.base_model, seed=row.seed, **row.sampling, voices=[voice])


async def answering(session: AsyncSession, completion_id: UUID, node: LeasedNode) -> None:
    """A node is held."""
    row = await queries.completion(session, completion_id, lock=True)
    _still_wanted(row)
    row.node = node.model_dump(mode="json", exclude={"node_id", "url"})
    row.state = "answering"


async def say(site: Site, session: AsyncSession, completion_id: UUID, _: UUID, said: Said) -> bool:
    """Show what has been said so far; False: it is to be silent."""
    row = await queries.completion(session, completion_id, lock=True)
    _still_wanted(row)
    heard = await hear(site, session, "gateway.answer", said, row.person_id, row.submission_id)
    row.tokens, row.prompt_tokens, row.refused = said.tokens, said.prompt_tokens, heard.refused
    row.finish_reason = said.finish_reason if heard.refused is None else "refused"
    if heard.text is not None:
        row.text = heard.text
    return heard.refused is None


async def interrupted(session: AsyncSession, completion_id: UUID) -> None:
    """A duel came, or the engine failed. What nobody has heard anything of is begun anew; an answer of which the first
    words are out cannot be."""
    row = await queries.completion(session, completion_id, lock=True)
    if row.text:
        await failed(session, completion_id, INTERRUPTED)
        return
    row.tokens, row.prompt_tokens, row.finish_reason, row.node = 0, None, None, None
    row.state = "queued"


async def answered(session: AsyncSession, completion_id: UUID) -> None:
    row = await queries.completion(session, completion_id, lock=True)
    row.answered_at = await db_now(session)
    row.state = "answered"


async def failed(session: AsyncSession, completion_id: UUID, reason: str) -> None:
    row = await session.get(Completion, completion_id, with_for_update=True)
    if row is not None and row.state != "failed":
        row.state, row.reason = "failed", reason


async def give_up(session: AsyncSession, completion_id: UUID, reason: str) -> None:
    """Whoever asked has gone, or waited long enough. Its worker, if it has one, ends when it wants to write."""
    row = await queries.completion(session, completion_id, lock=True)
    if row.state in ("queued", "answering"):
        await failed(session, completion_id, reason)


def _still_wanted(row: Completion) -> None:
    """Raises NotFound, by which a worker learns that nobody waits any more."""
    if row.state == "failed":
        raise NotFound("gateway.given_up", "Nobody waits for this answer any more.")


# --- the record ---------------------------------------------------------------------------------------------------


async def provenance(session: AsyncSession, row: Completion) -> tuple[Json, str]:
    """How an answer came about, and the SHA-256 of that in canonical JSON (RFC 8785).

    Private talks are in no episode, so their records stand alone and are not chained.
    """
    submission = await session.get_one(Submission, row.submission_id)
    entry = await session.get_one(Entry, submission.entry_id)
    staged = await submissions.staged(session, submission)
    track = (await season_rules(session, entry.season_id)).track
    document: dict[str, Any] = {
        "type": "gavel.completion.v1",
        **AI_LABEL,
        "id": str(row.id),
        "model": row.model,
        "entry": str(entry.id),
        "version": submission.version,
        "adapter_digest": staged.adapter_digest,
        "system_prompt_digest": staged.system_digest,
        "base_model": track.base_model,
        "messages_sha256": sha256(rfc8785.dumps(row.messages)).hexdigest(),
        "text_sha256": sha256(row.text.encode()).hexdigest(),
        "sampling": row.sampling,
        "seed": row.seed,
        "node": row.node,
        "tokens": row.tokens,
        "finish_reason": row.finish_reason,
        "refused": row.refused,
        "created_at": row.created_at.isoformat(),
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
    }
    return document, sha256(rfc8785.dumps(document)).hexdigest()
