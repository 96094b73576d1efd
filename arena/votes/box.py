"""The ballot box: where this process' doors hand in votes, and where they come back counted.

One answer to `cast` is a committed line; another one does not exist. How the votes get into the database is the shards'
business (`shard.py`); which process writes which shard is decided by who takes it.
"""

import asyncio
import gc
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from arena.accounts.public import Shown
from arena.kit.clock import Clock
from arena.kit.errors import GavelError, NotFound
from arena.kit.pace import Pace, Paces
from arena.kit.site import Site
from arena.votes.book import shard_of
from arena.votes.casting import Cast, Previous, Window, decide, delays_of, refusal
from arena.votes.contracts import BallotConfig, Level
from arena.votes.identity import level_in
from arena.votes.ledger import Line
from arena.votes.models import Ballot
from arena.votes.peers import Peers
from arena.votes.queries import newest_line
from arena.votes.rules import pseudonym
from arena.votes.shard import PATIENCE, Shard, Surroundings
from arena.votes.signing import ballot_key, channel_of
from arena.vouchers.public import revoked_vouchers

FRESH_SECONDS = 1.0
"""So old may the copy of a ballot be by which a vote goes on to its writer. None is refused by one from before it."""
KNOWN = 500
"""Ballots that are remembered."""
PER_SECOND, AT_ONCE = 5, 10
"""Votes of one voter that are looked at; whatever comes on top is told to wait."""
TELL_SECONDS = 0.25
"""Between two hints that more votes have been counted, and between two looks at who has waited too long."""

log = structlog.get_logger()

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Known:
    """A ballot as it was a moment ago. The salt stays in here."""

    row: Ballot
    config: BallotConfig
    options: frozenset[str]
    delays: dict[str, timedelta]
    window: Window
    revoked: frozenset[UUID]
    """What vouches for nobody any more in its show."""
    read_at: float

    def takes(self, cast: Cast) -> bool:
        return self.window.takes(cast.at, self.delays[cast.channel])


class BallotBox:
    def __init__(self, site: Site, clock: Clock, channels: Callable[[UUID], list[str]]) -> None:
        """`channels`: the live channels that show an episode's stage."""
        settings = site.settings
        self._site, self._channels = site, channels
        self._peers = Peers(site.signer)
        self.paces = Paces(PER_SECOND, AT_ONCE)
        """Of those who vote over HTTP; a socket has one of its own."""
        self._known: dict[UUID, Known] = {}
        self._reading: dict[UUID, asyncio.Task[Known]] = {}
        self._grown: set[UUID] = set()
        self._around = Surroundings(
            database=make_url(settings.database_url)
            .set(drivername="postgresql")
            .render_as_string(hide_password=False),
            owner=f"{socket.gethostname()}:{os.getpid()}",
            address=settings.peer_url or settings.worker_url,
            key=ballot_key(site),
            clock=clock,
            peers=self._peers,
            counted=self._grown.add,
        )
        self._shards: dict[int, Shard] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False

    def pace(self) -> Pace:
        """Of one socket."""
        return Pace(PER_SECOND, AT_ONCE)

    async def start(self) -> None:
        # Votes stay in memory while their ballot is open: the collector that looks every 700 objects walks them for
        # nothing, which took a fifth of the time of a vote.
        gc.set_threshold(20_000, 10, 10)
        self._tasks = [asyncio.create_task(self._expire()), asyncio.create_task(self._tell())]
        for number in range(self._site.settings.vote_shards):
            self._shard(number)

    async def stop(self) -> None:
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for shard in self._shards.values():
            shard.give_up()
        await self._peers.close()

    async def cast(
        self,
        ballot_id: UUID,
        voter: str,
        choice: str,
        n: int,
        level: Level,
        channel: str,
        received_at: datetime,
        vouched: Mapping[UUID, Shown] | None = None,
    ) -> Line:
        """The committed line. `voter`: who it is to the site; the ledger has a pseudonym. `channel`: what the phone's
        join link said (`signing.join_mark`). `vouched`: by what, in which episodes. The same `n` again gives the same
        line. Raises a refusal of `casting.REFUSALS`, or NotFound `ballot.not_found`."""
        now = asyncio.get_running_loop().time()
        ballot = await self.ballot(ballot_id, now - FRESH_SECONDS)
        if choice not in ballot.options:
            raise refusal("vote.no_such_option", choice=choice)
        level = level_in(level, vouched or {}, ballot.row.episode_id, ballot.revoked)
        if level < ballot.config.level:
            raise refusal("vote.level", needed=ballot.config.level)
        channel = channel_of(self._site, ballot.row.episode_id, ballot.config, channel)
        cast = Cast(ballot_id, pseudonym(ballot.row.salt, voter), choice, n, level, channel, received_at)
        if not ballot.takes(cast):
            ballot = await self.ballot(ballot_id, now)
        if ballot.takes(cast):
            try:
                shards = ballot.config.shards or self._site.settings.vote_shards
                return await self._shard(shard_of(cast.voter, shards)).ask(cast)
            except GavelError as said:
                if said.code != "vote.window_closed":
                    raise
        return await self._after_close(ballot, cast)

    async def drain(self, ballot_id: UUID) -> None:
        """Returns when every vote on this ballot that this process has now is counted or refused."""
        waiting = [answer for shard in self._shards.values() for answer in shard.pending(ballot_id)]
        if waiting:
            await asyncio.wait(waiting, timeout=PATIENCE)

    async def handed(self, shard: int, casts: list[Cast]) -> list[Line | BaseException]:
        """Votes that another process received. Raises Conflict `vote.not_here` when their shard is not held here."""
        writer = self._shards.get(shard)
        if writer is None or not writer.writing:
            raise refusal("vote.not_here")
        asked = [writer.ask(cast) for cast in casts]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    async def ballot(self, ballot_id: UUID, since: float) -> Known:
        """As it was at `since` (on the loop's clock) or later; whoever asks at the same time shares one read."""
        known = self._known.get(ballot_id)
        while known is None or known.read_at < since:
            reading = self._reading.get(ballot_id)
            if reading is None:
                reading = self._reading[ballot_id] = asyncio.create_task(self._read(ballot_id))
            try:
                known = await _in_time(reading)
            finally:
                if self._reading.get(ballot_id) is reading:
                    del self._reading[ballot_id]
        return known

    async def _read(self, ballot_id: UUID) -> Known:
        read_at = asyncio.get_running_loop().time()
        async with self._site.sessions() as session:
            row = await session.get(Ballot, ballot_id)
            if row is None:
                raise NotFound("ballot.not_found", "There is no such ballot.")
            revoked = await revoked_vouchers(session, row.episode_id)
        config = row.configuration
        known = Known(
            row=row,
            config=config,
            options=frozenset(option.id for option in config.options),
            delays=delays_of(config),
            window=Window(row.state, row.opens_at, row.closes_at),
            revoked=revoked,
            read_at=read_at,
        )
        self._known.pop(ballot_id, None)
        self._known[ballot_id] = known
        if len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]
        return known

    def _shard(self, number: int) -> Shard:
        """Beyond the site's number, too: a ballot that was prepared with more has them until it is closed."""
        shard = self._shards.get(number)
        if shard is None:
            shard = self._shards[number] = Shard(number, self._around)
            self._tasks.append(asyncio.create_task(shard.serve(self._held)))
        return shard

    def _held(self) -> int:
        return sum(shard.writing for shard in self._shards.values())

    async def _after_close(self, ballot: Known, cast: Cast) -> Line:
        """No writer is asked about a ballot that is over; whether the vote had come in time, the rows say."""
        line = await _in_time(asyncio.create_task(self._newest(ballot, cast)))
        previous = Previous(line, cast.at, 0) if line is not None else None
        verdict = decide(previous, cast, ballot.config, open=False)
        if verdict == "repeat" and line is not None:
            return line
        raise refusal(verdict)

    async def _newest(self, ballot: Known, cast: Cast) -> Line | None:
        async with self._site.sessions() as session:
            return await newest_line(session, ballot.row, cast.voter)

    async def _expire(self) -> None:
        while not self._stopped:
            await asyncio.sleep(TELL_SECONDS)
            for shard in self._shards.values():
                shard.expire()

    async def _tell(self) -> None:
        """No fact for each vote: pages read how many were counted, a few times a second."""
        while not self._stopped:
            await asyncio.sleep(TELL_SECONDS)
            channels = [name for episode in self._grown for name in self._channels(episode)]
            self._grown.clear()
            await self._site.bus.touch(channels)


async def _in_time(reading: asyncio.Task[Read]) -> Read:
    """What the database says, or `vote.try_again`. Nobody waits for the end of a read that is given up: to a database
    that says nothing at all that end is as long."""
    await asyncio.wait({reading}, timeout=PATIENCE)
    if not reading.done():
        reading.cancel()
    elif not reading.cancelled():
        try:
            return reading.result()
        except (SQLAlchemyError, OSError) as error:
            raise refusal("vote.try_again", retry_ms=1000) from error
    raise refusal("vote.try_again", retry_ms=1000)
