"""What the way of a vote costs here: against the same gateway without storage, and against plain batched upserts."""

import asyncio
import statistics
from uuid import UUID

from psycopg import AsyncConnection

from arena.cli.bench import Figure, figure
from arena.cli.bench_votes_load import Crowd, Measured, run
from arena.cli.bench_votes_recount import measure
from arena.cli.bench_votes_site import (
    OPTIONS,
    WAITING,
    Gateway,
    VoteSite,
    cast_of,
    hand_in,
    open_ballot,
    processes,
    running_box,
    vote_site,
)
from arena.kit.site import open_site
from arena.votes.shard import BATCH

SOCKETS = 2000
SECONDS = 6.0
ROUNDS = 3
TAPS = 5000
VOTERS = 60_000
RECOUNTED = 1_000_000
UPSERT = """
    insert into bench_votes (ballot, voter, choice) select %s, * from unnest(%s::text[], %s::text[])
    on conflict (ballot, voter) do update set choice = excluded.choice
"""


def figures() -> list[Figure]:
    with vote_site() as site:
        bare, whole = site.gateway(ceiling=True), site.gateway()
        ceiling, counted = [], []
        for _ in range(ROUNDS):
            ceiling.append(_measure(site, bare, SOCKETS, SECONDS))
            counted.append(_measure(site, whole, SOCKETS, SECONDS))
        taps = [_measure(site, gateway, TAPS, None) for gateway in (bare, whole)]
        shard, upsert = asyncio.run(_shard(site))
        recounted = measure(site, RECOUNTED)
    rate, most = (statistics.median(one.per_second for one in found) for found in (counted, ceiling))
    p99, least = (statistics.median(one.quantile(0.99) for one in found) for found in (counted, ceiling))
    bare_taps, whole_taps = taps
    return [
        figure(
            f"acknowledged votes of one gateway, {SOCKETS} sockets (baseline: parsed and acknowledged, not stored)",
            rate,
            "votes/s",
            most,
            0.6,
            least=True,
        ),
        figure(
            "committed votes of one shard (baseline: plain batched upsert)",
            shard,
            "votes/s",
            upsert,
            0.45,
            least=True,
        ),
        figure(
            f"{TAPS} taps at once that were acknowledged", len(whole_taps.answered), "", TAPS, 1, least=True
        ),
        figure(
            f"until the last of {TAPS} taps is acknowledged (baseline: not stored)",
            whole_taps.seconds,
            "s",
            bare_taps.seconds,
            3,
        ),
        figure(f"p99 at {SOCKETS} sockets (baseline: not stored)", p99 * 1000, "ms", least * 1000, 3),
        figure(
            f"{RECOUNTED:,} votes counted by the verifier (baseline: their lines read as JSON)",
            recounted.verified,
            "s",
            recounted.parsed,
            10,
            of="value",
        ),
        figure(
            f"{RECOUNTED:,} votes of unknown phones flagged, counted again and signed (baseline: the verifier)",
            recounted.certified,
            "s",
            recounted.verified,
            8,
        ),
    ]


def _measure(site: VoteSite, gateway: Gateway, phones: int, seconds: float | None) -> Measured:
    """On a ballot and a gateway of their own; every receipt is held against the rows."""
    ballot = asyncio.run(_start(site, gateway))
    ours, theirs = processes.Pipe(duplex=False)
    crowd = Crowd(gateway.port, site.settings.secret_key.get_secret_value(), ballot, phones, seconds)
    load = processes.Process(target=run, args=(crowd, theirs), daemon=True)
    load.start()
    theirs.close()
    found = ours.recv()
    load.join()
    gateway.kill()
    assert isinstance(found, Measured)
    if found.refused or found.silent:
        raise RuntimeError(f"{found.refused} votes were refused, {found.silent} not answered")
    if not gateway.ceiling and (rows := asyncio.run(_rows(site, ballot))) != len(found.answered):
        raise RuntimeError(f"{len(found.answered)} votes were acknowledged, {rows} are in the ledger")
    return found


async def _start(site: VoteSite, gateway: Gateway) -> UUID:
    gateway.start()
    await gateway.ready()
    async with open_site(site.settings) as opened:
        return await open_ballot(opened.sessions, seconds=3600, max_changes=100)


async def _rows(site: VoteSite, ballot: UUID) -> int:
    async with await AsyncConnection.connect(_plain(site)) as connection:
        cursor = await connection.execute("select count(*) from votes where ballot_id = %s", (ballot,))
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def _shard(site: VoteSite) -> tuple[float, float]:
    """Votes a second that one shard commits, and rows a second of plain upserts in batches as large; taken in turns."""
    loop = asyncio.get_running_loop()
    committed, upserted = [], []
    plain = AsyncConnection.connect(_plain(site), autocommit=True)
    async with (
        open_site(site.settings) as opened,
        running_box(opened) as (box, clock),
        await plain as connection,
    ):
        await connection.execute(
            "create table bench_votes (ballot uuid, voter text, choice text, primary key (ballot, voter))"
        )
        for _ in range(ROUNDS):
            ballot = await open_ballot(opened.sessions, seconds=3600)
            await box.cast(ballot, "first", OPTIONS[0], 1, 0, "hall", clock.now())
            casts = [cast_of(ballot, number, clock.now()) for number in range(VOTERS)]
            began = loop.time()
            for first in range(0, VOTERS, WAITING):
                await hand_in(box, casts[first : first + WAITING])
            committed.append(VOTERS / (loop.time() - began))
            began = loop.time()
            for first in range(0, VOTERS, BATCH):
                batch = casts[first : first + BATCH]
                rows = [one.voter for one in batch], [one.choice for one in batch]
                await connection.execute(UPSERT, (ballot, *rows))
            upserted.append(VOTERS / (loop.time() - began))
    return statistics.median(committed), statistics.median(upserted)


def _plain(site: VoteSite) -> str:
    return site.settings.database_url.replace("postgresql+psycopg", "postgresql", 1)
