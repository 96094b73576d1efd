"""Flags on a closed ballot, before its count is signed: by the season's rules, or by two people.

The ledger of a ballot names voters by pseudonyms that fit no other ballot. Here, and nowhere else, the site follows a
voter from one to the next, with the salts that it never publishes; what comes of it is a flag with a rule and a number.
"""

import asyncio
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import known_devices
from arena.duels.public import Answer
from arena.kit.db import db_now
from arena.kit.errors import Conflict, NotFound
from arena.shows.public import Episode, FlagRules, Season, declared_flags
from arena.votes import fraud, publishing, queries
from arena.votes.contracts import FINAL
from arena.votes.evidence import corrected
from arena.votes.fraud import Device, Flag, Poll, Said
from arena.votes.ledger import NO_HEAD
from arena.votes.models import Ballot, Correction, CorrectionWish, Vote
from arena.votes.schemas import FlagsOut, RuleFlags, WishCorrection, WishOut

BY_HAND = "by-hand"


async def flag(session: AsyncSession, ballot: Ballot) -> int:
    """What the rules find and nobody has spoken about yet; how many. The caller holds the ballot, and it is closed."""
    rules = await rules_of(session, ballot)
    if rules is None:
        return 0
    found = await _found(session, rules, ballot)
    known = {row.voter for row in await publishing.correction_rows(session, ballot.id)}
    new = [one for one in found if one.voter not in known]
    await add(session, ballot, [(one.voter, "flag", one.rule, one.reason) for one in new])
    return len(new)


async def rules_of(session: AsyncSession, ballot: Ballot) -> FlagRules | None:
    """None: a season of an earlier release has hashed no such rules, so nobody was told."""
    episode = await session.get_one(Episode, ballot.episode_id)
    season = await session.get_one(Season, episode.season_id)
    return declared_flags(season.rules)


async def is_for_review(session: AsyncSession, ballot: Ballot, new: int) -> bool:
    """Whether so many were flagged just now that a producer looks before it is certified."""
    rules = await rules_of(session, ballot)
    return new > 0 and rules is not None and new >= rules.hold_share * await queries.counted(session, ballot)


async def _found(session: AsyncSession, rules: FlagRules, ballot: Ballot) -> list[Flag]:
    ballots = [*await _before(session, ballot, rules.look_back), ballot]
    told = {one.id: await _votes(session, one) for one in ballots}
    subjects = await _subjects(session, ballots)
    devices = {
        name: Device(minted, network, agent)
        for name, (minted, network, agent) in (await known_devices(session)).items()
    }
    closed = [Closed(one, told[one.id], subjects.get(one.duel_id, {})) for one in ballots]
    # Thousands of voters, pair by pair: other ballots must not wait for it.
    return await asyncio.to_thread(flags, rules, closed, devices)


async def _before(session: AsyncSession, ballot: Ballot, most: int) -> Sequence[Ballot]:
    """The season's counted ballots before this one, in their order."""
    season = select(Episode.season_id).where(Episode.id == ballot.episode_id).scalar_subquery()
    statement = (
        select(Ballot)
        .join(Episode, Episode.id == Ballot.episode_id)
        .where(Episode.season_id == season, Ballot.state.in_(FINAL), Ballot.opens_at < ballot.opens_at)
        .order_by(Ballot.opens_at.desc())
        .limit(most - 1)
    )
    return (await session.execute(statement)).scalars().all()[::-1]


async def _votes(session: AsyncSession, ballot: Ballot) -> dict[str, Said]:
    """By pseudonym: the last choice, and when the first came."""
    last = func.array_agg(aggregate_order_by(Vote.choice, Vote.n.desc()))[1]
    statement = (
        select(Vote.voter, last, func.min(Vote.at)).where(Vote.ballot_id == ballot.id).group_by(Vote.voter)
    )
    rows = (await session.execute(statement)).all()
    return {voter: Said(choice, at.timestamp()) for voter, choice, at in rows}


async def _subjects(session: AsyncSession, ballots: Sequence[Ballot]) -> dict[UUID | None, dict[str, str]]:
    """Which entry stood on which side."""
    duels = [ballot.duel_id for ballot in ballots if ballot.duel_id]
    found: dict[UUID | None, dict[str, str]] = {}
    statement = select(Answer.duel_id, Answer.side, Answer.entry_id).where(Answer.duel_id.in_(duels))
    for duel, side, entry in (await session.execute(statement)).all():
        found.setdefault(duel, {})[side] = str(entry)
    return found


@dataclass(frozen=True)
class Closed:
    ballot: Ballot
    votes: dict[str, Said]
    subjects: dict[str, str]


def flags(rules: FlagRules, closed: Sequence[Closed], devices: Mapping[str, Device]) -> list[Flag]:
    """On the last of them. Who did not vote there is looked for on no other: thirty days of phones on sixty ballots
    would be millions of digests, while the ballot is held."""
    here = _names(closed[-1], devices)
    polls = []
    for one in closed:
        assert one.ballot.opens_at is not None
        # Whoever is not followed keeps the name of this ballot: one of the crowd here, nobody elsewhere.
        names = _names(one, here.values())
        options = tuple(option["id"] for option in one.ballot.config["options"])
        # Whoever has written another option into the ledger is found by the count, which comes next.
        votes = {names.get(voter, voter): said for voter, said in one.votes.items() if said.choice in options}
        polls.append(Poll(str(one.ballot.id), one.ballot.opens_at.timestamp(), options, votes, one.subjects))
    back = {name: pseudonym for pseudonym, name in here.items()}
    return [
        Flag(back.get(one.voter, one.voter), one.rule, one.reason)
        for one in fraud.flags(rules, polls, devices)
    ]


def _names(one: Closed, voters: Iterable[str]) -> dict[str, str]:
    """Pseudonym -> voter, of those who voted."""
    key = bytes.fromhex(one.ballot.salt)
    return {
        pseudonym: voter
        for voter in voters
        if (pseudonym := hmac.digest(key, voter.encode(), sha256).hex()[:32]) in one.votes
    }


async def add(
    session: AsyncSession, ballot: Ballot, said: Sequence[tuple[str, str, str, str]], by: UUID | None = None
) -> list[Correction]:
    """Words about counted votes (voter, kind, rule, reason), chained to those before. The caller holds the ballot."""
    before = await publishing.correction_rows(session, ballot.id)
    head = bytes.fromhex(before[-1].head) if before else NO_HEAD
    now = await db_now(session)
    rows = []
    for number, (voter, kind, rule, reason) in enumerate(said, len(before)):
        row = Correction(
            created_at=now,
            ballot_id=ballot.id,
            number=number,
            voter=voter,
            kind=kind,
            rule=rule,
            reason=reason,
            by=by,
        )
        head = corrected(head, publishing.correction_of(row))
        row.head = head.hex()
        rows.append(row)
    session.add_all(rows)
    await session.flush()
    return rows


# --- by two people ------------------------------------------------------------------------------------------------


async def wish(session: AsyncSession, ballot: Ballot, asked: WishCorrection, by: UUID) -> CorrectionWish:
    """Said by one; done when another agrees. The caller holds the ballot."""
    if asked.voter is not None and not await _voted(session, ballot, asked.voter):
        raise NotFound("flag.no_such_voter", "Nobody has voted on this ballot under that name.")
    row = CorrectionWish(ballot_id=ballot.id, by=by, **asked.model_dump())
    session.add(row)
    await session.flush()
    return row


async def agree(session: AsyncSession, ballot: Ballot, wish_id: UUID, by: UUID) -> list[Correction]:
    row = await session.get(CorrectionWish, wish_id, with_for_update=True)
    if row is None or row.ballot_id != ballot.id:
        raise NotFound("flag.no_such_wish", "Nobody has asked for this.")
    if row.agreed_by is not None:
        raise Conflict("flag.agreed_already", "Somebody has agreed to this already.")
    if row.by == by:
        raise Conflict(
            "flag.needs_second_person",
            "Whoever asks for a flag cannot be the one who agrees. Ask somebody else.",
        )
    row.agreed_by, row.agreed_at = by, await db_now(session)
    rule = row.rule or BY_HAND
    if row.voter is not None:
        whom = [row.voter]
    else:
        whom = [
            one.voter
            for one in await _standing(session, ballot)
            if one.kind == "flag" and one.rule == row.rule
        ]
    return await add(session, ballot, [(voter, row.kind, rule, row.reason) for voter in whom], row.by)


async def _voted(session: AsyncSession, ballot: Ballot, voter: str) -> bool:
    return await queries.newest_line(session, ballot, voter) is not None


async def _standing(session: AsyncSession, ballot: Ballot) -> list[Correction]:
    """The last word about each voter."""
    return list({row.voter: row for row in await publishing.correction_rows(session, ballot.id)}.values())


async def seen(session: AsyncSession, ballot: Ballot) -> FlagsOut:
    """For producers. How many, by which rule and why; never what anybody chose."""
    rows = await publishing.correction_rows(session, ballot.id)
    standing = {row.voter: row for row in rows}
    by_rule: dict[str, RuleFlags] = {}
    first = {row.voter: row.rule for row in reversed(rows) if row.kind == "flag"}
    for voter, row in standing.items():
        rule = first.get(voter, row.rule)
        one = by_rule.setdefault(rule, RuleFlags(rule=rule, flagged=0, cleared=0, reasons=[]))
        one.flagged += row.kind == "flag"
        one.cleared += row.kind == "clear"
        if row.reason not in one.reasons and row.by is None:
            one.reasons.append(row.reason)
    flagged = sum(one.flagged for one in by_rule.values())
    wishes = select(CorrectionWish).where(CorrectionWish.ballot_id == ballot.id).order_by(CorrectionWish.id)
    voters = await queries.counted(session, ballot)
    return FlagsOut(
        voters=voters,
        counted=voters - flagged,
        flagged=flagged,
        rules=sorted(by_rule.values(), key=lambda one: one.rule),
        wishes=[WishOut.model_validate(one) for one in (await session.execute(wishes)).scalars()],
    )
