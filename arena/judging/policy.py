"""Who judges which duel: not who sees more than the hall, is behind an entry, or has said that he must not."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Judge, Permission
from arena.duels import public as duels
from arena.judging import queries
from arena.judging.queries import Bar
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
from arena.votes import public as votes

_REFUSALS: dict[Bar, Forbidden] = {
    "staff": Forbidden("vote.not_for_staff", "Who sees more than the hall neither votes nor judges."),
    "own_entry": Forbidden("vote.own_entry", "Your own entry is in this duel, so others decide it."),
    "conflict": Forbidden(
        "verdict.conflict", "You have declared a conflict of interest, so others judge this duel."
    ),
}


async def bar(session: AsyncSession, caller: Caller, duel_id: UUID) -> Bar | None:
    if caller.may(Permission.MODERATE):
        return "staff"
    return await queries.bar(session, duel_id, caller.person_id)


async def _let_judge(session: AsyncSession, caller: Caller, duel_id: UUID) -> UUID:
    if found := await bar(session, caller, duel_id):
        raise _REFUSALS[found]
    return caller.person_id


async def juror_of_duel(duel_id: UUID, caller: Judge, session: SessionDep) -> UUID:
    return await _let_judge(session, caller, (await duels.duel(session, duel_id)).id)


async def juror_of_ballot(ballot_id: UUID, caller: Judge, session: SessionDep) -> UUID:
    ballot = await votes.ballot(session, ballot_id)
    return await _let_judge(session, caller, queries.duel_of(ballot))


DuelJuror = Annotated[UUID, Depends(juror_of_duel, scope="function")]
BallotJuror = Annotated[UUID, Depends(juror_of_ballot, scope="function")]
