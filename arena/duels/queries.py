"""Reads of duels."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.contracts import SIDES, SideName
from arena.duels.models import Answer, AnswerToken, Duel
from arena.duels.rules import released, text_of
from arena.kit.errors import NotFound
from arena.submissions.public import Entry
from arena.teams.public import ever_members


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


async def any_under_way(session: AsyncSession) -> bool:
    """Whether an engine is on air, or about to be, in any episode."""
    statement = select(Duel.id).where(Duel.state.in_(("queued", "loading", "live"))).limit(1)
    return (await session.execute(statement)).first() is not None


async def any_waiting(session: AsyncSession) -> bool:
    """Whether a duel is about to want an engine."""
    return (await session.execute(select(Duel.id).where(Duel.state == "queued").limit(1))).first() is not None


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
    """Whose entries meet in the duel: who made them, and everybody who is or ever was in a team that holds one of them.

    Whoever leaves a team, before a duel or after it, does not become its judge. The house's entry is nobody's.
    """
    statement = (
        select(Entry.owner_id, Entry.team_id)
        .join(Answer, Answer.entry_id == Entry.id)
        .where(Answer.duel_id == duel_id)
    )
    entries = (await session.execute(statement)).all()
    makers = {entry.owner_id for entry in entries if entry.owner_id is not None}
    return makers | await ever_members(session, {entry.team_id for entry in entries if entry.team_id})


async def tokens(session: AsyncSession, answer_id: UUID) -> Sequence[AnswerToken]:
    statement = select(AnswerToken).where(AnswerToken.answer_id == answer_id).order_by(AnswerToken.index)
    return (await session.execute(statement)).scalars().all()


async def sides(session: AsyncSession, duel: Duel) -> dict[SideName, SideView]:
    """Both sides from the record, released at equal pace."""
    return (await sides_of(session, [duel]))[duel.id]


async def sides_of(session: AsyncSession, duels: Sequence[Duel]) -> dict[UUID, dict[SideName, SideView]]:
    """`sides` of several duels, by duel, in as few reads as of one. What is answered is read whole, not by tokens."""
    columns = (
        Answer.id,
        Answer.duel_id,
        Answer.side,
        Answer.text,
        Answer.tokens,
        Answer.finish_reason,
        Entry,
    )
    statement = (
        select(*columns)
        .join(Entry, Entry.id == Answer.entry_id)
        .where(Answer.duel_id.in_([duel.id for duel in duels]))
    )
    found = (await session.execute(statement)).all()
    answered = {duel.id for duel in duels if duel.state == "answered"}
    streamed = await _texts(session, [row.id for row in found if row.duel_id not in answered])
    views: dict[UUID, dict[SideName, SideView]] = {}
    for duel in duels:
        rows = {row.side: row for row in found if row.duel_id == duel.id}
        texts = [streamed.get(rows[side].id, []) for side in SIDES]
        ended = [rows[side].finish_reason is not None for side in SIDES]
        counts = released(len(texts[0]), len(texts[1]), ended[0], ended[1])
        views[duel.id] = {}
        for side, pieces, count, done in zip(SIDES, texts, counts, ended, strict=True):
            row = rows[side]
            whole = done and count == len(pieces)
            views[duel.id][side] = SideView(
                text=row.text if duel.id in answered else text_of(pieces, count),
                tokens=row.tokens if duel.id in answered else count,
                finished=whole,
                finish_reason=row.finish_reason if whole else None,
                entry=row.Entry,
            )
    return views


async def _texts(session: AsyncSession, answer_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The tokens' texts in order, by answer."""
    texts: dict[UUID, list[str]] = {}
    if answer_ids:
        statement = (
            select(AnswerToken.answer_id, AnswerToken.text)
            .where(AnswerToken.answer_id.in_(answer_ids))
            .order_by(AnswerToken.answer_id, AnswerToken.index)
        )
        for answer_id, text in (await session.execute(statement)).all():
            texts.setdefault(answer_id, []).append(text)
    return texts
