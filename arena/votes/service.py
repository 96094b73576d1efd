"""What happens to ballots: opened, voted, judged, locked."""

import secrets
from datetime import UTC, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.public import Duel
from arena.kit.db import db_now
from arena.kit.errors import Conflict, Forbidden
from arena.kit.jobs.outbox import record
from arena.kit.merkle import root
from arena.votes import queries
from arena.votes.contracts import BallotChanged, BallotLocked, Choice
from arena.votes.models import Ballot, Verdict, Vote, vote_numbers
from arena.votes.rules import pseudonym, vote_leaf


async def open_ballot(session: AsyncSession, duel: Duel, seconds: int) -> Ballot:
    if duel.state != "answered":
        raise Conflict("ballot.duel_not_answered", "Both answers must be complete before the vote opens.")
    if await queries.ballot_of(session, duel.id) is not None:
        raise Conflict("ballot.exists", "This duel has had its vote. A ballot is never opened twice.")
    now = await db_now(session)
    ballot = Ballot(
        duel_id=duel.id,
        episode_id=duel.episode_id,
        state="open",
        opens_at=now,
        closes_at=now + timedelta(seconds=seconds),
        salt=secrets.token_hex(32),
    )
    session.add(ballot)
    await session.flush()
    _changed(session, ballot)
    return ballot


async def cast(session: AsyncSession, ballot_id: UUID, voter: str, choice: Choice, key: str) -> Vote:
    """Count one vote. The same tap sent again gets the same receipt; another one is refused.

    The ballot row is share-locked, so the lock (which takes it exclusively) cannot fall between the window check and
    the row.
    """
    ballot = await queries.ballot(session, ballot_id, share=True)
    name = pseudonym(ballot.salt, voter)
    earlier = await queries.vote_of(session, ballot_id, name)
    if earlier is not None:
        if earlier.key == key and earlier.choice == choice:
            return earlier
        raise Conflict("vote.already_cast", "Your vote has already been counted.", number=earlier.number)
    now = await db_now(session)
    if ballot.state != "open" or not ballot.opens_at <= now <= ballot.closes_at:
        raise Forbidden("vote.window_closed", "The vote is closed. Your tap was not counted.")
    number = (await session.execute(select(vote_numbers.next_value()))).scalar_one()
    nonce = secrets.token_hex(16)
    leaf = vote_leaf(str(ballot_id), number, name, choice, now.astimezone(UTC).isoformat(), nonce)
    vote = Vote(
        number=number,
        ballot_id=ballot_id,
        voter=name,
        choice=choice,
        key=key,
        nonce=nonce,
        received_at=now,
        leaf=leaf,
    )
    session.add(vote)
    await session.flush()
    _changed(session, ballot)
    return vote


async def judge(session: AsyncSession, ballot_id: UUID, judge_id: UUID, choice: Choice, note: str) -> Verdict:
    """Write a judge's verdict, or change it until the lock."""
    ballot = await queries.ballot(session, ballot_id, share=True)
    if ballot.state != "open":
        raise Forbidden("verdict.window_closed", "The vote is locked. Your verdict was not changed.")
    verdict = await queries.verdict_of(session, ballot_id, judge_id)
    if verdict is None:
        verdict = Verdict(ballot_id=ballot_id, judge_id=judge_id, choice=choice, note=note)
        session.add(verdict)
    else:
        verdict.choice, verdict.note = choice, note
    await session.flush()
    _changed(session, ballot)
    return verdict


async def lock_ballot(session: AsyncSession, ballot_id: UUID) -> Ballot:
    """Close the window for good and publish the Merkle root. Locking a locked ballot changes nothing."""
    ballot = await queries.ballot(session, ballot_id, lock=True)
    if ballot.state == "locked":
        return ballot
    leaves = [bytes.fromhex(vote.leaf) for vote in await queries.votes(session, ballot_id)]
    ballot.root = root(leaves).hex()
    ballot.state = "locked"
    ballot.locked_at = func.clock_timestamp()
    await session.flush()
    await session.refresh(ballot)
    record(session, BallotLocked(ballot_id=ballot.id, duel_id=ballot.duel_id, episode_id=ballot.episode_id))
    return ballot


def _changed(session: AsyncSession, ballot: Ballot) -> None:
    record(session, BallotChanged(ballot_id=ballot.id, duel_id=ballot.duel_id, episode_id=ballot.episode_id))
