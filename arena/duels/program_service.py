"""What happens between the engine and the air: judged by moderation, held, released at equal pace, or taken off.

The control worker is the clock: it judges and airs. People steer from their requests. Both hold the duel's row while
they write, and nothing is asked of a guard in that time, so that whoever presses DUMP waits for nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import queries
from arena.duels.contracts import SIDES, DuelChanged, SideName
from arena.duels.models import Answer, Duel, ProgramAction, ProgramDecision
from arena.duels.program import UNDER_WAY, Air, Line, next_on_air, on_air, tokens_before
from arena.duels.redaction import Redactor
from arena.duels.schemas import DecisionOut, ProgramOut, ProgramSide, ProgramTurn
from arena.kit.db import db_now
from arena.kit.errors import Conflict, Invalid
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import (
    MAX_MATCHES,
    Action,
    Verdict,
    add_record,
    check_growing,
    shows_growing,
    strongest,
)
from arena.shows.public import season_rules

NOBODY_TO_ASK = ("engine.unavailable", "guard.unavailable")
"""Not a doubt about the text: it is asked again, and until then nothing new is cleared."""
SOURCE = "duel.answer"


@dataclass(frozen=True)
class Judged:
    """A verdict on what was recorded of an answer when it was read."""

    text: str
    tokens: int
    whole: bool
    verdict: Verdict


# --- the clock ------------------------------------------------------------------------------------------------


async def judge(site: Site, session: AsyncSession, duel_id: UUID) -> dict[UUID, Judged]:
    """What moderation says to each flowing answer of the duel that is not cleared to its end. Writes nothing."""
    rows = await queries.all_answers(session, duel_id)
    asked = [row for row in rows if row.air == "flowing"]
    texts = await queries.texts(session, [row.id for row in asked])
    judged = {}
    for row in asked:
        pieces, whole = texts[row.id], row.finish_reason is not None
        if pieces and row.cleared < len(pieces):
            text = "".join(pieces)
            read = row.overruled >= len(pieces) and whole
            verdict = Verdict(Action.PASS, "") if read else await check_growing(site, session, text, whole)
            passed = len("".join(pieces[: row.overruled]))
            judged[row.id] = Judged(text, len(pieces), whole, _without(verdict, passed))
    return judged


def _without(verdict: Verdict, passed: int) -> Verdict:
    """The verdict without what a person has read and released: all that lies in the first `passed` characters."""
    if not passed or verdict.reason is not None or len(verdict.matches) >= MAX_MATCHES:
        return verdict
    matches = tuple(match for match in verdict.matches if match.end > passed)
    return replace(verdict, matches=matches, action=strongest([match.action for match in matches]))


async def air(site: Site, session: AsyncSession, duel_id: UUID, judged: dict[UUID, Judged]) -> UUID | None:
    """Clear what was judged, and put on air what is due. Returns the episode when anything has changed."""
    duel = await queries.duel(session, duel_id, lock=True)
    rows = await queries.all_answers(session, duel_id, lock=True)
    texts = await queries.texts(session, list(judged))
    before = [_state(row) for row in rows]
    names = await queries.names_in(session, [duel_id])
    reach = Redactor(names.get(duel_id, ())).reach
    for row in rows:
        if row.id in judged:
            await _clear(site, session, row, texts[row.id], judged[row.id], reach)
    await _release(session, duel, rows)
    await session.flush()
    return duel.episode_id if [_state(row) for row in rows] != before else None


def _state(row: Answer) -> tuple[object, ...]:
    return row.air, row.cleared, row.aired, row.unjudged


async def _clear(
    site: Site, session: AsyncSession, row: Answer, pieces: Sequence[str], judged: Judged, reach: int
) -> None:
    """Take over a verdict, if it still is about this answer: nobody has decided otherwise, no attempt began anew."""
    known = pieces[: judged.tokens]
    if row.air != "flowing" or "".join(known) != judged.text or len(known) != judged.tokens:
        return
    verdict = judged.verdict
    row.unjudged = verdict.reason if verdict.reason in NOBODY_TO_ASK else None
    if row.unjudged:
        return
    if verdict.refused or (judged.whole and verdict.action is not Action.PASS):
        await add_record(session, SOURCE, judged.text, verdict, None, row.id)
    # More of a text that is still growing may complete what must be redacted, or a listed term.
    sure = len(judged.text) if judged.whole else max(0, len(judged.text) - reach)
    doubtful = [match.start for match in verdict.matches if match.action == verdict.action]
    if verdict.refused:
        if doubtful and shows_growing(site):
            # Up to the doubt there is none; whoever has to decide has the hold's seconds before anybody notices.
            row.cleared = max(row.aired, tokens_before(known, min([sure, *doubtful])))
        blocked = verdict.action is Action.BLOCK
        row.air = "replaced" if blocked else "held"
        _decided(
            session,
            row,
            "replace" if blocked else "hold",
            judged.tokens,
            None,
            verdict.reason,
            verdict.category,
        )
    elif judged.whole or shows_growing(site):
        row.cleared = max(row.cleared, tokens_before(known, sure))


async def _release(session: AsyncSession, duel: Duel, rows: Sequence[Answer]) -> None:
    """Turn after turn: what comes next waits until the turn before it is over on air."""
    hold = timedelta(seconds=(await season_rules(session, duel.season_id)).hold_seconds)
    lines, now = await queries.lines(session, rows), await db_now(session)
    for turn in by_turn(rows):
        left, right = (lines[turn[side].id] for side in SIDES)
        counts = on_air(left, right, now, hold)
        for side, line, count in zip(SIDES, (left, right), counts, strict=True):
            row = turn[side]
            row.aired = count
            if row.air == "flowing" and line.ended and count == len(line.recorded):
                row.air = "aired"
        if not _over(turn.values()):
            return


def by_turn(rows: Iterable[Answer]) -> list[dict[SideName, Answer]]:
    turns: dict[int, dict[SideName, Answer]] = {}
    for row in rows:
        turns.setdefault(row.turn, {})[row.side] = row
    return list(turns.values())


def _over(rows: Iterable[Answer]) -> bool:
    """Nothing of them is left to go on air."""
    return all(row.air not in UNDER_WAY for row in rows)


# --- people ---------------------------------------------------------------------------------------------------


async def steer(
    session: AsyncSession,
    duel: Duel,
    action: ProgramAction,
    side: SideName | None,
    turn: int | None,
    by: UUID,
    reason: str | None,
) -> None:
    """Hold, release, replace or dump. What is so already stays so; raises Conflict when there is nothing to do it to.

    A dump is of all turns; anything else of the one that is on air when none is named. The caller holds the duel's row.
    """
    if action == "dump" and (side is not None or turn is not None):
        sentence = "A dump empties the buffer of both sides and all turns; leave side and turn out."
        raise Invalid("program.dump_is_both", sentence)
    if turn is not None and turn > duel.turns:
        sentence = f"The duel has {duel.turns} turns, and no turn {turn}."
        raise Invalid("program.no_turn", sentence, field="turn", turns=duel.turns)
    rows = await queries.all_answers(session, duel.id, lock=True)
    number = turn or _turn_on_air(rows)
    chosen = [row for row in rows if action == "dump" or (row.turn == number and side in (None, row.side))]
    able = [row for row in chosen if _can(row, action)]
    if not able:
        sentence = f"“{action}” is not possible: there is nothing here any more that it could do."
        raise Conflict("program.too_late", sentence, air={row.side: row.air for row in chosen})
    lines = await queries.lines(session, able)
    for row in able:
        stops = action == "hold" and row.cleared > row.aired
        if row.air == RESULT[action] and not stops:
            continue  # pressed twice, or by two
        known = len(lines[row.id].recorded)
        if action == "release":
            row.overruled = max(row.overruled, await _questioned(session, row, duel.live_at))
        if action == "hold":
            row.cleared = row.aired
        _decided(session, row, action, known, by, reason)
        row.air = RESULT[action]
    await session.flush()
    record(session, DuelChanged(duel_id=duel.id, episode_id=duel.episode_id))


def _turn_on_air(rows: Sequence[Answer]) -> int:
    """The first that is not over on air, or else the last."""
    return next((row.turn for row in rows if row.air in UNDER_WAY), rows[-1].turn)


RESULT: dict[ProgramAction, Air] = {
    "hold": "held",
    "release": "flowing",
    "replace": "replaced",
    "dump": "dumped",
}


def _can(row: Answer, action: ProgramAction) -> bool:
    if row.provenance is not None:
        return False  # its record is written, and everybody has had their say
    if action in ("hold", "release"):
        return row.air in UNDER_WAY
    return action == "dump" or row.air != "dumped"


async def _questioned(session: AsyncSession, row: Answer, since: datetime | None) -> int:
    """How much of the answer moderation had seen when it held it last. Not in an earlier attempt, which had other
    words."""
    holds = [one for one in await queries.decisions(session, row.id) if one.action == "hold"]
    asked = (one.tokens for one in holds if one.by is None and since is not None and one.created_at >= since)
    return max(asked, default=0)


def _decided(
    session: AsyncSession,
    row: Answer,
    action: ProgramAction,
    tokens: int,
    by: UUID | None,
    reason: str | None,
    category: str | None = None,
) -> None:
    session.add(
        ProgramDecision(
            duel_id=row.duel_id,
            answer_id=row.id,
            side=row.side,
            action=action,
            by=by,
            reason=reason,
            category=category,
            tokens=tokens,
            aired=row.aired,
        )
    )


# --- what those who decide look at ------------------------------------------------------------------------------


async def preview(session: AsyncSession, duel: Duel) -> ProgramOut:
    """All that has been recorded of both sides, and where the air is."""
    rows = await queries.all_answers(session, duel.id)
    texts = await queries.texts(session, [row.id for row in rows])
    lines = await queries.lines(session, rows)
    seconds = (await season_rules(session, duel.season_id)).hold_seconds
    hold, now = timedelta(seconds=seconds), _turn_on_air(rows)
    turns = []
    for number, turn in enumerate(by_turn(rows), start=1):
        left, right = (_side(turn[side], texts, lines, hold) for side in SIDES)
        turns.append(ProgramTurn(turn=number, prompt=duel.course.prompt(number), left=left, right=right))
    current = turns[now - 1]
    return ProgramOut(
        duel_id=duel.id,
        number=duel.number,
        prompt=duel.prompt,
        kind=duel.kind,
        turns=duel.turns,
        turn=now,
        asked=current.prompt,
        state=duel.state,
        hold_seconds=seconds,
        over=duel.state in ("answered", "failed") and _over(rows),
        left=current.left,
        right=current.right,
        earlier=turns[: now - 1],
        ahead=[turn for turn in turns[now:] if turn.left.tokens or turn.right.tokens],
        decisions=[
            DecisionOut.of(row, turn, by) for row, turn, by in await queries.decisions_of(session, duel.id)
        ],
    )


def _side(
    row: Answer, texts: Mapping[UUID, list[str]], lines: Mapping[UUID, Line], hold: timedelta
) -> ProgramSide:
    pieces, line = texts[row.id], lines[row.id]
    shown = len(pieces) if row.air == "aired" else row.aired
    return ProgramSide(
        text="".join(pieces),
        on_air=len("".join(pieces[:shown])),
        cleared=len("".join(pieces[: max(shown, row.cleared)])),
        tokens=len(pieces),
        aired=shown,
        ended=line.ended,
        air=row.air,
        unjudged=row.unjudged,
        next_at=next_on_air(line, hold),
    )


async def dumped(session: AsyncSession, duel_id: UUID) -> bool:
    return any(row.air == "dumped" for row in await queries.all_answers(session, duel_id))


async def require_over(session: AsyncSession, duel_id: UUID) -> None:
    """Raises Conflict unless all there is to see of the duel has been on air, and it counts."""
    rows = await queries.all_answers(session, duel_id)
    if any(row.air == "dumped" for row in rows):
        raise Conflict(
            "program.dumped", "This duel was taken off air and counts for nothing. Start it again."
        )
    if not _over(rows):
        raise Conflict(
            "program.not_over", "The answers are not all on air yet. The vote opens when they are."
        )
