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
from arena.votes.ledger import Line, stamp
from arena.votes.models import Ballot, Checkpoint, Verdict, Vote
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
    return await judges(session, but_not=await duels.owners(session, duel_id))


async def counted(session: AsyncSession, ballot_id: UUID) -> int:
    return (await session.execute(select(func.count()).where(Vote.ballot_id == ballot_id))).scalar_one()


async def submitted_verdicts(session: AsyncSession, ballot_id: UUID) -> int:
    return (await session.execute(select(func.count()).where(Verdict.ballot_id == ballot_id))).scalar_one()


async def vote_of(session: AsyncSession, ballot_id: UUID, voter: str) -> Vote | None:
    statement = select(Vote).where(Vote.ballot_id == ballot_id, Vote.voter == voter)
    return (await session.execute(statement)).scalar_one_or_none()


async def newest_line(session: AsyncSession, ballot: Ballot, voter: str) -> Line | None:
    """A voter's last committed word."""
    statement = select(Vote).where(Vote.ballot_id == ballot.id, Vote.voter == voter).order_by(Vote.n.desc())
    row = (await session.execute(statement.limit(1))).scalar_one_or_none()
    return line_of(row) if row else None


async def checkpoints(session: AsyncSession, ballot_id: UUID) -> Sequence[Checkpoint]:
    statement = select(Checkpoint).where(Checkpoint.ballot_id == ballot_id)
    return (await session.scalars(statement.order_by(Checkpoint.shard, Checkpoint.size))).all()


def line_of(row: Vote) -> Line:
    return Line(
        str(row.ballot_id),
        row.shard,
        row.seq,
        row.voter,
        row.n,
        row.choice,
        row.level,
        row.channel,
        stamp(row.at),
        row.nonce.hex(),
    )


async def verdict_of(session: AsyncSession, ballot_id: UUID, judge_id: UUID) -> Verdict | None:
    statement = select(Verdict).where(Verdict.ballot_id == ballot_id, Verdict.judge_id == judge_id)
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
