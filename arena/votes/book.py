"""One ballot's ledger in one shard, in the memory of whoever writes it: how far it has come, and every voter's newest
line. So no vote costs a question to the database: on a fresh ballot the planner has no statistics and would read the
whole ballot for each of them, in its busiest second.

A million voters are about half a gigabyte, for as long as their ballot is open.
"""

from datetime import datetime
from os import urandom
from typing import Any
from uuid import UUID

import structlog
from psycopg import AsyncConnection

from arena.votes.casting import Cast, Previous, delays_of
from arena.votes.contracts import BallotConfig
from arena.votes.ledger import NO_HEAD, Line, Tree, leaf, next_head, stamp

CHUNK = 2000
COPY = "copy votes (ballot_id, shard, seq, voter, n, choice, level, channel, at, nonce, head) from stdin"

log = structlog.get_logger()


def shard_of(voter: str, shards: int) -> int:
    return int(voter[:8], 16) % shards


class Book:
    def __init__(self, ballot: UUID, shard: int, config: BallotConfig) -> None:
        self.ballot, self.shard, self.config = ballot, shard, config
        self.delays = delays_of(config)
        self._name = str(ballot)
        self.size = 0
        self.voters = 0
        self.head = NO_HEAD
        self.tree = Tree()
        self.last: dict[str, Previous] = {}
        self.checkpointed = 0
        """Lines under the newest checkpoint."""
        self.checkpoint_due = 0.0
        """On the loop's clock."""

    def append(self, cast: Cast) -> tuple[Line, str]:
        """The new line, and its row for `COPY`. All that a line holds is ASCII without tabs or backslashes."""
        voter, n, choice, level, channel = cast.voter, cast.n, cast.choice, cast.level, cast.channel
        seq, at, nonce = self.size, stamp(cast.at), urandom(16).hex()
        line = Line(self._name, self.shard, seq, voter, n, choice, level, channel, at, nonce)
        self._add(line, cast.at)
        return line, (
            f"{self._name}\t{self.shard}\t{seq}\t{voter}\t{n}\t{choice}\t{level}\t{channel}\t{at}\t"
            f"\\\\x{nonce}\t\\\\x{self.head.hex()}\n"
        )

    def _add(self, line: Line, at: datetime) -> None:
        known = self.last.get(line.voter)
        self.voters += known is None
        self.last[line.voter] = Previous(line, at, 0 if known is None else known.changes + 1)
        hashed = leaf(line)
        self.head = next_head(self.head, hashed)
        self.tree.append(hashed)
        self.size += 1

    @classmethod
    async def read(cls, connection: AsyncConnection[Any], ballot: UUID, shard: int) -> "Book":
        """From the shard's own rows, inside a transaction that holds the ballot's: a voter belongs to one shard for as
        long as the ballot lives."""
        (config,) = await _one(connection, "select config from ballots where id = %s", ballot)
        book = cls(ballot, shard, BallotConfig.model_validate(config))
        following = 0
        async with connection.cursor(name="book") as cursor:
            await cursor.execute(
                "select seq, voter, n, choice, level, channel, at, nonce from votes "
                "where ballot_id = %s and shard = %s order by seq",
                (ballot, shard),
            )
            while rows := await cursor.fetchmany(CHUNK):
                for seq, voter, n, choice, level, channel, at, nonce in rows:
                    line = Line(
                        str(ballot), shard, seq, voter, n, choice, level, channel, stamp(at), nonce.hex()
                    )
                    book._add(line, at)
                    following = seq + 1
        written = await _one(
            connection,
            "select size, head, voters from ballot_shards where ballot_id = %s and shard = %s",
            ballot,
            shard,
        )
        if written is not None:
            size, head, book.voters = written
            if (size, head) != (book.size, book.head):
                # The count will find it, too, and hold the result back. Going on from what was kept leaves what was
                # done to be seen, and takes no place that a line has: other ballots are written in the same batch.
                log.error("ledger_does_not_fit", ballot=str(ballot), shard=shard, size=book.size, kept=size)
                book.size, book.head = max(size, following), head
        (book.checkpointed,) = await _one(
            connection,
            "select coalesce(max(size), 0) from vote_checkpoints where ballot_id = %s and shard = %s",
            ballot,
            shard,
        )
        return book


async def _one(connection: AsyncConnection[Any], statement: str, *values: object) -> Any:
    cursor = await connection.execute(statement.encode(), values)
    return await cursor.fetchone()
