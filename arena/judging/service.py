"""What judges do: keep a draft, give a verdict, stand aside, look a second time."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import public as duels
from arena.duels.public import Duel
from arena.judging import queries
from arena.judging.contracts import PanelAsked
from arena.judging.models import SecondLookRow, VerdictDraft
from arena.judging.rules import at_odds, check_scores, mirrored
from arena.judging.schemas import Excuse, GiveVerdict, KeepDraft
from arena.kit.db import db_now, flush_unless_taken
from arena.kit.errors import Conflict, Forbidden, NotFound
from arena.kit.ids import new_id
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.shows.public import season_rules
from arena.submissions.public import Entry
from arena.votes import public as votes
from arena.votes.public import TAKES_VOTES, Ballot, ConflictOfInterest, Excusal, Verdict

CONFIRM_GRACE = timedelta(seconds=1)
"""A word of the second look that was sent in time may still be on its way."""


def sees_mirrored(site: Site, duel_id: UUID, judge_id: UUID) -> bool:
    return mirrored(site.settings.secret_key.get_secret_value(), duel_id, judge_id)


async def give(
    site: Site, session: AsyncSession, ballot_id: UUID, judge_id: UUID, asked: GiveVerdict
) -> Verdict:
    """Write a judge's verdict, or change it until the lock.

    The ballot's row is share-locked, so the count, which takes it exclusively, cannot fall between check and row.
    """
    ballot = await votes.ballot(session, ballot_id, share=True)
    duel = await duels.duel(session, queries.duel_of(ballot))
    _require_time(ballot)
    rules = (await season_rules(session, duel.season_id)).judging
    check_scores(asked.scores, rules.rubric_of(duel.kind), rules.scores == "required")
    said = {
        "choice": asked.choice,
        "note": asked.note,
        "scores": asked.scores,
        "mirrored": sees_mirrored(site, duel.id, judge_id),
        "look": 2 if await queries.second_look(session, ballot_id) else 1,
    }
    row = insert(Verdict).values(id=new_id(), ballot_id=ballot_id, judge_id=judge_id, **said)
    newest = row.on_conflict_do_update(index_elements=["ballot_id", "judge_id"], set_=said).returning(Verdict)
    verdict = (await session.execute(newest, execution_options={"populate_existing": True})).scalar_one()
    await _forget(session, Excusal, duel.id, judge_id)
    await _forget(session, VerdictDraft, duel.id, judge_id)
    votes.changed(session, ballot)
    return verdict


async def keep_draft(session: AsyncSession, duel_id: UUID, judge_id: UUID, asked: KeepDraft) -> VerdictDraft:
    """Raises Conflict `draft.newer` when another device of the judge has written meanwhile."""
    ballot = await votes.ballot_of(session, duel_id)
    if ballot is not None:
        _require_time(ballot)
    newer = Conflict("draft.newer", "Another device of yours has a newer draft. This page shows it now.")
    row = await queries.draft_of(session, duel_id, judge_id, lock=True)
    if asked.version != (row.version if row else 0):
        raise newer
    if row is None:
        row = VerdictDraft(duel_id=duel_id, judge_id=judge_id)
        session.add(row)
    row.version = asked.version + 1
    row.choice, row.note, row.scores = asked.choice, asked.note, dict(asked.scores)
    await flush_unless_taken(session, newer)
    return row


async def excuse(session: AsyncSession, duel_id: UUID, judge_id: UUID, asked: Excuse) -> Excusal:
    """Skip a duel, or stand aside for good. Either takes the place of a verdict that was given before."""
    ballot = await votes.ballot_of(session, duel_id)
    if ballot is not None:
        ballot = await votes.ballot(session, ballot.id, share=True)
        _require_time(ballot)
        await session.execute(
            delete(Verdict).where(Verdict.ballot_id == ballot.id, Verdict.judge_id == judge_id)
        )
    said = asked.model_dump()
    row = insert(Excusal).values(id=new_id(), duel_id=duel_id, judge_id=judge_id, **said)
    newest = row.on_conflict_do_update(index_elements=["duel_id", "judge_id"], set_=said).returning(Excusal)
    found = (await session.execute(newest, execution_options={"populate_existing": True})).scalar_one()
    if ballot is not None:
        votes.changed(session, ballot)
    return found


async def take_back(session: AsyncSession, duel_id: UUID, judge_id: UUID) -> None:
    """A skip only, and before the lock: a declared conflict stays."""
    ballot = await votes.ballot_of(session, duel_id)
    if ballot is not None:
        _require_time(ballot)
        votes.changed(session, ballot)
    await _forget(session, Excusal, duel_id, judge_id)


async def declare(session: AsyncSession, judge_id: UUID, entry_id: UUID, reason: str) -> ConflictOfInterest:
    """For all duels of an entry; a verdict given where the vote is still open is gone. Raises Conflict
    `verdict.conflict_declared` for the same again."""
    entry = await session.get(Entry, entry_id)
    if entry is None or entry.kind == "house":
        raise NotFound("entry.not_found", "There is no such entry.")
    row = ConflictOfInterest(judge_id=judge_id, entry_id=entry_id, reason=reason)
    session.add(row)
    declared = Conflict("verdict.conflict_declared", "You have declared this already.")
    await flush_unless_taken(session, declared)
    await session.refresh(row)
    for ballot in await votes.open_about(session, entry_id):
        await session.execute(
            delete(Verdict).where(Verdict.ballot_id == ballot.id, Verdict.judge_id == judge_id)
        )
        votes.changed(session, ballot)
    return row


async def lift(session: AsyncSession, conflict_id: UUID) -> None:
    """By a producer, at the judge's word: declared by mistake."""
    row = await session.get(ConflictOfInterest, conflict_id)
    if row is None:
        raise NotFound("verdict.no_conflict", "There is no such declaration.")
    await session.delete(row)


async def opened(session: AsyncSession, ballot: Ballot, duel: Duel) -> None:
    """The vote on a duel has opened: models of the panel are asked now, so that they too know no result."""
    if (await season_rules(session, duel.season_id)).judging.llm_judges:
        record(session, PanelAsked(ballot_id=ballot.id))


async def ready_to_count(session: AsyncSession, ballot_id: UUID) -> bool:
    """Whether the judges are done with a ballot that is otherwise to be counted. Opens their second look, where the
    season has one and they are at odds, once.

    Called before the ledger is counted: nobody, the judges included, knows the crowd's word, nor who stands where.
    """
    ballot = await votes.ballot(session, ballot_id, lock=True)
    standing = await _standing(session, ballot)
    if standing == "at odds":
        rules = (await queries.rules_of(session, queries.duel_of(ballot))).judging
        assert rules.second_look is not None
        given = await queries.verdicts(session, ballot_id)
        said = ("choice", "note", "scores")
        first = [
            {"judge_id": str(one.judge_id)} | {name: getattr(one, name) for name in said} for one in given
        ]
        session.add(SecondLookRow(ballot_id=ballot_id, first=first))
        ballot.locks_at = await db_now(session) + timedelta(seconds=rules.second_look.seconds)
        await session.flush()
        votes.changed(session, ballot)
    return standing == "done"


async def require_ready(session: AsyncSession, ballot_id: UUID) -> None:
    """For a hand that would lock now. Raises Conflict `verdict.second_look`: the clock opens that look and ends it."""
    if await _standing(session, await votes.ballot(session, ballot_id)) != "done":
        raise Conflict(
            "verdict.second_look",
            "The judges are at odds, and the season's rules give them a second look. The lock follows by itself.",
        )


async def _standing(session: AsyncSession, ballot: Ballot) -> Literal["done", "at odds", "looking"]:
    if ballot.duel_id is None or ballot.state not in TAKES_VOTES:
        return "done"
    rule = (await queries.rules_of(session, ballot.duel_id)).judging.second_look
    if rule is None:
        return "done"
    given = await queries.verdicts(session, ballot.id)
    if await queries.second_look(session, ballot.id) is None:
        return "at odds" if at_odds([verdict.choice for verdict in given], rule) else "done"
    over = ballot.locks_at is not None and await db_now(session) > ballot.locks_at + CONFIRM_GRACE
    return "done" if over or all(verdict.look == 2 for verdict in given) else "looking"


def _require_time(ballot: Ballot) -> None:
    if ballot.state in ("draft", "armed"):
        raise Forbidden("verdict.not_open", "The vote has not opened yet. Your verdict was not taken.")
    if ballot.state not in TAKES_VOTES:
        raise Forbidden("verdict.window_closed", "The vote is locked. Your verdict was not changed.")


async def _forget(
    session: AsyncSession, kind: type[Excusal] | type[VerdictDraft], duel_id: UUID, judge_id: UUID
) -> None:
    await session.execute(delete(kind).where(kind.duel_id == duel_id, kind.judge_id == judge_id))
