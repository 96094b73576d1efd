"""Who votes as whom, and who may not. A viewer is a device; a signed-in person is that person on any device; judges
judge instead. Producers and moderators, who see answers before the hall does, and the owners of the two entries decide
nothing."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Permission, PublicCaller, Role, Shown
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
from arena.votes import queries
from arena.vouchers.public import voucher_of


async def voter(ballot_id: UUID, caller: PublicCaller, session: SessionDep) -> str:
    if caller.has(Role.JUDGE):
        raise Forbidden("vote.judges_judge", "Judges give a verdict instead of a viewer's vote.")
    if caller.person is not None:
        await _refuse_interested(session, caller, ballot_id)
    return caller.voter


async def with_proof(session: AsyncSession, caller: Caller, ballot_id: UUID) -> Caller:
    """A phone carries along what vouches for it; for a person that is looked up."""
    return caller if caller.person is None else await looked_up(session, caller, ballot_id)


async def looked_up(session: AsyncSession, caller: Caller, ballot_id: UUID) -> Caller:
    show = (await queries.ballot(session, ballot_id)).episode_id
    own = await voucher_of(session, show, caller.voter)
    vouched = {episode: by for episode, by in caller.vouched.items() if episode != show}
    if own is not None:
        vouched[show] = Shown(own.id, own.level)
    return replace(caller, vouched=vouched)


async def _refuse_interested(session: AsyncSession, caller: Caller, ballot_id: UUID) -> None:
    if caller.may(Permission.MODERATE):
        raise Forbidden("vote.not_for_staff", "Who sees more than the hall neither votes nor judges.")
    ballot = await queries.ballot(session, ballot_id)
    if caller.person_id in await queries.interested(session, ballot):
        raise Forbidden("vote.own_entry", "Your own entry is in this vote, so others decide it.")


Voter = Annotated[str, Depends(voter, scope="function")]
