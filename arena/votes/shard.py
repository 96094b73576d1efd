"""One shard of all ledgers. What is to be counted waits here in order, and goes into the database in batches: from this
process, if it holds the shard, or through the one that does.

Whoever holds a shard has its advisory lock on the very connection that it writes with, so it cannot write after it has
lost it; and each batch holds the shard's row under the fence that the holder drew when it took it.

A batch is one transaction. When its connection breaks nobody knows whether it was committed: the connection and all
memory are given up, the shard is taken again, what was counted is read from the rows, and then everybody who waits is
decided anew. A line that had been committed is found as what it is, a repeat.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCopy

from arena.kit.clock import Clock
from arena.kit.errors import GavelError
from arena.votes.book import COPY, Book
from arena.votes.casting import Cast, Window, decide, refusal
from arena.votes.contracts import TAKES_VOTES
from arena.votes.evidence import CheckpointLine
from arena.votes.ledger import Line, stamp
from arena.votes.peers import Peers
from arena.votes.signing import BallotKey

BATCH = 500
PIECE = 50
"""Casts that are decided before their rows go to the database, which takes them in while the next are decided."""
LINGER = 0.005
"""Seconds that the first of a batch waits for others."""
QUEUE = 20_000
"""Casts that may wait. More are told to come back: an answer after a minute is none."""
PATIENCE = 3.0
"""Seconds after which whoever waits is told to try again; the phone does, with the same count."""
CHECKPOINT_SECONDS = 1.0
TIDY_SECONDS = 5.0
"""Between two looks at which ballots are over: their books are kept no longer."""
CLAIM_SECONDS = 0.3
RETRY_SECONDS = 0.2
REST_SECONDS, REST_SHARE = 1.0, 0.1
"""A ballot that the database refuses is left alone for so long, and longer where trying it again takes more than this
share of the shard's time: its whole ledger is read for it."""
LOCK = 0x6761766C
"""Class of our advisory locks; the number in it is the shard's."""
NETWORK: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8000,
    # A server that no longer hears its client lets go of the lock as soon.
    "options": "-c timezone=UTC -c statement_timeout=15s -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 "
    "-c tcp_keepalives_count=3",
}

HOLD = "select fence from vote_shards where shard = %s for share"
BALLOTS = (
    "select id, episode_id, state, opens_at, closes_at from ballots where id = any(%s) for share skip locked"
)
TAKE = """
    insert into vote_shards (shard, fence, owner, address) values (%s, 1, %s, %s)
    on conflict (shard) do update set fence = vote_shards.fence + 1, owner = excluded.owner,
        address = excluded.address, since = clock_timestamp()
    returning fence
"""
ADVANCE = """
    insert into ballot_shards (ballot_id, shard, fence, size, voters, head) values (%s, %s, %s, %s, %s, %s)
    on conflict (ballot_id, shard) do update
        set fence = excluded.fence, size = excluded.size, voters = excluded.voters, head = excluded.head
"""
CHECKPOINT = """
    insert into vote_checkpoints (ballot_id, shard, size, root, head, at, signature)
    values (%s, %s, %s, %s, %s, %s, %s)
"""

log = structlog.get_logger()


class ShardLost(Exception):
    """Somebody else holds it now."""


@dataclass(slots=True, eq=False)
class Asked:
    cast: Cast
    until: float
    """On the loop's clock."""
    answer: "asyncio.Future[Line]"

    def refuse(self, said: GavelError) -> None:
        if not self.answer.done():
            self.answer.set_exception(said)


@dataclass(slots=True)
class Held:
    """A ballot whose row this transaction holds."""

    episode: UUID
    window: Window
    book: Book | None = None
    """None: it takes no votes any more."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all shards of a process share."""

    database: str
    """For libpq."""
    owner: str
    address: str
    key: BallotKey
    clock: Clock
    peers: Peers
    counted: Callable[[UUID], None]
    """Told the episode, after each commit."""


class Shard:
    def __init__(self, number: int, around: Surroundings) -> None:
        self.number = number
        self.writing = False
        self._around = around
        self._waiting: deque[Asked] = deque()
        self._under_way: list[Asked] = []
        self._arrived = asyncio.Event()
        self._books: dict[UUID, Book] = {}
        self._apart: dict[UUID, float] = {}
        """Ballots of which the database has refused a batch, and until when (on the loop's clock) they are left alone.
        They are written by themselves until a line of theirs is."""
        self._tidy_due = 0.0
        self._fence = 0

    def ask(self, cast: Cast) -> "asyncio.Future[Line]":
        """The line, committed, or the refusal; `vote.try_again` when nobody knows what became of it. Raises `vote.busy`
        when too many wait already."""
        if len(self._waiting) >= QUEUE:
            raise refusal("vote.busy", retry_ms=random.randint(500, 1500))
        loop = asyncio.get_running_loop()
        asked = Asked(cast, loop.time() + PATIENCE, loop.create_future())
        if self._apart.get(cast.ballot, 0.0) > loop.time():
            asked.refuse(_try_again())
        else:
            self._waiting.append(asked)
            self._arrived.set()
        return asked.answer

    def pending(self, ballot: UUID) -> list["asyncio.Future[Line]"]:
        return [asked.answer for asked in (*self._under_way, *self._waiting) if asked.cast.ballot == ballot]

    def expire(self) -> None:
        """Whoever has waited too long is told so, even while the database says nothing at all."""
        now = asyncio.get_running_loop().time()
        for asked in (*self._under_way, *self._waiting):
            if asked.until < now:
                asked.refuse(_try_again())
        self._waiting = deque(asked for asked in self._waiting if not asked.answer.done())

    def give_up(self) -> None:
        for asked in (*self._under_way, *self._waiting):
            asked.refuse(_try_again())

    async def serve(self, held: Callable[[], int]) -> None:
        """Until cancelled. `held`: how many shards this process holds; whoever holds some lets others go first."""
        while True:
            try:
                # In autocommit, because a batch says itself where it begins and ends.
                connection = await AsyncConnection.connect(self._around.database, autocommit=True, **NETWORK)
                async with connection:
                    await asyncio.sleep(held() * CLAIM_SECONDS)
                    while not await self._claim(connection):
                        await self._hand_over(connection, (1 + held()) * CLAIM_SECONDS)
                    self.writing = True
                    while True:
                        await self._write(connection)
            except (psycopg.Error, OSError, ShardLost) as error:
                log.warning("vote_shard_dropped", shard=self.number, error=str(error) or type(error).__name__)
            except Exception:
                # A defect must not leave the show without votes for good.
                log.exception("vote_shard_broken", shard=self.number)
            finally:
                self.writing = False
                self._books.clear()
                self._apart.clear()
                self._put_back(self._under_way)
            # A statement that is broken off may end in the database's words instead of in being cancelled.
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError
            await asyncio.sleep(RETRY_SECONDS)

    async def _claim(self, connection: AsyncConnection[Any]) -> bool:
        cursor = await connection.execute("select pg_try_advisory_lock(%s, %s)", (LOCK, self.number))
        row = await cursor.fetchone()
        if row is None or not row[0]:
            return False
        cursor = await connection.execute(TAKE, (self.number, self._around.owner, self._around.address))
        row = await cursor.fetchone()
        assert row is not None
        self._fence = row[0]
        log.info("vote_shard_taken", shard=self.number, fence=self._fence)
        return True

    async def _gather(self, patience: float | None) -> None:
        """Fills the batch; an empty one when nothing comes in so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._arrived.wait()
        except TimeoutError:
            return
        if len(self._waiting) < BATCH:
            await asyncio.sleep(LINGER)
        while self._waiting and len(self._under_way) < BATCH:
            asked = self._waiting.popleft()
            if not asked.answer.done():
                self._under_way.append(asked)
        if not self._waiting:
            self._arrived.clear()

    def _put_behind(self, batch: Sequence[Asked]) -> None:
        """Behind what other ballots are asked, in order: however many they are, those do not wait for them."""
        left = [asked for asked in batch if not asked.answer.done()]
        ballots = {asked.cast.ballot for asked in left}
        if ballots:
            later = [asked for asked in self._waiting if asked.cast.ballot in ballots]
            others = (asked for asked in self._waiting if asked.cast.ballot not in ballots)
            self._waiting = deque((*others, *left, *later))
            self._arrived.set()
        self._under_way = []

    def _put_back(self, batch: Sequence[Asked]) -> None:
        """To the front, in order; without those who have been answered."""
        self._waiting.extendleft(asked for asked in reversed(batch) if not asked.answer.done())
        self._under_way = []
        if self._waiting:
            self._arrived.set()

    # --- written here -----------------------------------------------------------------------------------------------

    async def _write(self, connection: AsyncConnection[Any]) -> None:
        """One batch, or the checkpoints that are due."""
        now = asyncio.get_running_loop().time()
        unsigned = [book for book in self._books.values() if book.size > book.checkpointed]
        moments = [book.checkpoint_due for book in unsigned] + [self._tidy_due] * bool(self._books)
        await self._gather(max(0.0, min(moments) - now) if moments else None)
        now = asyncio.get_running_loop().time()
        due = {book.ballot for book in unsigned if book.checkpoint_due <= now}
        wanted = {asked.cast.ballot for asked in self._under_way} | due
        if self._tidy_due <= now:
            self._tidy_due = now + TIDY_SECONDS
            # One whose last line has been signed for is asked about by nobody else, and may be over.
            wanted |= self._books.keys()
        for ballots in (wanted - self._apart.keys(), *({one} for one in wanted & self._apart.keys())):
            if ballots:
                await self._commit_what_can_be(connection, ballots, due, now)
        # What is left is about ballots that somebody is closing right now: it is decided when that is done.
        self._put_behind(self._under_way)

    async def _commit_what_can_be(
        self, connection: AsyncConnection[Any], ballots: set[UUID], due: set[UUID], now: float
    ) -> None:
        """When the database refuses a statement nothing of its batch was committed: then each ballot is tried by
        itself, so that the votes of the others do not share its fate. A connection that refuses even a transaction
        about no ballot is given up."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            for ballot in await self._commit(connection, ballots, due & ballots, now):
                self._apart.pop(ballot, None)
        except psycopg.OperationalError:
            raise
        except psycopg.DatabaseError as error:
            await connection.execute("rollback")
            await self._hold(connection, ())
            await connection.execute("rollback")
            for ballot in ballots:
                self._books.pop(ballot, None)
            if len(ballots) > 1:
                for ballot in ballots:
                    await self._commit_what_can_be(connection, {ballot}, due, now)
                return
            (ballot,) = ballots
            log.error("votes_refused", ballot=str(ballot), shard=self.number, error=str(error))
            took = loop.time() - began
            self._apart[ballot] = loop.time() + max(REST_SECONDS, took / REST_SHARE)
            for asked in (*self._under_way, *self._waiting):
                if asked.cast.ballot == ballot:
                    asked.refuse(_try_again())

    async def _commit(
        self, connection: AsyncConnection[Any], ballots: set[UUID], due: set[UUID], now: float
    ) -> set[UUID]:
        """What was asked about these ballots, in one transaction; and the answers. Which of them have grown."""
        held = await self._hold(connection, ballots)
        for ballot in (due - held.keys()) & self._books.keys():
            self._books[ballot].checkpoint_due = now + CHECKPOINT_SECONDS
        for ballot, row in held.items():
            if row.window.state not in TAKES_VOTES:
                self._books.pop(ballot, None)
            elif ballot not in self._books:
                self._books[ballot] = await Book.read(connection, ballot, self.number)
            row.book = self._books.get(ballot)
        before = {ballot: book.size for ballot, book in self._books.items()}
        answers = await self._count(connection, held)
        grown = {ballot for ballot, size in before.items() if self._books[ballot].size > size}
        await self._finish(connection, grown, grown | (due & held.keys() & self._books.keys()), now)
        for asked, said in answers:
            if isinstance(said, Line):
                if not asked.answer.done():
                    asked.answer.set_result(said)
            else:
                asked.refuse(said)
        for ballot in grown:
            self._around.counted(held[ballot].episode)
        return grown

    async def _hold(self, connection: AsyncConnection[Any], ballots: Iterable[UUID]) -> dict[UUID, Held]:
        """Begins the transaction. Ballots that somebody else holds alone are left out, so that closing one of them
        does not hold up the others."""
        async with connection.pipeline():
            await connection.execute("begin")
            fences = await connection.execute(HOLD, (self.number,))
            found = await connection.execute(BALLOTS, (list(ballots),))
        fence = await fences.fetchone()
        if fence is None or fence[0] != self._fence:
            raise ShardLost(f"shard {self.number} is held under fence {fence}, not {self._fence}")
        return {row[0]: Held(row[1], Window(*row[2:])) for row in await found.fetchall()}

    async def _count(
        self, connection: AsyncConnection[Any], held: dict[UUID, Held]
    ) -> list[tuple[Asked, Line | GavelError]]:
        """What each cast of the batch gets if it is committed."""
        answers: list[tuple[Asked, Line | GavelError]] = []
        async with AsyncExitStack() as stack:
            copy: AsyncCopy | None = None
            for first in range(0, len(self._under_way), PIECE):
                said, rows = self._decide(self._under_way[first : first + PIECE], held)
                answers += said
                if rows:
                    if copy is None:
                        copy = await stack.enter_async_context(connection.cursor().copy(COPY))
                    await copy.write("".join(rows))
        return answers

    def _decide(
        self, piece: Iterable[Asked], held: dict[UUID, Held]
    ) -> tuple[list[tuple[Asked, Line | GavelError]], list[str]]:
        """What each of them gets, and the rows that make it so."""
        answers: list[tuple[Asked, Line | GavelError]] = []
        rows: list[str] = []
        for asked in piece:
            cast = asked.cast
            row = held.get(cast.ballot)
            if row is None:
                continue
            book = row.book
            if book is None:
                answers.append((asked, refusal("vote.window_closed")))
                continue
            previous = book.last.get(cast.voter)
            verdict = decide(
                previous, cast, book.config, row.window.takes(cast.at, book.delays[cast.channel])
            )
            if verdict == "count":
                line, written = book.append(cast)
                rows.append(written)
                answers.append((asked, line))
            elif verdict == "repeat":
                assert previous is not None
                answers.append((asked, previous.line))
            elif verdict == "vote.too_fast":
                answers.append((asked, refusal(verdict, retry_ms=round(book.config.change_seconds * 1000))))
            else:
                answers.append((asked, refusal(verdict)))
        return answers, rows

    async def _finish(
        self, connection: AsyncConnection[Any], grown: set[UUID], touched: set[UUID], now: float
    ) -> None:
        """How far the ledgers have come, the checkpoints that are due, and the commit."""
        books = [self._books[ballot] for ballot in touched]
        signed = [book for book in books if book.size > book.checkpointed and book.checkpoint_due <= now]
        async with connection.pipeline():
            for book in map(self._books.__getitem__, grown):
                head = (book.size, book.voters, book.head)
                await connection.execute(ADVANCE, (book.ballot, self.number, self._fence, *head))
            for book in signed:
                await connection.execute(CHECKPOINT, self._checkpoint(book))
            await connection.execute("commit")
        for book in signed:
            book.checkpointed, book.checkpoint_due = book.size, now + CHECKPOINT_SECONDS

    def _checkpoint(self, book: Book) -> tuple[object, ...]:
        root, head, at = book.tree.root().hex(), book.head.hex(), self._around.clock.now()
        said = CheckpointLine(
            ballot=str(book.ballot),
            shard=self.number,
            size=book.size,
            root=root,
            head=head,
            at=stamp(at),
            signature="",
        )
        signature = self._around.key.sign(said.model_dump(exclude={"signature"}))
        return book.ballot, self.number, book.size, root, head, at, signature

    # --- written elsewhere --------------------------------------------------------------------------------------------

    async def _hand_over(self, connection: AsyncConnection[Any], seconds: float) -> None:
        """What waits goes to whoever holds the shard, until it is time to ask again whether it is still held."""
        cursor = await connection.execute("select address from vote_shards where shard = %s", (self.number,))
        row = await cursor.fetchone()
        again = asyncio.get_running_loop().time() + seconds
        while (left := again - asyncio.get_running_loop().time()) > 0:
            await self._gather(left)
            if not self._under_way:
                continue
            try:
                said = await self._around.peers.hand_over(
                    row[0] if row else None, self.number, [asked.cast for asked in self._under_way]
                )
            except (httpx.HTTPError, ValueError) as error:
                log.warning(
                    "votes_not_handed_over", shard=self.number, error=str(error) or type(error).__name__
                )
                self._put_back(self._under_way)
                await asyncio.sleep(RETRY_SECONDS)
                return
            for asked, outcome in zip(self._under_way, said, strict=True):
                if isinstance(outcome, GavelError):
                    asked.refuse(outcome)
                elif not asked.answer.done():
                    asked.answer.set_result(outcome)
            self._under_way = []


def _try_again() -> GavelError:
    return refusal("vote.try_again", retry_ms=random.randint(300, 1000))
