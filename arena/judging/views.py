"""What the desk shows, put together from rows."""

from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.duels import public as duels
from arena.judging import queries
from arena.judging.contracts import CONFLICT_REASONS, SKIP_REASONS
from arena.judging.rules import panel_says
from arena.judging.schemas import (
    ConflictOut,
    DeskOut,
    DraftOut,
    ExcusalOut,
    PanelOut,
    PanelVerdictOut,
    SecondLookOut,
)
from arena.judging.service import sees_mirrored
from arena.kit.site import Site
from arena.shows.public import season_rules
from arena.submissions.public import Entry
from arena.votes import public as votes
from arena.votes.contracts import Choice


async def desk(
    site: Site,
    session: AsyncSession,
    duel_id: UUID,
    judge_id: UUID,
    barred: Literal["own_entry", "conflict", "staff"] | None,
) -> DeskOut:
    duel = await duels.duel(session, duel_id)
    rules = (await season_rules(session, duel.season_id)).judging
    ballot = await votes.ballot_of(session, duel_id)
    draft = await queries.draft_of(session, duel_id, judge_id)
    excusal = await queries.excusal_of(session, duel_id, judge_id)
    judged, put = await queries.progress(session, duel.episode_id, judge_id)
    resting = await queries.resting(session, duel.episode_id, rules.rest_after)
    return DeskOut(
        duel_id=duel_id,
        mirrored=sees_mirrored(site, duel_id, judge_id),
        rubric=list(rules.rubric_of(duel.kind)),
        scores=rules.scores,
        warn_seconds=rules.warn_seconds,
        skip_reasons=list(SKIP_REASONS),
        conflict_reasons=list(CONFLICT_REASONS),
        barred=barred,
        excusal=ExcusalOut.model_validate(excusal) if excusal else None,
        draft=DraftOut.model_validate(draft) if draft else None,
        second_look=await _second_look(session, ballot, judge_id) if ballot else None,
        rest=resting.get(judge_id),
        judged=judged,
        duels=put,
    )


async def _second_look(session: AsyncSession, ballot: votes.Ballot, judge_id: UUID) -> SecondLookOut | None:
    row = await queries.second_look(session, ballot.id)
    if row is None or ballot.locks_at is None:
        return None
    own = [one["choice"] for one in row.first if one["judge_id"] == str(judge_id)]
    return SecondLookOut(until=ballot.locks_at, first=own[0] if own else None)


async def panel(session: AsyncSession, ballot_id: UUID) -> PanelOut:
    rows = await queries.panel(session, ballot_id)
    decided: dict[Choice, int] = {}
    for row in rows:
        if row.choice is not None:
            decided[row.choice] = decided.get(row.choice, 0) + 1
    return PanelOut(says=panel_says(decided), verdicts=[PanelVerdictOut.model_validate(row) for row in rows])


async def conflicts(session: AsyncSession, judge_id: UUID | None) -> list[ConflictOut]:
    found = []
    for row in await queries.conflicts(session, judge_id):
        judge = await session.get_one(Person, row.judge_id)
        entry = await session.get_one(Entry, row.entry_id)
        found.append(
            ConflictOut(
                id=row.id,
                judge=judge.display_name,
                entry_id=entry.id,
                entry=entry.name,
                reason=row.reason,
                at=row.created_at,
            )
        )
    return found
