"""What happens to practice: asked, answered word by word, forgotten."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.public import check_prompt
from arena.kit.db import flush_unless_taken
from arena.kit.errors import Conflict
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import Action, add_record, check_growing, require, shows_growing
from arena.nodes.public import LeasedNode
from arena.practice import queries
from arena.practice.contracts import VOICES, PracticeAsked, PracticeChanged, Said, TalkPlan, VoicePlan
from arena.practice.models import Exchange, ExchangeState, PracticeAnswer
from arena.practice.rules import KEPT, UNDER_WAY
from arena.shows.public import season_rules
from arena.submissions import public as submissions
from arena.submissions.public import Entry, Submission


async def ask(
    site: Site, session: AsyncSession, entry: Entry, submission: Submission, person_id: UUID, prompt: str
) -> Exchange:
    """Put a prompt to a ready version and to the house; a worker answers when the engine is free.

    Raises Invalid `prompt.…` or `moderation.…` for a prompt that is not answered, Conflict when it is not possible now.
    """
    rules = await season_rules(session, entry.season_id)
    check_prompt(prompt, rules.max_prompt_chars)
    house = await queries.house_version(session, entry.season_id)
    if submission.state != "ready" or submission.digest is None:
        raise Conflict("practice.not_ready", "Only a version that is ready for the stage can practise.")
    if house is None or house.digest is None:
        raise Conflict("practice.house_not_ready", "The house model is not ready yet. Try again in a minute.")
    if await queries.under_way(session, person_id):
        raise _under_way()
    # What is held is refused here, too: nobody practises on a prompt that a moderator would have to read first.
    await require(site, session, "entry.practice", prompt, person_id, entry.id)
    exchange = Exchange(
        person_id=person_id,
        entry_id=entry.id,
        submission_id=submission.id,
        prompt=prompt,
        seed=secrets.randbelow(2**31),
        sampling=rules.sampling.model_dump(mode="json") | {"stop": rules.track.base.frame},
        state="queued",
    )
    session.add(exchange)
    await flush_unless_taken(session, _under_way())
    for voice, version in zip(VOICES, (submission, house), strict=True):
        digest = (await submissions.staged(session, version)).adapter_digest
        session.add(PracticeAnswer(exchange_id=exchange.id, voice=voice, digest=digest, text="", tokens=0))
    await session.flush()
    await session.refresh(exchange, ["created_at"])
    await _forget_older(session, person_id)
    record(session, PracticeAsked(exchange_id=exchange.id))
    return exchange


def _under_way() -> Conflict:
    return Conflict(
        "practice.under_way", "Your last prompt has not been answered yet. Wait for it or delete it."
    )


async def _forget_older(session: AsyncSession, person_id: UUID) -> None:
    kept = [row.id for row in await queries.newest(session, person_id)][:KEPT]
    await session.execute(delete(Exchange).where(Exchange.person_id == person_id, Exchange.id.not_in(kept)))


async def forget(session: AsyncSession, exchange: Exchange) -> None:
    """For good. What is under way ends when its worker finds nothing to write to."""
    await session.delete(exchange)
    record(session, PracticeChanged(exchange_id=exchange.id))


async def forget_all(session: AsyncSession, person_id: UUID) -> None:
    ended = Exchange.person_id == person_id, Exchange.state.not_in(UNDER_WAY)
    await session.execute(delete(Exchange).where(*ended))


# --- for the worker that answers ----------------------------------------------------------------------------------


async def plan(site: Site, session: AsyncSession, exchange_id: UUID) -> TalkPlan:
    exchange = await queries.exchange(session, exchange_id)
    entry = await session.get_one(Entry, exchange.entry_id)
    track = (await season_rules(session, entry.season_id)).track
    rows = await queries.answers(session, exchange_id)
    staged = await submissions.staged(session, await session.get_one(Submission, exchange.submission_id))
    system = (
        await submissions.read_system_prompt(site, staged.system_digest) if staged.system_digest else None
    )
    voices = [
        VoicePlan(
            answer_id=rows[voice].id,
            adapter=submissions.adapter_ref(site, rows[voice].digest),
            rendered=track.base.render(exchange.prompt, system if voice == "mine" else None),
        )
        for voice in VOICES
    ]
    return TalkPlan(
        base_model=track.base_model,
        seed=exchange.seed,
        max_tokens=exchange.sampling["max_tokens"],
        temperature=exchange.sampling["temperature"],
        top_p=exchange.sampling["top_p"],
        stop=[exchange.sampling["stop"]],
        voices=voices,
    )


async def answering(session: AsyncSession, exchange_id: UUID, _: LeasedNode) -> None:
    """A node is held."""
    await _move(session, exchange_id, "answering")


async def interrupted(session: AsyncSession, exchange_id: UUID) -> None:
    """A duel came, or the engine failed. It is begun anew, so what was half said goes."""
    if not await _move(session, exchange_id, "queued"):
        return
    for row in (await queries.answers(session, exchange_id)).values():
        row.text, row.tokens, row.finish_reason, row.refused = "", 0, None, None


async def answered(session: AsyncSession, exchange_id: UUID) -> None:
    await _move(session, exchange_id, "answered")


async def failed(session: AsyncSession, exchange_id: UUID, reason: str) -> None:
    exchange = await session.get(Exchange, exchange_id, with_for_update=True)
    if exchange is not None:  # else its owner has deleted it
        exchange.state, exchange.reason = "failed", reason
        record(session, PracticeChanged(exchange_id=exchange_id))


async def _move(session: AsyncSession, exchange_id: UUID, state: ExchangeState) -> bool:
    """False when its owner has deleted it."""
    exchange = await session.get(Exchange, exchange_id, with_for_update=True)
    if exchange is None:
        return False
    exchange.state = state
    record(session, PracticeChanged(exchange_id=exchange_id))
    return True


async def say(site: Site, session: AsyncSession, exchange_id: UUID, answer_id: UUID, said: Said) -> bool:
    """Show what a voice has said so far; False: it is to be silent."""
    exchange = await queries.exchange(session, exchange_id)
    row = await session.get_one(PracticeAnswer, answer_id)
    heard = await hear(site, session, "practice.answer", said, exchange.person_id, exchange.entry_id)
    row.tokens, row.finish_reason, row.refused = said.tokens, said.finish_reason, heard.refused
    if heard.refused is not None:
        row.text, row.finish_reason = "", "refused"
    elif heard.text is not None:
        row.text = heard.text
    return heard.refused is None


@dataclass(frozen=True)
class Heard:
    """What moderation lets through of what was said so far."""

    text: str | None
    """None: nothing new may be shown yet."""
    refused: str | None
    """The category for which the voice is to be silent."""


async def hear(
    site: Site, session: AsyncSession, surface: str, said: Said, person_id: UUID, subject_id: UUID
) -> Heard:
    """All of it is checked before any of it is shown.

    Where the site has a guard, which judges whole answers only, nothing is shown before it has.
    """
    ended = said.finish_reason is not None
    verdict = await check_growing(site, session, said.text, whole=ended)
    if verdict.refused or (ended and verdict.action is not Action.PASS):
        await add_record(session, surface, said.text, verdict, person_id, subject_id)
    if verdict.refused:
        return Heard(None, verdict.category)
    return Heard(said.text if ended or shows_growing(site) else None, None)
