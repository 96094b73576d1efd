"""Reads of duels."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.contracts import SideName
from arena.duels.models import Answer, AnswerToken, Duel
from arena.duels.rules import released, text_of
from arena.kit.errors import NotFound
from arena.submissions.public import Entry


@dataclass(frozen=True)
class SideView:
    """What may be shown of one side right now."""

    text: str
    tokens: int
    finished: bool
    finish_reason: str | None
    entry: Entry


async def duel(session: AsyncSession, duel_id: UUID, lock: bool = False) -> Duel:
    statement = select(Duel).where(Duel.id == duel_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("duel.not_found", "There is no such duel.")
    return found


async def duels_of(session: AsyncSession, episode_id: UUID) -> Sequence[Duel]:
    statement = select(Duel).where(Duel.episode_id == episode_id).order_by(Duel.number)
    return (await session.execute(statement)).scalars().all()


async def revealed_duels(session: AsyncSession, season_id: UUID) -> Sequence[Duel]:
    statement = (
        select(Duel)
        .where(Duel.season_id == season_id, Duel.revealed_at.is_not(None))
        .order_by(Duel.created_at)
    )
    return (await session.execute(statement)).scalars().all()


async def answers(session: AsyncSession, duel_id: UUID) -> dict[SideName, Answer]:
    rows = (await session.execute(select(Answer).where(Answer.duel_id == duel_id))).scalars().all()
    return {row.side: row for row in rows}


async def owners(session: AsyncSession, duel_id: UUID) -> set[UUID]:
    """Whose entries meet in the duel; the house's belongs to nobody."""
    statement = (
        select(Entry.owner_id)
        .join(Answer, Answer.entry_id == Entry.id)
        .where(Answer.duel_id == duel_id, Entry.owner_id.is_not(None))
    )
    return {owner for owner in (await session.execute(statement)).scalars() if owner is not None}


async def tokens(session: AsyncSession, answer_id: UUID) -> Sequence[AnswerToken]:
    statement = select(AnswerToken).where(AnswerToken.answer_id == answer_id).order_by(AnswerToken.index)
    return (await session.execute(statement)).scalars().all()


async def sides(session: AsyncSession, duel_id: UUID) -> dict[SideName, SideView]:
    """Both sides from the record, released at equal pace."""
    rows = await answers(session, duel_id)
    left, right = rows["left"], rows["right"]
    texts = {side: [token.text for token in await tokens(session, rows[side].id)] for side in rows}
    counts = dict(
        zip(
            ("left", "right"),
            released(
                len(texts["left"]),
                len(texts["right"]),
                left.finish_reason is not None,
                right.finish_reason is not None,
            ),
            strict=True,
        )
    )
    views: dict[SideName, SideView] = {}
    for side, row in rows.items():
        shown = counts[side]
        everything = row.finish_reason is not None and shown == len(texts[side])
        views[side] = SideView(
            text=text_of(texts[side], shown),
            tokens=shown,
            finished=everything,
            finish_reason=row.finish_reason if everything else None,
            entry=await session.get_one(Entry, row.entry_id),
        )
    return views


async def last_provenance(session: AsyncSession, episode_id: UUID) -> str | None:
    """The newest hash of the episode's chain. The caller holds the episode's lock."""
    statement = (
        select(Answer.provenance_hash)
        .join(Duel, Duel.id == Answer.duel_id)
        .where(Duel.episode_id == episode_id, Answer.provenance_hash.is_not(None))
        .order_by(Duel.number.desc(), Answer.side.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()
