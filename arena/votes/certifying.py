"""The second count: the ledger read again from its rows, apart from the writer's own tally, and what is signed of it.

Nothing here is remembered from while the ballot was open. What the writer has written down about its work (how far each
shard came, its head, the checkpoints that were shown) is compared with what the rows say.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import Json
from arena.kit.site import Site
from arena.votes import publishing
from arena.votes.evidence import Certificate, Count, Seal, ShardEnd, corrected, digest
from arena.votes.ledger import NO_HEAD, Line, Tree, leaf, next_head, stamp
from arena.votes.models import Ballot, Checkpoint, Correction, ShardState, Verdict, Vote
from arena.votes.signing import ballot_key
from arena.vouchers.public import seat_counts

BATCH = 5_000
MOST_NAMED = 20
"""After one changed line all heads behind it differ: the first ones tell where to look."""
COLUMNS = (
    Vote.ballot_id,
    Vote.shard,
    Vote.seq,
    Vote.voter,
    Vote.n,
    Vote.choice,
    Vote.level,
    Vote.channel,
    Vote.at,
    Vote.nonce,
    Vote.head,
)


@dataclass
class _Shard:
    """One shard's ledger, read from its beginning."""

    tree: Tree = field(default_factory=Tree)
    head: bytes = NO_HEAD

    @property
    def end(self) -> tuple[int, str, str]:
        return self.tree.size, self.tree.root().hex(), self.head.hex()


@dataclass
class Recount:
    """What the rows of a closed ballot say."""

    shards: dict[int, _Shard] = field(default_factory=dict)
    whole: Tree = field(default_factory=Tree)
    count: Count = field(default_factory=lambda: Count(counted={}, flagged={}, levels={}))
    corrections: int = 0
    corrections_head: bytes = NO_HEAD
    differs: list[Json] = field(default_factory=list)
    """Where the rows and what was written down about them are not equal; empty is what it has to be."""

    def expect(self, what: str, written: object, counted: object, **where: int) -> None:
        if written != counted and len(self.differs) < MOST_NAMED:
            self.differs.append({"what": what, **where, "written": str(written), "counted": str(counted)})


async def recount(session: AsyncSession, ballot: Ballot) -> Recount:
    """Read all of it. It is closed: no line is added meanwhile. Corrections may be; `certify` looks for them."""
    found = Recount()
    await _read_ledger(session, ballot, found)
    await _compare_shards(session, ballot, found)
    await _read_corrections(session, ballot, found)
    await _count(session, ballot, found)
    return found


async def _read_ledger(session: AsyncSession, ballot: Ballot, found: Recount) -> None:
    """Every line hashed again, along the chain and into the trees, with each checkpoint held against it in passing."""
    shown = {(one.shard, one.size): one for one in await publishing.checkpoint_rows(session, ballot.id)}
    rows = select(*COLUMNS).where(Vote.ballot_id == ballot.id).order_by(Vote.shard, Vote.seq)
    stream = await session.stream(rows, execution_options={"yield_per": BATCH})
    async for part in stream.partitions():
        # Hashing half a million lines must not hold up the votes of another ballot.
        await asyncio.to_thread(_follow, part, shown, found)
    for (shard, size), checkpoint in shown.items():
        found.expect("checkpoint", (checkpoint.root, checkpoint.head), None, shard=shard, size=size)


def line_of(row: Any) -> Line:
    """As it was hashed. `row`: a `Vote`, or its `COLUMNS`."""
    return Line(
        str(row.ballot_id),
        row.shard,
        row.seq,
        row.voter,
        row.n,
        row.choice,
        row.level,
        row.channel,
        stamp(row.at),
        row.nonce.hex(),
    )


def _follow(rows: Sequence[Any], shown: dict[tuple[int, int], Checkpoint], found: Recount) -> None:
    for row in rows:
        shard = found.shards.setdefault(row.shard, _Shard())
        found.expect("sequence", row.seq, shard.tree.size, shard=row.shard, seq=row.seq)
        hashed = leaf(line_of(row))
        shard.tree.append(hashed)
        found.whole.append(hashed)
        shard.head = next_head(shard.head, hashed)
        found.expect("head", row.head.hex(), shard.head.hex(), shard=row.shard, seq=row.seq)
        checkpoint = shown.pop((row.shard, shard.tree.size), None)
        if checkpoint is not None:
            said = (shard.tree.size, checkpoint.root, checkpoint.head)
            found.expect("checkpoint", said, shard.end, shard=row.shard, size=shard.tree.size)


async def _compare_shards(session: AsyncSession, ballot: Ballot, found: Recount) -> None:
    """The writer's tally, which was written in the transactions of the votes themselves."""
    statement = select(ShardState).where(ShardState.ballot_id == ballot.id)
    written = {one.shard: one for one in (await session.execute(statement)).scalars()}
    for shard in sorted(written.keys() | found.shards.keys()):
        state, end = written.get(shard), found.shards.get(shard, _Shard())
        said = (state.size, state.head.hex()) if state else (0, NO_HEAD.hex())
        found.expect("shard", said, (end.tree.size, end.head.hex()), shard=shard)
    distinct = select(func.count(Vote.voter.distinct())).where(Vote.ballot_id == ballot.id)
    voters = (await session.execute(distinct)).scalar_one()
    found.expect("voters", sum(state.voters for state in written.values()), voters)


async def _read_corrections(session: AsyncSession, ballot: Ballot, found: Recount) -> None:
    for row in await publishing.correction_rows(session, ballot.id):
        found.expect("correction", row.number, found.corrections, number=row.number)
        found.corrections_head = corrected(found.corrections_head, publishing.correction_of(row))
        found.corrections += 1
        found.expect("correction_head", row.head, found.corrections_head.hex(), number=row.number)


async def _count(session: AsyncSession, ballot: Ballot, found: Recount) -> None:
    """Each voter's last word, and whether the last word about the voter is a flag."""
    said = _last(Vote, Vote.n, Vote.choice, Vote.level, ballot_id=ballot.id)
    about = _last(Correction, Correction.number, Correction.kind, ballot_id=ballot.id)
    aside = func.coalesce(about.c.kind == "flag", False)
    by = (
        select(said.c.choice, said.c.level, aside, func.count())
        .outerjoin(about, about.c.voter == said.c.voter)
        .group_by(said.c.choice, said.c.level, aside)
    )
    known = {option.id: 0 for option in ballot.configuration.options}
    counted, flagged, levels = Counter(known), Counter(known), Counter[str]()
    for choice, level, is_flagged, voters in (await session.execute(by)).all():
        (flagged if is_flagged else counted)[choice] += voters
        levels[str(level)] += 0 if is_flagged else voters
        found.expect("option", choice in known, True)
    found.count = Count(
        counted=dict(counted),
        flagged=dict(flagged),
        levels=dict(levels),
        seats=await seat_counts(session, ballot.episode_id),
    )


def _last(table: type[Vote | Correction], order: Any, *what: Any, ballot_id: UUID) -> Subquery:
    """The newest row of each voter."""
    statement = select(table.voter, *what).ext(distinct_on(table.voter)).where(table.ballot_id == ballot_id)
    return statement.order_by(table.voter, order.desc()).subquery()


async def verdict_counts(session: AsyncSession, ballot_id: UUID) -> dict[str, int]:
    statement = (
        select(Verdict.choice, func.count()).where(Verdict.ballot_id == ballot_id).group_by(Verdict.choice)
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def sealed(session: AsyncSession, site: Site, ballot: Ballot, found: Recount, at: str) -> Seal:
    """The certificate of a ballot whose two counts are equal, signed."""
    assert ballot.opens_at and ballot.closes_at and ballot.locked_at and ballot.config_digest
    checkpoints = await publishing.checkpoints(session, ballot.id)
    certificate = Certificate(
        ballot=str(ballot.id),
        episode=str(ballot.episode_id),
        duel=str(ballot.duel_id) if ballot.duel_id else None,
        config_digest=ballot.config_digest,
        opens_at=stamp(ballot.opens_at),
        closes_at=stamp(ballot.closes_at),
        locked_at=stamp(ballot.locked_at),
        shards=tuple(
            ShardEnd(shard=number, size=shard.tree.size, root=shard.tree.root().hex(), head=shard.head.hex())
            for number, shard in sorted(found.shards.items())
        ),
        size=found.whole.size,
        root=found.whole.root().hex(),
        corrections=found.corrections,
        corrections_head=found.corrections_head.hex(),
        checkpoints=len(checkpoints),
        checkpoints_digest=digest(checkpoints),
        count=found.count,
        verdicts=await verdict_counts(session, ballot.id),
        verdicts_digest=digest(await publishing.verdicts(site, session, ballot)),
        at=at,
    )
    key = ballot_key(site)
    body = certificate.model_dump(mode="json")
    return Seal(certificate=certificate, key=key.public_key(), signature=key.sign(body))
