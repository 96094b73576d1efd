"""The panel of models: what each is asked of a duel, and what is kept of its answers. The asking is a worker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import public as duels
from arena.judging import queries
from arena.judging.contracts import Abstention, PanelQuestion
from arena.judging.models import PanelVerdict
from arena.shows.judging import LlmJudge
from arena.shows.public import season_rules
from arena.votes import public as votes
from arena.votes.contracts import TAKES_VOTES, Choice


@dataclass(frozen=True)
class PanelPlan:
    question: PanelQuestion | None
    """None: an answer is off the air, or the vote is over; nobody is asked."""
    judges: Sequence[LlmJudge]
    """Those who have not said anything yet."""


@dataclass(frozen=True)
class Heard:
    judge: LlmJudge
    choice: Choice | None
    abstains: Abstention | None
    said: list[dict[str, Any]]


async def plan(session: AsyncSession, ballot_id: UUID) -> PanelPlan:
    """What people see of the duel is what models are shown: what went on air, names redacted."""
    ballot = await votes.ballot(session, ballot_id)
    duel = await duels.duel(session, queries.duel_of(ballot))
    rules = (await season_rules(session, duel.season_id)).judging
    heard = {row.judge for row in await queries.panel(session, ballot_id)}
    left = [judge for judge in rules.llm_judges if judge.id not in heard]
    turns = await duels.turns(session, duel)
    sides = [side for turn in turns for side in turn.sides.values()]
    if ballot.state not in TAKES_VOTES or any(side.off_air for side in sides):
        return PanelPlan(None, left)
    question = PanelQuestion(
        prompt=duel.prompt,
        turns=tuple((turn.prompt, turn.sides["left"].text, turn.sides["right"].text) for turn in turns),
        criteria=tuple(criterion.en for criterion in rules.rubric_of(duel.kind)),
    )
    return PanelPlan(question, left)


async def keep(session: AsyncSession, ballot_id: UUID, heard: Sequence[Heard]) -> None:
    """Too late for a ballot that is counted by now: a word that could have known the result is none."""
    ballot = await votes.ballot(session, ballot_id, share=True)
    if ballot.state not in TAKES_VOTES:
        return
    for one in heard:
        session.add(
            PanelVerdict(
                ballot_id=ballot_id,
                judge=one.judge.id,
                model=one.judge.model,
                weight=one.judge.weight,
                choice=one.choice,
                abstains=one.abstains,
                said=one.said,
            )
        )
    votes.changed(session, ballot)


async def failed(*_: object) -> None:
    """Nobody waits for models: people decide the duel, and the panel stays silent."""
