"""Reads of judging. What several judges say leaves here for ballots that are certified, and for no other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import public as duels
from arena.judging.models import PanelVerdict, SecondLookRow, VerdictDraft
from arena.judging.rules import Rest, rest
from arena.kit.db import db_now
from arena.kit.errors import Forbidden
from arena.shows.public import SeasonRules, season_rules
from arena.votes import public as votes
from arena.votes.public import Ballot, ConflictOfInterest, Excusal, Verdict

Bar = Literal["staff", "own_entry", "conflict"]


def duel_of(ballot: Ballot) -> UUID:
    """Raises Forbidden `verdict.not_asked`."""
    if ballot.duel_id is None:
        raise Forbidden("verdict.not_asked", "This question is put to the hall alone.")
    return ballot.duel_id


async def rules_of(session: AsyncSession, duel_id: UUID) -> SeasonRules:
    return await season_rules(session, (await duels.duel(session, duel_id)).season_id)


async def bar(session: AsyncSession, duel_id: UUID, judge_id: UUID) -> Bar | None:
    if judge_id in await duels.owners(session, duel_id):
        return "own_entry"
    return "conflict" if judge_id in await votes.conflicted(session, duel_id) else None


async def verdict_of(session: AsyncSession, ballot_id: UUID, judge_id: UUID) -> Verdict | None:
    statement = select(Verdict).where(Verdict.ballot_id == ballot_id, Verdict.judge_id == judge_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def verdicts(session: AsyncSession, ballot_id: UUID) -> Sequence[Verdict]:
    """Not to be shown before the ballot is certified."""
    statement = select(Verdict).where(Verdict.ballot_id == ballot_id).order_by(Verdict.judge_id)
    return (await session.execute(statement)).scalars().all()


async def draft_of(
    session: AsyncSession, duel_id: UUID, judge_id: UUID, lock: bool = False
) -> VerdictDraft | None:
    return await session.get(VerdictDraft, (duel_id, judge_id), with_for_update=lock, populate_existing=True)


async def excusal_of(session: AsyncSession, duel_id: UUID, judge_id: UUID) -> Excusal | None:
    statement = select(Excusal).where(Excusal.duel_id == duel_id, Excusal.judge_id == judge_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def excusals(session: AsyncSession, duel_id: UUID) -> Sequence[Excusal]:
    return (await session.execute(select(Excusal).where(Excusal.duel_id == duel_id))).scalars().all()


async def second_look(session: AsyncSession, ballot_id: UUID) -> SecondLookRow | None:
    return await session.get(SecondLookRow, ballot_id)


async def progress(session: AsyncSession, episode_id: UUID, judge_id: UUID) -> tuple[int, int]:
    """On how many duels of the episode the judge is done, and how many have been put to the vote."""
    put = select(func.count()).where(Ballot.episode_id == episode_id, Ballot.opens_at.is_not(None))
    of_duels = put.where(Ballot.kind == "duel", Ballot.state != "void")
    given = (
        select(func.count())
        .select_from(Verdict)
        .join(Ballot, Ballot.id == Verdict.ballot_id)
        .where(Ballot.episode_id == episode_id, Ballot.state != "void", Verdict.judge_id == judge_id)
    )
    excused = (
        select(func.count())
        .select_from(Excusal)
        .join(Ballot, Ballot.duel_id == Excusal.duel_id)
        .where(Ballot.episode_id == episode_id, Ballot.state != "void", Excusal.judge_id == judge_id)
    )
    done = [(await session.execute(one)).scalar_one() for one in (given, excused)]
    return sum(done), (await session.execute(of_duels)).scalar_one()


async def resting(session: AsyncSession, episode_id: UUID, after: int) -> dict[UUID, Rest]:
    """Which judges of an episode should take a break, and why. From when they judged, never from how."""
    statement = (
        select(Verdict.judge_id, Verdict.created_at, Ballot.opens_at)
        .join(Ballot, Ballot.id == Verdict.ballot_id)
        .where(Ballot.episode_id == episode_id)
        .order_by(Verdict.created_at)
    )
    given: dict[UUID, list[tuple[datetime, float]]] = {}
    for judge_id, at, opens_at in (await session.execute(statement)).all():
        if opens_at is not None:
            given.setdefault(judge_id, []).append((at, (at - opens_at).total_seconds()))
    now = await db_now(session)
    found = {judge_id: rest(times, now, after) for judge_id, times in given.items()}
    return {judge_id: why for judge_id, why in found.items() if why is not None}


async def conflicts(session: AsyncSession, judge_id: UUID | None = None) -> Sequence[ConflictOfInterest]:
    statement = select(ConflictOfInterest).order_by(ConflictOfInterest.created_at)
    if judge_id is not None:
        statement = statement.where(ConflictOfInterest.judge_id == judge_id)
    return (await session.execute(statement)).scalars().all()


async def panel(session: AsyncSession, ballot_id: UUID) -> Sequence[PanelVerdict]:
    statement = select(PanelVerdict).where(PanelVerdict.ballot_id == ballot_id).order_by(PanelVerdict.judge)
    return (await session.execute(statement)).scalars().all()
