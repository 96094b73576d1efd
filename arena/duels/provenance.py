"""How an answer came about: a record written once, chained through the episode, and open to all at the reveal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import queries
from arena.duels.contracts import OTHER, SideName
from arena.duels.files import AI_LABEL, RECORD, is_withheld
from arena.duels.models import Answer, AnswerToken, Duel, ProgramDecision
from arena.duels.turns import Said, text_digest
from arena.duels.verify import field_digests, record_hash
from arena.kit.db import Json
from arena.kit.errors import Conflict, Forbidden
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.shows.public import season_rules
from arena.submissions import public as submissions

LABELLED: Json = {"ai_generated": True, "ai_label": AI_LABEL}


async def seal(site: Site, session: AsyncSession, duel: Duel) -> None:
    """Write the records of all answers, by turn and side, with all decisions. After that no more are taken.

    The caller holds the episode: its records are one chain.
    """
    rows = await queries.all_answers(session, duel.id)
    if any(row.provenance is not None for row in rows):
        return  # by an earlier release, which wrote them when the models had answered
    previous = await _last_hash(session, duel.episode_id)
    common = _common(duel)
    said = await queries.said(session, duel.id)
    for row in rows:
        tokens = await queries.tokens(session, row.id)
        decisions = await queries.decisions(session, row.id)
        row.provenance = {
            **common,
            **_own(site, row, tokens),
            **await _given(site, session, duel, row, said),
            "adapter_fingerprint": row.fingerprint,
            "moderation": [_decision(one) for one in decisions],
            "previous": previous,
        }
        row.provenance_hash = previous = record_hash(row.provenance)


def _decision(row: ProgramDecision) -> Json:
    """Who decided is said without a name. `withheld` keeps the answer's words out of files."""
    return {
        "action": row.action,
        "by": "moderation" if row.by is None else "person",
        "category": row.category,
        "at": row.created_at.isoformat(),
        "tokens": row.tokens,
        "aired": row.aired,
        "withheld": row.action in ("replace", "dump"),
    }


def _common(duel: Duel) -> Json:
    """What both sides were given, and by what they were answered."""
    node = nodes.LeasedNode.model_validate(duel.node)
    return {
        "type": RECORD,
        **LABELLED,
        "episode": str(duel.episode_id),
        "duel": str(duel.id),
        "number": duel.number,
        "kind": duel.kind,
        "images": duel.images,
        "turns": duel.turns,
        "base_digest": node.base_digest,
        "sampling": duel.sampling,
        "seed": duel.seed,
        "engine": {
            "build": node.engine_build,
            "system_fingerprint": node.system_fingerprint,
            "rehearsal": node.rehearsal,
        },
        "node": {"hardware_class": node.hardware_class, "attestation": node.attestation},
        "times": {
            "staged_at": duel.created_at.isoformat(),
            "live_at": duel.live_at.isoformat() if duel.live_at else None,
            "answered_at": duel.answered_at.isoformat() if duel.answered_at else None,
        },
    }


def _own(site: Site, row: Answer, tokens: Sequence[AnswerToken]) -> Json:
    provider = site.settings.provider_name
    return {
        "aigc": {"Label": "1", "ContentProducer": provider, "ProduceID": str(row.id)},
        "answer": str(row.id),
        "turn": row.turn,
        "side": row.side,
        "adapter_digest": row.digest,
        # sha256 of the text; the text itself is released beside the record.
        "system_prompt_digest": row.system_digest,
        "token_ids": [token.token_id for token in tokens],
        "arrived_us": [token.at_us for token in tokens],
        "text_sha256": text_digest(row.text),
        "finish_reason": row.finish_reason,
    }


async def _given(
    site: Site, session: AsyncSession, duel: Duel, row: Answer, said: Mapping[SideName, Said]
) -> Json:
    """What the side was given in this turn. No answer stands in the record of another one, only its digest."""
    track = (await season_rules(session, duel.season_id)).track
    words = row.turn, said[row.side], said[OTHER[row.side]]
    system = row.system_digest and await submissions.read_system_prompt(site, row.system_digest)
    return {
        "prompt": duel.course.prompt(row.turn),
        "messages": [message.model_dump(mode="json") for message in duel.course.messages(*words)],
        "rendered_sha256": text_digest(duel.course.rendered(track.base, *words, system)),
        "template_digest": track.template_digest if system is None else track.system_template_digest,
    }


async def _last_hash(session: AsyncSession, episode_id: UUID) -> str | None:
    statement = (
        select(Answer.provenance_hash)
        .join(Duel, Duel.id == Answer.duel_id)
        .where(Duel.episode_id == episode_id, Answer.provenance_hash.is_not(None))
        .order_by(Duel.number.desc(), Answer.turn.desc(), Answer.side.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def _recorded(session: AsyncSession, episode_id: UUID) -> list[tuple[Duel, Answer]]:
    """The episode's chain from its beginning."""
    statement = (
        select(Duel, Answer)
        .join(Answer, Answer.duel_id == Duel.id)
        .where(Duel.episode_id == episode_id, Answer.provenance_hash.is_not(None))
        .order_by(Duel.number, Answer.turn, Answer.side)
    )
    return [(duel, answer) for duel, answer in (await session.execute(statement)).all()]


# --- files ---------------------------------------------------------------------------------------------------------


async def answer_file(site: Site, session: AsyncSession, duel: Duel, side: SideName, turn: int) -> Json:
    """Everything about one answer, so that it can be checked without us. Raises Forbidden before the reveal, NotFound
    for a turn that there is not, Conflict for an answer of an earlier release, whose record had another form."""
    if duel.revealed_at is None:
        raise Forbidden("duel.not_revealed", "The record names the adapters, so it opens with the reveal.")
    row = (await queries.answers_of_turn(session, duel, turn))[side]
    if not _is_readable(row):
        raise Conflict("answer.old_record", "This answer was recorded in the form of an earlier release.")
    return await _file(site, session, row)


async def episode_file(site: Site, session: AsyncSession, episode_id: UUID) -> Json:
    """The whole chain. What is not revealed yet has its place and its hash in it, and nothing else."""
    entries = [
        await _file(site, session, row) if duel.revealed_at and _is_readable(row) else _sealed(row)
        for duel, row in await _recorded(session, episode_id)
    ]
    return {
        **LABELLED,
        "format": "gavel.episode-file.v1",
        "episode": str(episode_id),
        "answers": entries,
    }


def _is_readable(row: Answer) -> bool:
    return row.provenance is not None and row.provenance["type"] == RECORD


def _sealed(row: Answer) -> Json:
    assert row.provenance is not None
    return {"sealed": True, "hash": row.provenance_hash, "previous": row.provenance["previous"]}


async def _file(site: Site, session: AsyncSession, row: Answer) -> Json:
    assert row.provenance is not None
    withheld = is_withheld(row.provenance["moderation"])
    shown = {name: value for name, value in row.provenance.items() if not (withheld and name == "token_ids")}
    system = row.system_digest and await submissions.read_system_prompt(site, row.system_digest)
    return {
        **LABELLED,
        "AIGC": row.provenance["aigc"],
        "format": "gavel.answer-file.v1",
        "hash": row.provenance_hash,
        "previous": row.provenance["previous"],
        "withheld": withheld,
        "text": None if withheld else row.text,
        "system_prompt": system,
        "record": shown,
        "digests": field_digests(row.provenance),
        "attestation": await _attestation(session, row.provenance["node"]["attestation"]),
    }


async def _attestation(session: AsyncSession, digest: str | None) -> Json | None:
    found = digest and await nodes.attestation(session, digest)
    return {"digest": digest, **found.model_dump(mode="json")} if found else None
