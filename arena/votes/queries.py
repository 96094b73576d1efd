"""Reads of ballots. Nothing here returns a split before the lock."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import judges
from arena.duels import public as duels
from arena.kit.db import db_now
from arena.kit.errors import Forbidden, NotFound
from arena.votes.models import Ballot, ConflictOfInterest, Excusal, Verdict, Vote
from arena.votes.rules import Tally


async def ballot(session: AsyncSession, ballot_id: UUID, lock: bool = False, share: bool = False) -> Ballot:
    """`lock` for whoever closes the window, `share` for whoever votes in it: a lock waits for votes under way."""
    statement = select(Ballot).where(Ballot.id == ballot_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update()
    elif share:
        statement = statement.with_for_update(read=True)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("ballot.not_found", "There is no such ballot.")
    return found


async def ballot_of(session: AsyncSession, duel_id: UUID) -> Ballot | None:
    return (await session.execute(select(Ballot).where(Ballot.duel_id == duel_id))).scalar_one_or_none()


async def overdue(session: AsyncSession, grace: timedelta) -> Sequence[Ballot]:
    """Open ballots that are closed for viewers by more than `grace`, with all judges in or their time over too."""
    late = await db_now(session) - grace
    statement = select(Ballot).where(Ballot.state == "open", Ballot.closes_at < late)
    closed = (await session.execute(statement)).scalars().all()
    return [
        ballot
        for ballot in closed
        if ballot.locks_at < late
        or await submitted_verdicts(session, ballot.id) >= await jury(session, ballot.duel_id)
    ]


async def jury(session: AsyncSession, duel_id: UUID) -> int:
    """How many judges may decide this duel."""
    return await judges(session, but_not=await interested(session, duel_id))


async def interested(session: AsyncSession, duel_id: UUID) -> set[UUID]:
    """Who must not decide this duel: those behind its entries, and judges who have declared a conflict of interest."""
    at_the_duel = select(Excusal.judge_id).where(Excusal.duel_id == duel_id, Excusal.kind == "conflict")
    met = select(duels.Answer.entry_id).where(duels.Answer.duel_id == duel_id)
    beforehand = select(ConflictOfInterest.judge_id).where(ConflictOfInterest.entry_id.in_(met))
    declared = set((await session.execute(at_the_duel.union(beforehand))).scalars())
    return declared | await duels.owners(session, duel_id)


async def counted(session: AsyncSession, ballot_id: UUID) -> int:
    return (await session.execute(select(func.count()).where(Vote.ballot_id == ballot_id))).scalar_one()


async def submitted_verdicts(session: AsyncSession, ballot_id: UUID) -> int:
    """How many judges are done with it: by a verdict, or by saying why they give none."""
    given = select(func.count()).where(Verdict.ballot_id == ballot_id)
    skipped = (
        select(func.count())
        .select_from(Excusal)
        .join(Ballot, Ballot.duel_id == Excusal.duel_id)
        .where(Ballot.id == ballot_id, Excusal.kind == "skip")
    )
    return (await session.execute(given)).scalar_one() + (await session.execute(skipped)).scalar_one()


async def vote_of(session: AsyncSession, ballot_id: UUID, voter: str) -> Vote | None:
    statement = select(Vote).where(Vote.ballot_id == ballot_id, Vote.voter == voter)
    return (await session.execute(statement)).scalar_one_or_none()


async def votes(session: AsyncSession, ballot_id: UUID) -> Sequence[Vote]:
    statement = select(Vote).where(Vote.ballot_id == ballot_id).order_by(Vote.number)
    return (await session.execute(statement)).scalars().all()


async def tallies(session: AsyncSession, ballot: Ballot) -> tuple[Tally, Tally]:
    """Crowd and judges, counted from the rows. Refused before the lock, to whoever asks."""
    if ballot.state != "locked":
        raise Forbidden("ballot.not_locked", "No split is counted for anyone before the ballot is locked.")
    crowd = await session.execute(
        select(Vote.choice, func.count()).where(Vote.ballot_id == ballot.id).group_by(Vote.choice)
    )
    judges = await session.execute(
        select(Verdict.choice, func.count()).where(Verdict.ballot_id == ballot.id).group_by(Verdict.choice)
    )
    return Tally.of(dict(crowd.all())), Tally.of(dict(judges.all()))
