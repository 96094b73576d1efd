"""What happens to ballots: opened, voted, judged, locked."""

import secrets
from datetime import UTC, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.public import Duel, require_over
from arena.kit.db import db_now
from arena.kit.errors import Conflict, Forbidden
from arena.kit.jobs.outbox import record
from arena.kit.merkle import root
from arena.shows.public import season_rules
from arena.votes import queries
from arena.votes.contracts import BallotChanged, BallotLocked, Choice
from arena.votes.models import Ballot, Vote, vote_numbers
from arena.votes.rules import pseudonym, vote_leaf


async def open_ballot(session: AsyncSession, duel: Duel, seconds: int) -> Ballot:
    if duel.state != "answered":
        raise Conflict("ballot.duel_not_answered", "Both answers must be complete before the vote opens.")
    await require_over(session, duel.id)
    if await queries.ballot_of(session, duel.id) is not None:
        raise Conflict("ballot.exists", "This duel has had its vote. A ballot is never opened twice.")
    rules = await season_rules(session, duel.season_id)
    now = await db_now(session)
    closes_at = now + timedelta(seconds=seconds)
    ballot = Ballot(
        duel_id=duel.id,
        episode_id=duel.episode_id,
        state="open",
        opens_at=now,
        closes_at=closes_at,
        locks_at=closes_at + timedelta(seconds=rules.judge_seconds),
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
        return _counted_before(earlier, choice, key)
    now = await db_now(session)
    if ballot.state != "open" or not ballot.opens_at <= now <= ballot.closes_at:
        raise Forbidden("vote.window_closed", "The vote is closed. Your tap was not counted.")
    number = (await session.execute(select(vote_numbers.next_value()))).scalar_one()
    nonce = secrets.token_hex(16)
    leaf = vote_leaf(str(ballot_id), number, name, choice, now.astimezone(UTC).isoformat(), nonce)
    row = insert(Vote).values(
        number=number,
        ballot_id=ballot_id,
        voter=name,
        choice=choice,
        key=key,
        nonce=nonce,
        received_at=now,
        leaf=leaf,
    )
    unique = row.on_conflict_do_nothing(index_elements=["ballot_id", "voter"]).returning(Vote)
    vote = (await session.execute(unique)).scalar_one_or_none()
    if vote is None:
        # A second tap of the same phone got in between; its transaction has ended, so its row is there.
        faster = await queries.vote_of(session, ballot_id, name)
        if faster is None:
            raise Conflict("vote.try_again", "Your vote could not be counted. Tap again.")
        return _counted_before(faster, choice, key)
    _changed(session, ballot)
    return vote


def _counted_before(vote: Vote, choice: Choice, key: str) -> Vote:
    """The same tap again is the same vote; another one is refused."""
    if vote.key == key and vote.choice == choice:
        return vote
    raise Conflict("vote.already_cast", "Your vote has already been counted.", number=vote.number)


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
