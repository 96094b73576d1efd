"""Reads of ballots. Nothing here returns a split before the count is signed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import jurors
from arena.duels import public as duels
from arena.kit.db import db_now
from arena.kit.errors import Forbidden, NotFound
from arena.submissions import public as submissions
from arena.votes import certifying
from arena.votes.certifying import line_of
from arena.votes.contracts import FINAL, TAKES_VOTES
from arena.votes.evidence import Count
from arena.votes.ledger import Line
from arena.votes.models import (
    Ballot,
    ConflictOfInterest,
    Excusal,
    ShardState,
    Verdict,
    Vote,
)
from arena.votes.rules import Tally, promised_end, set_off

LATELY = timedelta(seconds=60)
"""A vote is written later than it was stamped, and whoever looks may have been away. The closing reads all of them."""


def commitment(salt: str) -> str:
    """What is told of the salt beforehand: so nobody chooses another one later to make a voter look like another."""
    return sha256(bytes.fromhex(salt)).hexdigest()


async def ballot(session: AsyncSession, ballot_id: UUID, lock: bool = False, share: bool = False) -> Ballot:
    """`lock` for whoever moves it on, `share` for whoever votes in it: closing waits for votes under way."""
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
    """The one that counts; void ones are no longer about it."""
    statement = select(Ballot).where(Ballot.duel_id == duel_id, Ballot.state != "void")
    return (await session.execute(statement)).scalar_one_or_none()


async def ballots_of(session: AsyncSession, episode_id: UUID) -> Sequence[Ballot]:
    """All of an episode, in the order in which they were prepared."""
    statement = select(Ballot).where(Ballot.episode_id == episode_id).order_by(Ballot.created_at, Ballot.id)
    return (await session.execute(statement)).scalars().all()


async def overdue(session: AsyncSession) -> Sequence[UUID]:
    """Ballots that are closed for the first channel; `is_over` says of which that is all."""
    statement = select(Ballot.id).where(
        Ballot.state.in_(TAKES_VOTES), Ballot.closes_at < func.clock_timestamp()
    )
    return (await session.execute(statement.order_by(Ballot.id))).scalars().all()


async def is_over(session: AsyncSession, one: Ballot, grace: timedelta) -> bool:
    """Whether its last channel has had its seconds by more than `grace`, with all judges in or their time over."""
    late = await db_now(session) - grace
    assert one.opens_at is not None and one.locks_at is not None
    if promised_end(one.configuration, one.opens_at) >= late:
        return False
    if one.duel_id is None or one.locks_at < late:
        return True
    return await submitted_verdicts(session, one) >= len(await jury(session, one.duel_id))


async def uncounted(session: AsyncSession) -> Sequence[UUID]:
    """Closed, and whoever was to count them was interrupted. Where the counts differ, a person has to look."""
    statement = select(Ballot.id).where(Ballot.state.in_(("closed", "counting")), Ballot.alarm.is_(None))
    return (await session.execute(statement.order_by(Ballot.id))).scalars().all()


async def open_about(session: AsyncSession, entry_id: UUID) -> Sequence[Ballot]:
    """Of the duels of an entry, share-locked: closing waits for whoever asks."""
    met = select(duels.Answer.duel_id).where(duels.Answer.entry_id == entry_id)
    statement = select(Ballot).where(Ballot.duel_id.in_(met), Ballot.state.in_(TAKES_VOTES))
    return (await session.execute(statement.order_by(Ballot.id).with_for_update(read=True))).scalars().all()


async def jury(session: AsyncSession, duel_id: UUID) -> set[UUID]:
    """The judges who may decide this duel."""
    aside = await conflicted(session, duel_id) | await duels.owners(session, duel_id)
    return {judge.id for judge in await jurors(session)} - aside


async def conflicted(session: AsyncSession, duel_id: UUID) -> set[UUID]:
    """Judges who have declared a conflict of interest, at the duel or beforehand with one of its entries."""
    at_the_duel = select(Excusal.judge_id).where(Excusal.duel_id == duel_id, Excusal.kind == "conflict")
    met = select(duels.Answer.entry_id).where(duels.Answer.duel_id == duel_id)
    beforehand = select(ConflictOfInterest.judge_id).where(ConflictOfInterest.entry_id.in_(met))
    return set((await session.execute(at_the_duel.union(beforehand))).scalars())


async def interested(session: AsyncSession, ballot: Ballot) -> set[UUID]:
    """Whose own entries it is about: others decide."""
    if ballot.duel_id is not None:
        return await duels.owners(session, ballot.duel_id)
    if ballot.kind == "prize":
        entries = [UUID(option.subject) for option in ballot.configuration.options if option.subject]
        return await submissions.owners(session, entries)
    return set()


async def counted(session: AsyncSession, ballot: Ballot) -> int:
    """Voters whose votes are committed."""
    if ballot.tally is not None:
        count = Count.model_validate(ballot.tally)
        return sum(count.counted.values()) + sum(count.flagged.values())
    voters = select(func.coalesce(func.sum(ShardState.voters), 0)).where(ShardState.ballot_id == ballot.id)
    return int((await session.execute(voters)).scalar_one())


async def submitted_verdicts(session: AsyncSession, ballot: Ballot) -> int:
    """How many of its jury are done with it: by a verdict, or by saying why they give none."""
    assert ballot.duel_id is not None
    given = select(Verdict.judge_id).where(Verdict.ballot_id == ballot.id)
    skipped = select(Excusal.judge_id).where(Excusal.duel_id == ballot.duel_id, Excusal.kind == "skip")
    done = set((await session.execute(given.union(skipped))).scalars())
    return len(done & await jury(session, ballot.duel_id))


async def newest_line(session: AsyncSession, ballot: Ballot, voter: str) -> Line | None:
    """A voter's last committed word."""
    statement = select(Vote).where(Vote.ballot_id == ballot.id, Vote.voter == voter).order_by(Vote.n.desc())
    row = (await session.execute(statement.limit(1))).scalar_one_or_none()
    return line_of(row) if row else None


async def wanted(session: AsyncSession) -> Sequence[UUID]:
    """Surprises with as many voters as set them off, if they asked for it within the window."""
    voters = select(func.sum(ShardState.voters)).where(ShardState.ballot_id == Ballot.id).scalar_subquery()
    statement = select(Ballot.id).where(
        Ballot.kind == "surprise",
        Ballot.state.in_(TAKES_VOTES),
        Ballot.triggered_at.is_(None),
        voters >= Ballot.config["threshold"].as_integer(),
    )
    return (await session.execute(statement.order_by(Ballot.id))).scalars().all()


async def wanted_at(session: AsyncSession, one: Ballot, lately: bool = False) -> datetime | None:
    """When enough different voters had asked for a surprise within its window. `lately`: for whoever asks all the time,
    and has no need of what was said long before."""
    config = one.configuration
    if config.threshold is None or config.window_seconds is None:
        return None
    taps = select(Vote.at, Vote.voter).where(Vote.ballot_id == one.id)
    if lately:
        taps = taps.where(Vote.at > await db_now(session) - timedelta(seconds=config.window_seconds) - LATELY)
    said = (await session.execute(taps.order_by(Vote.at, Vote.shard, Vote.seq))).all()
    return set_off(((at, voter) for at, voter in said), config.threshold, config.window_seconds)


async def tallies(session: AsyncSession, ballot: Ballot) -> tuple[Tally, Tally]:
    """Crowd and judges. Refused before the count is signed, to whoever asks."""
    crowd = count(ballot).counted
    return Tally.of(crowd), Tally.of(await certifying.verdict_counts(session, ballot.id))


def count(ballot: Ballot) -> Count:
    if ballot.state not in FINAL or ballot.tally is None:
        raise Forbidden("ballot.not_certified", "No split is counted for anyone before the count is signed.")
    return Count.model_validate(ballot.tally)


def is_for_producers(ballot: Ballot) -> bool:
    """Whether producers see its split. Of a duel nobody does before the reveal, which publishes it."""
    return ballot.state == "published" or (ballot.state == "certified" and ballot.kind != "duel")
