"""The one door to an exchange: whoever asked. Not even teammates and producers see what somebody practises."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Contestant
from arena.kit.db import SessionDep
from arena.practice import queries
from arena.practice.models import Exchange


async def admit(session: AsyncSession, caller: Caller, exchange_id: UUID) -> Exchange:
    """Raises NotFound `practice.not_found` for everybody else."""
    found = await queries.exchange(session, exchange_id)
    if caller.person is None or found.person_id != caller.person.id:
        raise queries.unknown()
    return found


async def own_exchange(exchange_id: UUID, caller: Contestant, session: SessionDep) -> Exchange:
    return await admit(session, caller, exchange_id)


OwnExchange = Annotated[Exchange, Depends(own_exchange, scope="function")]
