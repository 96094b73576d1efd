"""The gateway's memory: one state per channel that somebody watches, turned into patches, fanned out.

A channel is re-read once a `TICK` at most, however many facts arrive and pages ask, diffed against what was sent, and
numbered. A client that cannot keep up loses patches and gets one snapshot instead; the state it ends with is the same.
"""

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from arena.kit.bus import LIVE
from arena.kit.errors import GavelError, NotFound
from arena.kit.site import Site
from arena.live.patches import KeysDiffer, State, diff
from arena.live.states import Channel, read

TICK = 0.1
"""Seconds between two reads of one channel: ten patches a second at most."""
RING = 300
"""Patches kept per channel for clients that come back."""
BACKLOG = 64
"""Patches waiting for one client before they are replaced by a snapshot."""
REREAD_SECONDS = 5.0
"""Every channel is read again this often, told or not: a hint that got lost shows a little late, and not never."""
KEEP_SECONDS = 60.0
"""How long an unwatched channel is remembered, so that a short drop of the last watcher can resume."""

log = structlog.get_logger()


def now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass
class Watched:
    """One channel as it was last sent."""

    name: str
    epoch: str
    state: State
    read_at: float
    """When the newest read began, on the loop's clock."""
    seq: int = 0
    ring: deque[bytes] = field(default_factory=lambda: deque(maxlen=RING))
    watchers: set["Subscriber"] = field(default_factory=set)
    lonely_since: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def envelope(self, kind: str, body: Any) -> bytes:
        return orjson.dumps(
            {"ch": self.name, "ep": self.epoch, "seq": self.seq, "t": kind, "now": now(), "d": body}
        )

    def snapshot(self) -> bytes:
        return self.envelope("snap", self.state)

    def missed(self, epoch: str | None, seq: int | None) -> list[bytes] | None:
        """The patches since `seq`, all of them, or None when a snapshot is needed."""
        if epoch != self.epoch or seq is None or not 0 <= self.seq - seq <= len(self.ring):
            return None
        behind = self.seq - seq
        return list(self.ring)[len(self.ring) - behind :] if behind else []


class Subscriber:
    """What waits to be sent to one client. Bounded: see `BACKLOG`."""

    def __init__(self) -> None:
        self._pending: list[tuple[str, bytes]] = []
        self._snapshots: set[str] = set()
        self._replies: list[bytes] = []
        self.channels: set[str] = set()
        self.ready = asyncio.Event()

    def push(self, channel: str, envelope: bytes) -> None:
        if channel in self._snapshots:
            return  # a snapshot is on its way and will hold this already
        if len(self._pending) >= BACKLOG:
            self._pending.clear()
            self._snapshots |= self.channels
        else:
            self._pending.append((channel, envelope))
        self.ready.set()

    def push_snapshot(self, channel: str) -> None:
        self._snapshots.add(channel)
        self.ready.set()

    def reply(self, envelope: bytes) -> None:
        """Said to this client alone, in answer to what it sent: no snapshot can stand for it."""
        self._replies.append(envelope)
        self.ready.set()

    def forget(self, channel: str) -> None:
        """Nothing more of this channel is sent, not even what was waiting."""
        self.channels.discard(channel)
        self._snapshots.discard(channel)
        self._pending = [(name, envelope) for name, envelope in self._pending if name != channel]

    def take(self, hub: "Hub") -> list[bytes]:
        snapshots = [hub.watched[name].snapshot() for name in sorted(self._snapshots) if name in hub.watched]
        batch = self._replies + [envelope for _, envelope in self._pending] + snapshots
        self._pending, self._snapshots, self._replies = [], set(), []
        self.ready.clear()
        return batch


class Hub:
    def __init__(self, site: Site) -> None:
        self._site = site
        self.watched: dict[str, Watched] = {}
        self._dirty: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def watch(self, name: str, subscriber: Subscriber, epoch: str | None, seq: int | None) -> None:
        """Subscribe; sends what was missed since (epoch, seq), or a snapshot. The caller has checked permission."""
        watched = await self.current(name)
        watched.watchers.add(subscriber)
        subscriber.channels.add(name)
        missed = watched.missed(epoch, seq)
        if missed is None:
            subscriber.push_snapshot(name)
        for envelope in missed or []:
            subscriber.push(name, envelope)

    def leave(self, subscriber: Subscriber, names: set[str] | None = None) -> None:
        for name in set(names if names is not None else subscriber.channels):
            subscriber.forget(name)
            if name in self.watched:
                watched = self.watched[name]
                watched.watchers.discard(subscriber)
                if not watched.watchers:
                    watched.lonely_since = asyncio.get_running_loop().time()

    async def current(self, name: str) -> Watched:
        """The channel, read from the database if nobody watched it before."""
        if name not in self.watched:
            read_at = asyncio.get_running_loop().time()
            state = await self._read(name)
            # Another subscriber may have been faster while we read.
            if name not in self.watched:
                watched = Watched(name, secrets.token_hex(4), state, read_at)
                watched.lonely_since = asyncio.get_running_loop().time()
                self.watched[name] = watched
                # What changed while we read was told before anybody here listened for it.
                self._dirty.add(name)
        return self.watched[name]

    async def fresh(self, name: str) -> Watched:
        """The channel as a read shows it that began no earlier than this call.

        Whoever asks at the same time shares one read, and there is at most one each `TICK`.
        """
        clock = asyncio.get_running_loop().time
        asked = clock()
        watched = await self.current(name)
        if watched.read_at < asked:
            await asyncio.sleep(watched.read_at + TICK - clock())
        async with watched.lock:
            if watched.read_at < asked:
                await self._reread(watched)
        return watched

    async def refresh(self, name: str) -> None:
        """Read the channel again and send the difference."""
        if watched := self.watched.get(name):
            async with watched.lock:
                await self._reread(watched)

    async def _reread(self, watched: Watched) -> None:
        read_at = asyncio.get_running_loop().time()
        state = await self._read(watched.name)
        watched.read_at = read_at
        try:
            patch = diff(watched.state, state)
        except KeysDiffer:
            watched.seq, watched.state = watched.seq + 1, state
            watched.ring.clear()
            for subscriber in list(watched.watchers):
                subscriber.push_snapshot(watched.name)
            return
        if patch is None:
            return
        watched.seq += 1
        watched.state = state
        envelope = watched.envelope("patch", patch)
        watched.ring.append(envelope)
        for subscriber in list(watched.watchers):
            subscriber.push(watched.name, envelope)

    async def _read(self, name: str) -> State:
        async with self._site.sessions() as session:
            state: State = (await read(session, Channel.parse(name))).model_dump(mode="json")
            return state

    def touch(self, names: list[str]) -> None:
        """Mark channels as changed; `desk:*` marks every channel of that kind."""
        for name in names:
            if name.endswith(":*"):
                self._dirty |= {known for known in self.watched if known.startswith(name[:-1])}
            elif name in self.watched:
                self._dirty.add(name)

    async def _listen(self) -> None:
        while True:
            try:
                # Whatever was said while we were deaf is found by reading everything once.
                self.touch(list(self.watched))
                async for message in self._site.bus.listen(LIVE):
                    self.touch(orjson.loads(message))
            except (RedisError, OSError) as error:
                log.warning("live_deaf", error=str(error))
                await asyncio.sleep(1)

    async def _tick(self) -> None:
        clock = asyncio.get_running_loop().time
        reread_at = clock() + REREAD_SECONDS
        while True:
            await asyncio.sleep(TICK)
            if clock() > reread_at:
                self._dirty |= self.watched.keys()
                reread_at = clock() + REREAD_SECONDS
            dirty, self._dirty = self._dirty, set()
            for name in dirty:
                try:
                    await self.refresh(name)
                except NotFound as gone:
                    self._end(name, gone)
                except (SQLAlchemyError, GavelError, OSError) as error:
                    log.warning("live_read_failed", channel=name, error=str(error))
                    self._dirty.add(name)
                except Exception:
                    # A defect in one channel must not silence all the others.
                    log.exception("live_read_broken", channel=name)
            self._forget_lonely()

    def _end(self, name: str, gone: NotFound) -> None:
        """What the channel is about has been deleted: whoever watches it is told as if it had never been."""
        envelope = orjson.dumps({"ch": name, "t": "err", "code": gone.code})
        for subscriber in list(self.watched.pop(name).watchers):
            subscriber.forget(name)
            subscriber.push("", envelope)

    def _forget_lonely(self) -> None:
        horizon = asyncio.get_running_loop().time() - KEEP_SECONDS
        for name, watched in list(self.watched.items()):
            if not watched.watchers and watched.lonely_since < horizon:
                del self.watched[name]
