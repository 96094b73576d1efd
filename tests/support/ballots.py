"""Ballots as rows, open without the show around them: for tests of the way that a vote takes."""

import secrets
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text

from arena.cli.bench_votes_site import OPTIONS, open_ballot
from arena.kit.db import Sessions, db_now
from arena.votes.certifying import line_of
from arena.votes.ledger import NO_HEAD, Line, Tree, leaf, next_head, stamp
from arena.votes.models import ShardState, Vote

__all__ = ["OPTIONS", "assert_whole", "newest", "open_ballot", "rows_of", "write_votes"]


async def write_votes(sessions: Sessions, ballot: UUID, choices: Sequence[str]) -> None:
    """A whole ledger at once, as its writer would have written it: one voter each."""
    head = NO_HEAD
    async with sessions() as session, session.begin():
        now = await db_now(session)
        for seq, choice in enumerate(choices):
            nonce = secrets.token_hex(16)
            line = Line(str(ballot), 0, seq, f"{seq:032x}", 1, choice, 0, "hall", stamp(now), nonce)
            head = next_head(head, leaf(line))
            session.add(
                Vote(
                    ballot_id=ballot,
                    shard=0,
                    seq=seq,
                    voter=line.voter,
                    n=1,
                    choice=choice,
                    level=0,
                    channel="hall",
                    at=now,
                    nonce=bytes.fromhex(nonce),
                    head=head,
                )
            )
        size = len(choices)
        session.add(ShardState(ballot_id=ballot, shard=0, fence=1, size=size, voters=size, head=head))


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
