"""Reads of duels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.duels.contracts import SideName
from arena.duels.models import Answer, AnswerToken, AttentionView, Duel, DuelState, ProgramDecision
from arena.duels.program import OFF_AIR, UNDER_WAY, Air, Line
from arena.duels.redaction import Redactor
from arena.kit.errors import NotFound
from arena.kit.jobs.models import Job
from arena.kit.jobs.service import latest as latest_job
from arena.submissions.public import Entry
from arena.submissions.public import owners as entry_owners
from arena.teams.public import Team, members

EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SideView:
    """What is on air of one side right now. Nothing here tells how far the model itself has come."""

    text: str
    tokens: int
    finished: bool
    finish_reason: str | None
    off_air: Air | None
    """`replaced` or `dumped`: a card stands where the answer was."""
    entry: Entry


Sides = dict[SideName, SideView]


@dataclass(frozen=True)
class TurnView:
    number: int
    prompt: str
    sides: Sides


Turns = Sequence[TurnView]
"""Those that have begun on air; the last one is on air now."""


def seen_state(duel: Duel, sides: Sides) -> DuelState:
    """The duel's state for whoever watches the program: it is answered when the answers have been on air.

    `sides`: of the turn that is on air.
    """
    on_air = duel.state == "answered" and not all(side.finished for side in sides.values())
    return "live" if on_air else duel.state


async def duel(session: AsyncSession, duel_id: UUID, lock: bool = False) -> Duel:
    statement = select(Duel).where(Duel.id == duel_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound("duel.not_found", "There is no such duel.")
    return found


async def duels_of(session: AsyncSession, episode_id: UUID) -> Sequence[Duel]:
    statement = select(Duel).where(Duel.episode_id == episode_id).order_by(Duel.number)
    return (await session.execute(statement)).scalars().all()


async def any_under_way(session: AsyncSession) -> bool:
    """Whether an engine is on air, or about to be, in any episode."""
    statement = select(Duel.id).where(Duel.state.in_(("queued", "loading", "live"))).limit(1)
    return (await session.execute(statement)).first() is not None


async def any_waiting(session: AsyncSession) -> bool:
    """Whether a duel is about to want an engine."""
    return (await session.execute(select(Duel.id).where(Duel.state == "queued").limit(1))).first() is not None


async def revealed_duels(session: AsyncSession, season_id: UUID) -> Sequence[Duel]:
    statement = (
        select(Duel)
        .where(Duel.season_id == season_id, Duel.revealed_at.is_not(None))
        .order_by(Duel.created_at)
    )
    return (await session.execute(statement)).scalars().all()


async def answers(session: AsyncSession, duel_id: UUID, turn: int = 1) -> dict[SideName, Answer]:
    """Both of one turn; who answers is the same in all of them."""
    statement = select(Answer).where(Answer.duel_id == duel_id, Answer.turn == turn).order_by(Answer.side)
    return {row.side: row for row in (await session.execute(statement)).scalars().all()}


async def answers_of_turn(session: AsyncSession, duel: Duel, turn: int) -> dict[SideName, Answer]:
    """`answers` of a turn that somebody has named. Raises NotFound `answer.no_turn`."""
    found = await answers(session, duel.id, turn)
    if not found:
        raise NotFound("answer.no_turn", f"The duel has {duel.turns} turns, and no turn {turn}.")
    return found


async def all_answers(session: AsyncSession, duel_id: UUID, lock: bool = False) -> Sequence[Answer]:
    """In the order of the record: by turn, then side."""
    statement = select(Answer).where(Answer.duel_id == duel_id).order_by(Answer.turn, Answer.side)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(statement)).scalars().all()


async def said(session: AsyncSession, duel_id: UUID) -> dict[SideName, list[str]]:
    """What the models have said in each turn that has ended, as they said it. Not to be shown."""
    found: dict[SideName, list[str]] = {"left": [], "right": []}
    for row in await all_answers(session, duel_id):
        found[row.side].append(row.text)
    return found


async def owners(session: AsyncSession, duel_id: UUID) -> set[UUID]:
    """Whose entries meet in the duel."""
    met = select(Answer.entry_id).where(Answer.duel_id == duel_id)
    return await entry_owners(session, set((await session.execute(met)).scalars()))


async def tokens(session: AsyncSession, answer_id: UUID) -> Sequence[AnswerToken]:
    statement = select(AnswerToken).where(AnswerToken.answer_id == answer_id).order_by(AnswerToken.index)
    return (await session.execute(statement)).scalars().all()


async def turns(session: AsyncSession, duel: Duel) -> Turns:
    """The duel as it is on air."""
    return (await turns_of(session, [duel]))[duel.id]


async def turns_of(session: AsyncSession, duels: Sequence[Duel]) -> dict[UUID, Turns]:
    """`turns` of several duels, by duel, in as few reads as of one. What is on air as a whole is read whole."""
    statement = (
        select(Answer, Entry)
        .join(Entry, Entry.id == Answer.entry_id)
        .where(Answer.duel_id.in_([duel.id for duel in duels]))
        .order_by(Answer.turn)
        .execution_options(populate_existing=True)
    )
    rows = (await session.execute(statement)).all()
    whole = {duel.id for duel in duels if duel.state == "answered"}
    parts = await texts(
        session,
        [row.Answer.id for row in rows if row.Answer.air != "aired" or row.Answer.duel_id not in whole],
    )
    blind = {duel.id for duel in duels if duel.revealed_at is None}
    names = await names_in(session, blind)
    views: dict[UUID, dict[int, Sides]] = {duel.id: {} for duel in duels}
    for answer, entry in rows:
        redactor = Redactor(names.get(answer.duel_id, ())) if answer.duel_id in blind else None
        view = _view(answer, entry, parts.get(answer.id), redactor)
        views[answer.duel_id].setdefault(answer.turn, {})[answer.side] = view
    return {duel.id: _begun(duel, views[duel.id]) for duel in duels}


def _view(answer: Answer, entry: Entry, pieces: list[str] | None, redactor: Redactor | None) -> SideView:
    text = answer.text if pieces is None else "".join(pieces)
    count = answer.tokens if pieces is None else _on_air(answer, len(pieces))
    chars = len(text) if pieces is None else sum(map(len, pieces[:count]))
    hidden = answer.air in OFF_AIR
    return SideView(
        text="" if hidden else redactor.shown(text, chars) if redactor else text[:chars],
        tokens=0 if hidden else count,
        finished=answer.air not in UNDER_WAY,
        finish_reason=answer.finish_reason if answer.air == "aired" else None,
        off_air=answer.air if hidden else None,
        entry=entry,
    )


def _begun(duel: Duel, views: dict[int, Sides]) -> Turns:
    """The turns up to the first that is not over on air: nothing is told of those that come after it."""
    begun: list[TurnView] = []
    for number, sides in views.items():
        begun.append(TurnView(number, duel.course.prompt(number), sides))
        if not all(side.finished for side in sides.values()):
            break
    return begun


def _on_air(answer: Answer, recorded: int) -> int:
    return recorded if answer.air == "aired" else answer.aired


async def names_in(session: AsyncSession, duel_ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """What must not be read in the duels' answers: the entries' names, and those of the people and teams behind them.

    The house is nobody's, and its name is a word of every day.
    """
    if not duel_ids:
        return {}
    statement = (
        select(Answer.duel_id, Entry.name, Entry.team_id, Person.display_name, Team.name.label("team"))
        .join(Entry, Entry.id == Answer.entry_id)
        .outerjoin(Person, Person.id == Entry.owner_id)
        .outerjoin(Team, Team.id == Entry.team_id)
        .where(Answer.duel_id.in_(duel_ids), Entry.kind != "house")
    )
    rows = (await session.execute(statement)).all()
    found: dict[UUID, set[str]] = {}
    for row in rows:
        known = {row.name, row.display_name, row.team, *await _members(session, row.team_id)}
        found.setdefault(row.duel_id, set()).update(name for name in known if name)
    return {duel_id: tuple(sorted(names)) for duel_id, names in found.items()}


async def _members(session: AsyncSession, team_id: UUID | None) -> list[str]:
    if team_id is None:
        return []
    return [person.display_name for _, person in await members(session, team_id)]


async def texts(session: AsyncSession, answer_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The tokens' texts in order, of each answer."""
    found: dict[UUID, list[str]] = {answer_id: [] for answer_id in answer_ids}
    if answer_ids:
        statement = (
            select(AnswerToken.answer_id, AnswerToken.text)
            .where(AnswerToken.answer_id.in_(answer_ids))
            .order_by(AnswerToken.answer_id, AnswerToken.index)
        )
        for answer_id, text in (await session.execute(statement)).all():
            found[answer_id].append(text)
    return found


async def decisions(session: AsyncSession, answer_id: UUID) -> Sequence[ProgramDecision]:
    """Who kept the answer off the air or let it go on, moderation included, in order. For its record of provenance."""
    statement = (
        select(ProgramDecision).where(ProgramDecision.answer_id == answer_id).order_by(ProgramDecision.id)
    )
    return (await session.execute(statement)).scalars().all()


async def decisions_of(
    session: AsyncSession, duel_id: UUID
) -> Sequence[tuple[ProgramDecision, int, str | None]]:
    """All decisions of a duel, each with the answer's turn and the name of whoever made it."""
    statement = (
        select(ProgramDecision, Answer.turn, Person.display_name)
        .join(Answer, Answer.id == ProgramDecision.answer_id)
        .outerjoin(Person, Person.id == ProgramDecision.by)
        .where(ProgramDecision.duel_id == duel_id)
        .order_by(ProgramDecision.id)
    )
    return [(row[0], row[1], row[2]) for row in (await session.execute(statement)).all()]


async def attention(session: AsyncSession, answer_id: UUID) -> tuple[AttentionView | None, Job | None]:
    """The view of the answer's attention, if anybody has asked for one, and the newest job that makes it."""
    statement = select(AttentionView).where(AttentionView.answer_id == answer_id)
    view = (await session.execute(statement)).scalar_one_or_none()
    return view, await latest_job(session, view.id) if view else None


async def on_the_way(session: AsyncSession) -> Sequence[UUID]:
    """The duels with an answer that is not on air yet."""
    statement = (
        select(Duel.id)
        .join(Answer, Answer.duel_id == Duel.id)
        .where(Answer.air.in_(UNDER_WAY), Duel.state.in_(("live", "answered")))
        .distinct()
    )
    return (await session.execute(statement)).scalars().all()


async def lines(session: AsyncSession, rows: Collection[Answer]) -> dict[UUID, Line]:
    """The answers as the buffer sees them."""
    stamps: dict[UUID, list[datetime]] = {row.id: [] for row in rows}
    statement = (
        select(AnswerToken.answer_id, func.coalesce(AnswerToken.recorded_at, EVER))
        .where(AnswerToken.answer_id.in_(stamps))
        .order_by(AnswerToken.answer_id, AnswerToken.index)
    )
    for answer_id, at in (await session.execute(statement)).all():
        stamps[answer_id].append(at)
    return {
        row.id: Line(
            recorded=stamps[row.id],
            ended=row.finish_reason is not None,
            air=row.air,
            cleared=row.cleared,
            aired=row.aired,
        )
        for row in rows
    }
