"""What producers may know of the jury: at any time how far each judge is, and what was said once its ballot is
published."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person, jurors
from arena.duels import public as duels
from arena.judging import calibration, queries
from arena.judging.agreement import Alpha, Leaning, Said, agreement, leanings
from arena.judging.models import PanelVerdict, SecondLookRow
from arena.judging.schemas import AlphaOut, JudgeReport, JudgingReport, JurorOut, JuryOut, ModelReport
from arena.shows.public import Episode, Season, season_rules
from arena.votes import public as votes
from arena.votes.public import Ballot, Excusal, Verdict

Word = TypeVar("Word", Verdict, PanelVerdict)


async def jury(session: AsyncSession, duel_id: UUID) -> JuryOut:
    """Who is done and who is not, who stands aside and why, who should rest. Nothing of what they say."""
    duel = await duels.duel(session, duel_id)
    ballot = await votes.ballot_of(session, duel_id)
    given = {one.judge_id for one in await queries.verdicts(session, ballot.id)} if ballot else set()
    excused = {one.judge_id: one for one in await queries.excusals(session, duel_id)}
    aside = await votes.conflicted(session, duel_id) | await duels.owners(session, duel_id)
    rules = (await season_rules(session, duel.season_id)).judging
    tired = await queries.resting(session, duel.episode_id, rules.rest_after)
    waiting = "open" if ballot is None or ballot.state in ("draft", "armed", *votes.TAKES_VOTES) else "missed"
    found = []
    for person in await jurors(session):
        excusal = excused.get(person.id)
        state = (
            "barred"
            if person.id in aside
            else "given"
            if person.id in given
            else "skipped"
            if excusal
            else waiting
        )
        reason = (excusal.text or excusal.reason) if excusal else None
        found.append(
            JurorOut.model_validate(
                {"name": person.display_name, "state": state, "reason": reason, "rest": tired.get(person.id)}
            )
        )
    looking = ballot is not None and await queries.second_look(session, ballot.id) is not None
    return JuryOut(
        ballot_id=ballot.id if ballot else None,
        jurors=found,
        second_look_until=ballot.locks_at if looking and ballot else None,
    )


async def report(session: AsyncSession, season: Season, episode_id: UUID | None) -> JudgingReport:
    """Agreement and leanings over the published ballots of a season, or of one of its episodes."""
    ballots = await _published(session, season.id, episode_id)
    rows = await _rows(session, Verdict, [ballot.id for ballot in ballots])
    said = [Said(str(row.ballot_id), str(row.judge_id), row.choice, row.mirrored, row.scores) for row in rows]
    units = [[one.choice for one in said if one.duel == str(ballot.id)] for ballot in ballots]
    judges = {str(row.judge_id): await session.get_one(Person, row.judge_id) for row in rows}
    skips = Counter(
        str(judge_id)
        for judge_id in (
            await session.execute(
                select(Excusal.judge_id).where(
                    Excusal.kind == "skip", Excusal.duel_id.in_([ballot.duel_id for ballot in ballots])
                )
            )
        ).scalars()
    )
    opened = {ballot.id: ballot.opens_at for ballot in ballots}
    looks = await _first_words(session, ballots)
    reports = []
    for leaning in leanings(said):
        own = [row for row in rows if str(row.judge_id) == leaning.judge]
        paces = [(row.created_at - at).total_seconds() for row in own if (at := opened[row.ballot_id])]
        again = [
            (row, looks[row.ballot_id][leaning.judge])
            for row in own
            if leaning.judge in looks.get(row.ballot_id, {})
        ]
        reports.append(
            JudgeReport(
                **_shown(leaning),
                name=judges[leaning.judge].display_name,
                second_looks=len(again),
                changed=sum(row.choice != first for row, first in again),
                skips=skips[leaning.judge],
                seconds=median(paces) if paces else None,
                calibration=await calibration.score(session, season.id, judges[leaning.judge].id),
            )
        )
    models = await _rows(session, PanelVerdict, [ballot.id for ballot in ballots])
    return JudgingReport(
        duels=len(ballots),
        nominal=_alpha(agreement(units, "nominal")),
        interval=_alpha(agreement(units, "interval")),
        judges=sorted(reports, key=lambda one: one.name),
        models=_models(models, rows),
    )


def _shown(leaning: Leaning) -> dict[str, object]:
    return {name: value for name, value in asdict(leaning).items() if name != "judge"}


def _alpha(found: Alpha | None) -> AlphaOut | None:
    return AlphaOut.model_validate(found) if found else None


async def _published(session: AsyncSession, season_id: UUID, episode_id: UUID | None) -> Sequence[Ballot]:
    statement = (
        select(Ballot)
        .join(Episode, Episode.id == Ballot.episode_id)
        .where(Episode.season_id == season_id, Ballot.kind == "duel", Ballot.state == "published")
        .order_by(Ballot.created_at)
    )
    if episode_id is not None:
        statement = statement.where(Ballot.episode_id == episode_id)
    return (await session.execute(statement)).scalars().all()


async def _rows(session: AsyncSession, kind: type[Word], ballots: Sequence[UUID]) -> Sequence[Word]:
    statement = select(kind).where(kind.ballot_id.in_(ballots)).order_by(kind.created_at)
    return (await session.execute(statement)).scalars().all()


async def _first_words(session: AsyncSession, ballots: Sequence[Ballot]) -> dict[UUID, dict[str, str]]:
    """Of the ballots that had a second look: what each judge had said before it."""
    statement = select(SecondLookRow).where(SecondLookRow.ballot_id.in_([ballot.id for ballot in ballots]))
    return {
        row.ballot_id: {one["judge_id"]: one["choice"] for one in row.first}
        for row in (await session.execute(statement)).scalars()
    }


def _models(said: Sequence[PanelVerdict], verdicts: Sequence[Verdict]) -> list[ModelReport]:
    people: dict[UUID, Counter[str]] = {}
    for verdict in verdicts:
        people.setdefault(verdict.ballot_id, Counter())[verdict.choice] += 1
    found = []
    for judge in sorted({one.judge for one in said}):
        own = [one for one in said if one.judge == judge]
        decided = [one for one in own if one.choice is not None]
        most = [(one, _most(people.get(one.ballot_id, Counter()))) for one in decided]
        compared = [one.choice == choice for one, choice in most if choice is not None]
        found.append(
            ModelReport(
                id=judge,
                model=own[-1].model,
                verdicts=len(decided),
                abstained=dict(Counter(one.abstains for one in own if one.abstains)),
                agrees=sum(compared) / len(compared) if compared else None,
            )
        )
    return found


def _most(said: Counter[str]) -> str | None:
    """What more people said than anything else."""
    ranked = said.most_common(2)
    return None if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]) else ranked[0][0]
