"""A season whose votes are counted and published, written straight into the tables: for tests of the evidence."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.models import Answer, Duel
from arena.kit.merkle import root
from arena.kit.site import Site
from arena.shows.public import Episode, Season, SeasonRules
from arena.votes import publishing
from arena.votes.contracts import CHOICES, BallotConfig, Channel, Option
from arena.votes.evidence import Certificate, Count, Seal, ShardEnd, corrected, digest
from arena.votes.evidence import line as evidence_line
from arena.votes.ledger import NO_HEAD, Line, Tree, leaf, next_head, stamp
from arena.votes.models import Ballot, Checkpoint, Correction, Verdict, Vote
from arena.votes.rules import pseudonym
from arena.votes.signing import BallotKey, ballot_key

NAMES = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
START = datetime(2026, 11, 22, 20, 15, tzinfo=UTC)
EVERY = 7
"""Lines between two checkpoints of a shard."""


def named(name: str) -> UUID:
    return uuid5(NAMES, name)


@dataclass
class Counted:
    """A ballot as it was when it was certified, and what was on air of it."""

    id: UUID
    root: str
    key: str
    lines: list[Line] = field(default_factory=list)

    def receipt(self, number: int) -> dict[str, Any]:
        line = self.lines[number]
        said = {
            "shard": line.shard,
            "seq": line.seq,
            "leaf": leaf(line).hex(),
            "nonce": line.nonce,
            "at": line.at,
        }
        return {"ballot_id": line.ballot, "choice": line.choice, "n": line.n, "receipt": said}


async def season(session: AsyncSession) -> Season:
    """With one episode; nobody has to exist who is named in it."""
    await session.execute(text("set local session_replication_role = replica"))
    rules = SeasonRules()
    found = Season(
        id=named("season"),
        name="第一季 First",
        rules=rules.model_dump(mode="json"),
        rules_digest=rules.digest,
    )
    episode = Episode(id=named("episode"), season_id=found.id, number=1, title="One", code="ABCDEF")
    session.add_all([found, episode])
    await session.flush()
    return found


async def duel(session: AsyncSession, number: int) -> Duel:
    await session.execute(text("set local session_replication_role = replica"))
    found = Duel(
        id=named(f"duel {number}"),
        episode_id=named("episode"),
        season_id=named("season"),
        number=number,
        prompt="Why?",
        seed=1,
        sampling={},
        state="answered",
        revealed_at=START + timedelta(minutes=number, seconds=50),
    )
    session.add(found)
    for side in ("left", "right"):
        entry = named(f"entry {side if number % 2 else 'left' if side == 'right' else 'right'}")
        session.add(Answer(duel_id=found.id, side=side, entry_id=entry, submission_id=entry, digest="0" * 64))
    await session.flush()
    return found


async def ballot(
    site: Site, session: AsyncSession, number: int, voters: int = 40, shards: int = 2
) -> Counted:
    """About duel `number`: some voters change their minds, two are flagged and one of them is cleared; five judges."""
    await session.execute(text("set local session_replication_role = replica"))
    chance, opened = random.Random(number), START + timedelta(minutes=number)
    salt = sha256(f"salt {number}".encode()).hexdigest()
    season = await session.get_one(Season, named("season"))
    config = BallotConfig(
        kind="duel",
        question_zh="哪个回答更好？",
        question_en="Which answer is better?",
        options=tuple(Option(id=choice, zh=f"选项 {choice}", en=f"Option {choice}") for choice in CHOICES),
        seconds=40,
        channels=(Channel(id="hall"), Channel(id="stream", delay_seconds=8)),
        level=1,
        max_changes=2,
        change_seconds=1.5,
        salt_commitment=sha256(bytes.fromhex(salt)).hexdigest(),
        rules_digest=season.rules_digest,
    )
    row = Ballot(
        id=named(f"ballot {number}"),
        kind="duel",
        duel_id=named(f"duel {number}"),
        episode_id=named("episode"),
        state="published",
        config=config.model_dump(mode="json"),
        config_digest=None,
        opens_at=opened,
        closes_at=opened + timedelta(seconds=40),
        locks_at=opened + timedelta(seconds=60),
        locked_at=opened + timedelta(seconds=49),
        salt=salt,
        tally={},
        root="",
        size=0,
    )
    row.created_at = opened
    row.config_digest = digest([evidence_line(row.config)[:-1]])
    lines = list(_lines(row, voters, shards, chance))
    session.add(row)
    await vote(site, session, row, lines)
    await _correct(session, row, lines)
    for judge in range(5):
        choice = chance.choice(CHOICES)
        session.add(Verdict(ballot_id=row.id, judge_id=named(f"judge {judge}"), choice=choice))
    await session.flush()
    await certify(site, session, row, lines)
    return Counted(row.id, row.root or "", ballot_key(site).public_key(), lines)


def _lines(ballot: Ballot, voters: int, shards: int, chance: random.Random) -> Iterator[Line]:
    said: dict[str, int] = {}
    sizes = [0] * shards
    for step in range(voters * 3 // 2):
        who = step if step < voters else chance.randrange(voters)
        name = pseudonym(ballot.salt, f"d-{who}")
        if said.get(name, 0) == 3:
            continue
        said[name] = said.get(name, 0) + 1
        shard, channel = int(name, 16) % shards, "stream" if who % 4 == 0 else "hall"
        assert ballot.opens_at is not None
        at = ballot.opens_at + timedelta(seconds=8 + step * 30 / (voters * 1.5), microseconds=step)
        if said[name] > 1:
            at = max(at, ballot.opens_at + timedelta(seconds=30 + 2 * said[name], microseconds=step))
        nonce = chance.randbytes(16).hex()
        level, choice = chance.choice((1, 1, 2)), chance.choice(CHOICES)
        yield Line(
            str(ballot.id), shard, sizes[shard], name, said[name], choice, level, channel, stamp(at), nonce
        )
        sizes[shard] += 1


async def vote(
    site: Site, session: AsyncSession, ballot: Ballot, lines: list[Line], key: BallotKey | None = None
) -> None:
    """The rows of these votes, and a checkpoint after every few of a shard."""
    heads, trees = dict[int, bytes](), dict[int, Tree]()
    for line in lines:
        head = heads[line.shard] = next_head(heads.get(line.shard, NO_HEAD), leaf(line))
        tree = trees.setdefault(line.shard, Tree())
        tree.append(leaf(line))
        session.add(
            Vote(
                ballot_id=ballot.id,
                shard=line.shard,
                seq=line.seq,
                voter=line.voter,
                n=line.n,
                choice=line.choice,
                level=line.level,
                channel=line.channel,
                at=datetime.fromisoformat(line.at),
                nonce=bytes.fromhex(line.nonce),
                head=head,
            )
        )
        if tree.size % EVERY == 0:
            said = {
                "t": "checkpoint",
                "ballot": str(ballot.id),
                "shard": line.shard,
                "size": tree.size,
                "root": tree.root().hex(),
                "head": head.hex(),
                "at": line.at,
            }
            row = {name: value for name, value in said.items() if name not in ("t", "ballot", "at")}
            signature = (key or ballot_key(site)).sign(said)
            at = datetime.fromisoformat(line.at)
            session.add(Checkpoint(ballot_id=ballot.id, at=at, signature=signature, **row))
    await session.flush()


async def _correct(session: AsyncSession, ballot: Ballot, lines: list[Line]) -> None:
    head, voters = NO_HEAD, list(dict.fromkeys(line.voter for line in lines))
    for number, (kind, voter) in enumerate((("flag", 1), ("flag", 2), ("clear", 1))):
        row = Correction(
            id=named(f"{ballot.id} {number}"),
            ballot_id=ballot.id,
            number=number,
            voter=voters[voter],
            kind=kind,
            rule="cohort-1",
            reason="“同一时刻” at once" if kind == "flag" else "She is who she says.",
            by=None if kind == "flag" else named("producer"),
        )
        row.created_at = datetime.fromisoformat(lines[-1].at) + timedelta(seconds=number)
        head = corrected(head, publishing.correction_of(row))
        row.head = head.hex()
        session.add(row)


async def certify(
    site: Site, session: AsyncSession, ballot: Ballot, lines: list[Line], key: BallotKey | None = None
) -> None:
    """What the site does when both counts are equal."""
    key = key or ballot_key(site)
    checkpoints = await publishing.checkpoints(session, ballot.id)
    corrections = [json.loads(one) for one in await publishing.corrections(session, ballot.id)]
    verdicts = await publishing.verdicts(site, session, ballot)
    kinds = {one["voter"]: one["kind"] for one in corrections}
    said = {line.voter: line for line in lines}
    aside = {voter for voter in said if kinds.get(voter) == "flag"}
    known = dict.fromkeys(CHOICES, 0)
    counted = Counter(line.choice for voter, line in said.items() if voter not in aside)
    count = Count(
        counted=known | counted,
        flagged=known | Counter(said[voter].choice for voter in aside),
        levels=Counter(str(line.level) for voter, line in said.items() if voter not in aside),
    )
    whole = sorted(lines, key=lambda line: (line.shard, line.seq))
    shards = [
        [leaf(line) for line in whole if line.shard == shard] for shard in {line.shard for line in whole}
    ]
    assert ballot.opens_at and ballot.closes_at and ballot.locked_at and ballot.config_digest
    certificate = Certificate(
        ballot=str(ballot.id),
        episode=str(ballot.episode_id),
        duel=str(ballot.duel_id),
        config_digest=ballot.config_digest,
        opens_at=stamp(ballot.opens_at),
        closes_at=stamp(ballot.closes_at),
        locked_at=stamp(ballot.locked_at),
        shards=tuple(
            ShardEnd(
                shard=shard,
                size=len(leaves),
                root=root(leaves).hex(),
                head=reduce(next_head, leaves, NO_HEAD).hex(),
            )
            for shard, leaves in enumerate(shards)
        ),
        size=len(whole),
        root=root([leaf(line) for line in whole]).hex(),
        corrections=len(corrections),
        corrections_head=corrections[-1]["head"] if corrections else NO_HEAD.hex(),
        checkpoints=len(checkpoints),
        checkpoints_digest=digest(checkpoints),
        count=count,
        verdicts=Counter(json.loads(one)["choice"] for one in verdicts),
        verdicts_digest=digest(verdicts),
        at=stamp(ballot.locked_at + timedelta(seconds=1)),
    )
    signature = key.sign(certificate.model_dump(mode="json"))
    ballot.size, ballot.root = certificate.size, certificate.root
    ballot.tally = count.model_dump(mode="json")
    ballot.certificate = Seal(certificate=certificate, key=key.public_key(), signature=signature).model_dump(
        mode="json"
    )
    await session.flush()
