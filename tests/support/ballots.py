"""Ballots as rows, open without the show around them: for tests of the way that a vote takes."""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from arena.kit.db import Sessions, db_now
from arena.kit.ids import new_code
from arena.shows.public import Episode, Season
from arena.votes.contracts import HALL, BallotConfig, Channel, Option
from arena.votes.ledger import NO_HEAD, Tree, leaf, next_head
from arena.votes.models import Ballot, ShardState, Vote
from arena.votes.queries import line_of

OPTIONS = ("one", "two", "three")


async def open_ballot(
    sessions: Sessions, seconds: int = 60, channels: Sequence[Channel] = (HALL,), **config: Any
) -> UUID:
    """A question put to the hall, in an episode of its own, open from now on. Returns its id."""
    salt = secrets.token_hex(32)
    wanted = BallotConfig(
        kind="question",
        options=tuple(Option(id=name) for name in OPTIONS),
        seconds=seconds,
        channels=tuple(channels),
        salt_commitment=sha256(bytes.fromhex(salt)).hexdigest(),
        rules_digest="0" * 64,
        **{"change_seconds": 0, **config},
    )
    async with sessions() as session, session.begin():
        season = (await session.scalars(select(Season))).first()
        if season is None:
            season = Season(name="votes", rules={}, rules_digest="0" * 64)
            session.add(season)
            await session.flush()
        numbers = (await session.scalars(select(Episode.number).where(Episode.season_id == season.id))).all()
        episode = Episode(
            season_id=season.id, number=max(numbers, default=0) + 1, title="votes", code=new_code()
        )
        session.add(episode)
        await session.flush()
        now = await db_now(session)
        ballot = Ballot(
            kind="question",
            episode_id=episode.id,
            state="open",
            config=wanted.model_dump(mode="json"),
            config_digest="0" * 64,
            opens_at=now,
            closes_at=now + timedelta(seconds=seconds),
            locks_at=now + timedelta(seconds=seconds),
            salt=salt,
        )
        session.add(ballot)
        await session.flush()
        return ballot.id


async def close_ballot(sessions: Sessions, ballot: UUID) -> None:
    """As closing does it: alone with the row."""
    async with sessions() as session, session.begin():
        row = await session.get_one(Ballot, ballot, with_for_update=True)
        row.state = "closed"


async def rows_of(sessions: Sessions, ballot: UUID) -> list[Vote]:
    async with sessions() as session:
        found = await session.scalars(
            select(Vote).where(Vote.ballot_id == ballot).order_by(Vote.shard, Vote.seq)
        )
        return list(found)


async def newest(sessions: Sessions, ballot: UUID) -> Counter[str]:
    """Voters by what they said last."""
    counted: dict[str, Vote] = {}
    for row in await rows_of(sessions, ballot):
        if row.voter not in counted or counted[row.voter].n < row.n:
            counted[row.voter] = row
    return Counter(row.choice for row in counted.values())


async def assert_whole(sessions: Sessions, ballot: UUID) -> None:
    """The ledger hangs together: no gap, every head, and the shard's row says how far it has come."""
    heads: dict[int, bytes] = {}
    sizes: Counter[int] = Counter()
    trees: dict[int, Tree] = {}
    at: dict[tuple[int, int], str] = {}
    voters: dict[int, set[str]] = {}
    for row in await rows_of(sessions, ballot):
        assert row.seq == sizes[row.shard], f"a gap in shard {row.shard} at {row.seq}"
        hashed = leaf(line_of(row))
        heads[row.shard] = next_head(heads.get(row.shard, NO_HEAD), hashed)
        assert row.head == heads[row.shard], f"another head in shard {row.shard} at {row.seq}"
        trees.setdefault(row.shard, Tree()).append(hashed)
        sizes[row.shard] += 1
        voters.setdefault(row.shard, set()).add(row.voter)
        at[row.shard, sizes[row.shard]] = trees[row.shard].root().hex()
    async with sessions() as session:
        for state in await session.scalars(select(ShardState).where(ShardState.ballot_id == ballot)):
            assert (state.size, state.head) == (sizes[state.shard], heads[state.shard])
            assert state.voters <= len(voters[state.shard])
        signed = await session.execute(
            text("select shard, size, root from vote_checkpoints where ballot_id = :ballot"),
            {"ballot": ballot},
        )
        for shard, size, root in signed:
            assert at[shard, size] == root, (
                f"the checkpoint at {size} of shard {shard} is about something else"
            )
