"""To what an answer paid attention: asked for by the producer after the reveal, computed by a lab, shown to everybody.

No engine is leased. The lab reads the finished answer once more on its processor, so nothing on stage waits for it; it
begins only while no duel is on its way, and at the lowest priority.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import queries, service
from arena.duels.attention import MAX_BYTES, TOKENS, AttentionContract, AttentionMap, AttentionResult
from arena.duels.contracts import OTHER, AttentionAsked, SideName
from arena.duels.models import Answer, AttentionView, Duel
from arena.duels.schemas import AttentionStatus
from arena.duels.tracing import pieces_of, require_revealed, withheld
from arena.kit.db import Json
from arena.kit.errors import Conflict, Invalid, NotFound
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.jobs.service import NotReady
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.base_models import BaseModel
from arena.submissions import public as submissions

Conversation = Sequence[tuple[str, str]]
"""What was asked and answered before."""
Part = tuple[str, str]
"""What a stretch of the rendered prompt is (`template`, `system`, `prompt`), and its text."""


async def ask(
    site: Site, session: AsyncSession, duel: Duel, turn: int, side: SideName, by: UUID | None
) -> AttentionStatus:
    """Raises Forbidden before the reveal, Conflict for an answer that cannot be read once more."""
    require_revealed(duel)
    row = (await queries.answers_of_turn(session, duel, turn))[side]
    await session.refresh(row, with_for_update=True)
    if await withheld(session, row):
        raise Conflict("attention.off_air", "This answer was taken off air, and nothing of it is shown.")
    if nodes.LeasedNode.model_validate(duel.node).rehearsal:
        raise Conflict(
            "attention.rehearsal",
            "A rehearsal engine invented this answer; it has no weights that could have paid attention.",
        )
    view, job = await queries.attention(session, row.id)
    if view is None or view.state == "failed":
        if view is None:
            view = AttentionView(answer_id=row.id, asked_by=by)
            session.add(view)
        view.state, view.reason, view.ended_at = "asked", None, None
        await session.flush()
        record(session, AttentionAsked(view_id=view.id, duel_id=duel.id))
        job = None
    return AttentionStatus.of(view, job)


async def prepare(site: Site, session: AsyncSession, job: Job) -> AttentionContract:
    """Raises NotReady while the stage needs the machine, or no node has the weights."""
    view = await session.get_one(AttentionView, job.subject)
    row = await session.get_one(Answer, view.answer_id)
    duel = await queries.duel(session, row.duel_id)
    if await queries.any_under_way(session):
        raise NotReady(nodes.ENGINE, "waiting until no duel is on its way")
    base_digest = nodes.LeasedNode.model_validate(duel.node).base_digest
    node = await nodes.serving(site, session, base_digest)
    if node is None:
        raise NotReady(nodes.ENGINE, "waiting for an engine with the weights that gave this answer")
    base, parts = await _rendered(site, session, duel, row)
    tokens = await queries.tokens(session, row.id)
    return AttentionContract(
        view_id=str(view.id),
        base_model=base.id,
        base_digest=base_digest,
        engine_url=node.url,
        engine_token=node.bearer,
        adapter=submissions.adapter_ref(site, row.digest),
        rendered="".join(text for _, text in parts),
        token_ids=[token.token_id for token in tokens],
        put_url=site.links.write(_arriving(view.id), MAX_BYTES),
    )


async def finish(site: Site, session: AsyncSession, view_id: UUID, body: Json) -> None:
    """Keep the map under its hash, once it is known to be one. Raises Invalid and ValidationError."""
    result = AttentionResult.model_validate(body)
    view = await session.get_one(AttentionView, view_id)
    row = await session.get_one(Answer, view.answer_id)
    duel = await queries.duel(session, row.duel_id)
    file = await site.storage.read(_arriving(view_id))
    if hashlib.sha256(file).hexdigest() != result.sha256:
        raise Invalid("attention.other_file", "The file is not the one that the lab speaks of.")
    map = AttentionMap.model_validate_json(file)
    base, parts = await _rendered(site, session, duel, row)
    characters = sum(len(text) for _, text in parts)
    said = row.tokens
    if len(map.layers) != base.layers or map.answer != min(said, TOKENS - len(map.prompt)):
        raise Invalid("attention.other_answer", "The map is not of this answer on its base model.")
    if any(not 0 <= start <= end <= characters for start, end in map.prompt):
        raise Invalid("attention.other_answer", "The map names places that are not in the prompt.")
    await site.storage.put_once(_kept(result.sha256), file)
    await site.storage.delete(_arriving(view_id))
    view.state, view.reason, view.sha256, view.ended_at = "done", None, result.sha256, func.clock_timestamp()


async def failed(session: AsyncSession, view_id: UUID, reason: str) -> None:
    view = await session.get_one(AttentionView, view_id)
    if view.state == "asked":
        view.state, view.reason, view.ended_at = "failed", reason, func.clock_timestamp()


async def read(site: Site, session: AsyncSession, duel: Duel, turn: int, side: SideName) -> Json:
    """In the form of `AttentionOut`. Raises Forbidden before the reveal, NotFound while there is none."""
    require_revealed(duel)
    row = (await queries.answers_of_turn(session, duel, turn))[side]
    view, _ = await queries.attention(session, row.id)
    if view is None or view.sha256 is None or await withheld(session, row):
        raise NotFound("attention.not_there", "Nobody has looked at the attention of this answer yet.")
    # Off the loop: it is long, and many open the page at once.
    file = await site.storage.read(_kept(view.sha256))
    map = await asyncio.to_thread(AttentionMap.model_validate_json, file)
    base, parts = await _rendered(site, session, duel, row)
    pieces, _ = await pieces_of(session, row, row.text)
    prompt = [_prompt_token(parts, *place) for place in map.prompt]
    answer = [{"kind": "answer", "text": piece.text} for piece in pieces[: map.answer]]
    return {
        "diagnostic": True,
        "ai_generated": True,
        "base_model": base.id,
        "tokens": [*prompt, *answer],
        "answer_from": len(prompt),
        "cut": map.answer < row.tokens,
        "layers": [layer.model_dump() for layer in map.layers],
        "rollout": map.rollout.model_dump(),
    }


def _arriving(view_id: UUID) -> str:
    return f"incoming/attention/{view_id}.json"


def _kept(sha256: str) -> str:
    return f"sealed/attention/{sha256}.json"


async def _rendered(
    site: Site, session: AsyncSession, duel: Duel, row: Answer
) -> tuple[BaseModel, list[Part]]:
    """What the engine was given for this answer, in its parts."""
    base = (await service.track(session, duel.id)).base
    said = await queries.said(session, duel.id)
    own, other = said[row.side], said[OTHER[row.side]]
    asked = [duel.course.given(turn, other) for turn in range(1, row.turn + 1)]
    system = await service.system_text(site, row.system_digest)
    return base, parts_of(base, [*zip(asked, own, strict=False)][: row.turn - 1], asked[-1], system)


def parts_of(base: BaseModel, earlier: Conversation, prompt: str, system: str | None) -> list[Part]:
    """`base.render_turns`, and which of it is what. What was said in earlier turns is given, as the prompt is."""
    parts: list[Part] = []
    for asked, answered in earlier:
        parts += [*_parts(base, asked, system), ("prompt", answered), ("template", base.turn_end)]
        system = None
    return [*parts, *_parts(base, prompt, system)]


def _parts(base: BaseModel, prompt: str, system: str | None) -> list[Part]:
    template = base.template if system is None else base.system_template
    texts = {"{prompt}": ("prompt", prompt), "{system}": ("system", system or "")}
    return [texts.get(part, ("template", part)) for part in re.split(r"(\{(?:prompt|system)\})", template)]


def _prompt_token(parts: Sequence[Part], start: int, end: int) -> Json:
    """A token that holds but one character of the system prompt is the system prompt's, and is not shown."""
    if start == end:
        return {"kind": "mark", "text": ""}
    touched, at = set(), 0
    for kind, text in parts:
        if start < at + len(text) and at < end:
            touched.add(kind)
        at += len(text)
    kind = next(one for one in ("system", "prompt", "template") if one in touched)
    whole = "".join(text for _, text in parts)
    return {"kind": kind, "text": "" if kind == "system" else whole[start:end]}
