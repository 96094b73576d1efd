"""What strangers recount: the evidence of a ballot and of a season, streamed from rows, and the proof of one vote.

Everything is told as the rows have it and nothing is mended on the way: whoever changed a row has changed the evidence.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import public as duels
from arena.kit.errors import Forbidden, NotFound
from arena.kit.merkle import HASH_SIZE, levels, path
from arena.kit.site import Site
from arena.shows.public import Episode, Season
from arena.votes.contracts import FINAL
from arena.votes.evidence import Proof, Seal, line
from arena.votes.ledger import stamp
from arena.votes.models import Ballot, Checkpoint, Correction, Verdict, Vote
from arena.votes.recount import winner
from arena.votes.signing import judge_name

Pieces = AsyncIterator[bytes]

PAGE = 5_000
"""Votes that are read at once. Between pages no connection to the database is held: a phone may download slowly."""
KEPT_TREES = 4

# `ledger.Line.text`, made by the database: a million lines are seconds of Python, while the show goes on.
LINE = """'{"at":"' || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '","ballot":"' || ballot_id
    || '","channel":"' || channel || '","choice":"' || choice || '","level":' || level || ',"n":' || n
    || ',"nonce":"' || encode(nonce, 'hex') || '","seq":' || seq || ',"shard":' || shard || ',"voter":"' || voter
    || '"}'"""
_PAGES = {
    name: text(
        f"select {all_of}, max(array[shard, seq]) from (select shard, seq, {LINE} as line from votes where "
        "ballot_id = :ballot and (shard, seq) > (:shard, :seq) order by shard, seq limit :page) as page"
    )
    for name, all_of in {
        "lines": r"convert_to(string_agg(line || E'\n', ''), 'UTF8')",
        "leaves": r"string_agg(sha256('\x00'::bytea || convert_to(line, 'UTF8')), ''::bytea)",
    }.items()
}


async def _pages(site: Site, ballot_id: UUID, what: str) -> Pieces:
    last: Sequence[int] | None = [-1, -1]
    while last is not None:
        at = {"ballot": ballot_id, "shard": last[0], "seq": last[1], "page": PAGE}
        async with site.sessions() as session:
            page, last = (await session.execute(_PAGES[what], at)).one()
        if page:
            yield page


# --- one ballot ---


async def published(session: AsyncSession, ballot_id: UUID) -> Ballot:
    ballot = await _ballot(session, ballot_id)
    if ballot.state != "published":
        raise Forbidden(
            "ballot.not_published",
            "The evidence opens when the result is shown; its root is out before that.",
        )
    if ballot.certificate is None:
        raise NotFound("ballot.no_evidence", "This vote was counted by a release that published no evidence.")
    return ballot


async def _ballot(session: AsyncSession, ballot_id: UUID) -> Ballot:
    ballot = await session.get(Ballot, ballot_id)
    if ballot is None:
        raise NotFound("ballot.not_found", "There is no such ballot.")
    return ballot


async def ballot_file(site: Site, ballot_id: UUID) -> Pieces:
    """In the form of `evidence`."""
    async with site.sessions() as session:
        ballot = await published(session, ballot_id)
        head, after = _head(ballot), await _after(site, session, ballot)
    yield head
    async for page in _pages(site, ballot_id, "lines"):
        yield page
    yield after


def _head(ballot: Ballot) -> bytes:
    return line(
        {
            "t": "ballot",
            "format": "gavel.ballot.v1",
            "ballot": str(ballot.id),
            "episode": str(ballot.episode_id),
            "duel": str(ballot.duel_id) if ballot.duel_id else None,
            "config": ballot.config,
            "config_digest": ballot.config_digest,
            "opens_at": _when(ballot.opens_at),
            "closes_at": _when(ballot.closes_at),
            "locked_at": _when(ballot.locked_at),
            "size": ballot.size,
            "root": ballot.root,
            "tally": ballot.tally,
        }
    )


def _when(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


async def _after(site: Site, session: AsyncSession, ballot: Ballot) -> bytes:
    """What follows the votes."""
    said = [*await checkpoints(session, ballot.id), *await corrections(session, ballot.id)]
    return b"".join(
        [*said, *await verdicts(site, session, ballot), line({"t": "seal", **(ballot.certificate or {})})]
    )


async def checkpoints(session: AsyncSession, ballot_id: UUID) -> list[bytes]:
    """Lines of the evidence; `evidence.digest` over them is in the certificate."""
    return [
        line(
            {
                "t": "checkpoint",
                "ballot": str(row.ballot_id),
                "shard": row.shard,
                "size": row.size,
                "root": row.root,
                "head": row.head,
                "at": stamp(row.at),
                "signature": row.signature,
            }
        )
        for row in await checkpoint_rows(session, ballot_id)
    ]


async def checkpoint_rows(session: AsyncSession, ballot_id: UUID) -> Sequence[Checkpoint]:
    statement = select(Checkpoint).where(Checkpoint.ballot_id == ballot_id)
    return (await session.scalars(statement.order_by(Checkpoint.shard, Checkpoint.size))).all()


async def corrections(session: AsyncSession, ballot_id: UUID) -> list[bytes]:
    return [
        line({**correction_of(row), "head": row.head}) for row in await correction_rows(session, ballot_id)
    ]


async def correction_rows(session: AsyncSession, ballot_id: UUID) -> Sequence[Correction]:
    statement = select(Correction).where(Correction.ballot_id == ballot_id)
    return (await session.scalars(statement.order_by(Correction.number))).all()


def correction_of(row: Correction) -> dict[str, Any]:
    """What `evidence.corrected` chains. `created_at` has to be set by whoever writes one."""
    return {
        "t": "correction",
        "ballot": str(row.ballot_id),
        "number": row.number,
        "voter": row.voter,
        "kind": row.kind,
        "rule": row.rule,
        "reason": row.reason,
        "by": "person" if row.by else "rule",
        "at": stamp(row.created_at),
    }


async def verdicts(site: Site, session: AsyncSession, ballot: Ballot) -> list[bytes]:
    """Lines of the evidence, by pseudonym; `evidence.digest` over them is in the certificate."""
    episode = await session.get_one(Episode, ballot.episode_id)
    rows = (await session.execute(select(Verdict).where(Verdict.ballot_id == ballot.id))).scalars()
    named = sorted((judge_name(site, episode.season_id, row.judge_id), row.choice) for row in rows)
    return [
        line({"t": "verdict", "ballot": str(ballot.id), "judge": judge, "choice": choice})
        for judge, choice in named
    ]


# --- a season ---


async def season_file(site: Site, season_id: UUID) -> Pieces:
    """Every published ballot of a season. Ballots of releases without evidence are not in it, nor are their duels."""
    async with site.sessions() as session:
        season = await session.get_one(Season, season_id)
        statement = (
            select(Ballot)
            .join(Episode, Episode.id == Ballot.episode_id)
            .where(
                Episode.season_id == season_id, Ballot.state == "published", Ballot.certificate.is_not(None)
            )
            .order_by(Ballot.created_at, Ballot.id)
        )
        ballots = (await session.execute(statement)).scalars().all()
        decided = [await _decided(site, session, season, one) for one in ballots if one.duel_id]
    head = {
        "t": "season",
        "format": "gavel.season.v1",
        "season": str(season.id),
        "name": season.name,
        "rules_digest": season.rules_digest,
        "rules": season.rules,
        "duels": decided,
    }
    yield line(head)
    for ballot in ballots:
        async for piece in ballot_file(site, ballot.id):
            yield piece


async def _decided(site: Site, session: AsyncSession, season: Season, ballot: Ballot) -> dict[str, str]:
    assert ballot.duel_id is not None and ballot.tally is not None and ballot.certificate is not None
    sides = await duels.answers(session, ballot.duel_id)
    judges = ballot.certificate["certificate"]["verdicts"]
    return {
        "duel": str(ballot.duel_id),
        "left": str(sides["left"].entry_id),
        "right": str(sides["right"].entry_id),
        "ballot": str(ballot.id),
        "winner": winner(ballot.tally["counted"], judges, season.rules["weights"]),
    }


async def gzipped(pieces: Pieces) -> Pieces:
    """Packed outside of the event loop, as it comes."""
    packer = zlib.compressobj(wbits=31)
    async for piece in pieces:
        if packed := await asyncio.to_thread(packer.compress, piece):
            yield packed
    yield packer.flush()


# --- the proof of one vote ---


class Proofs:
    """Trees of counted ballots, the last few: after a vote many phones ask at once, and the ledger is read once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._trees: OrderedDict[UUID, asyncio.Task[list[bytes]]] = OrderedDict()

    async def _tree(self, ballot_id: UUID) -> list[bytes]:
        task = self._trees.get(ballot_id)
        if task is None or (task.done() and not task.cancelled() and task.exception() is not None):
            task = self._trees[ballot_id] = asyncio.create_task(self._read(ballot_id))
        self._trees.move_to_end(ballot_id)
        while len(self._trees) > KEPT_TREES:
            self._trees.popitem(last=False)
        return await asyncio.shield(task)

    async def _read(self, ballot_id: UUID) -> list[bytes]:
        leaves = b"".join([page async for page in _pages(self._site, ballot_id, "leaves")])
        return await asyncio.to_thread(levels, leaves)

    async def of(self, session: AsyncSession, ballot_id: UUID, shard: int, seq: int) -> Proof:
        ballot = await _ballot(session, ballot_id)
        if ballot.state not in FINAL:
            raise Forbidden(
                "ballot.not_certified", "A vote can be proved once the whole ballot has been counted."
            )
        if ballot.certificate is None:
            raise NotFound(
                "ballot.no_evidence", "This vote was counted by a release that published no evidence."
            )
        vote = await session.get(Vote, (ballot_id, shard, seq))
        if vote is None:
            raise NotFound("vote.not_found", f"The ledger has no vote {seq} in shard {shard}.")
        seal = Seal.model_validate({"t": "seal", **ballot.certificate})
        index = sum(end.size for end in seal.certificate.shards if end.shard < shard) + seq
        # The tree is read on a connection of the same pool: whoever waits for it must not keep one.
        await session.commit()
        tree = await self._tree(ballot_id)
        return Proof(
            ballot=str(ballot_id),
            shard=shard,
            seq=seq,
            voter=vote.voter,
            channel=vote.channel,
            level=vote.level,
            index=index,
            size=len(tree[0]) // HASH_SIZE,
            root=tree[-1].hex(),
            hashes=tuple(node.hex() for node in path(tree, index)),
            seal=seal if ballot.state == "published" else None,
        )
