"""The one door to a completion: whoever asked."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from arena.accounts.public import SignedIn
from arena.gateway import queries
from arena.gateway.models import Completion
from arena.kit.db import SessionDep


async def own_completion(completion_id: UUID, caller: SignedIn, session: SessionDep) -> Completion:
    found = await queries.completion(session, completion_id)
    if found.person_id != caller.person_id:
        raise queries.unknown()
    return found


OwnCompletion = Annotated[Completion, Depends(own_completion, scope="function")]
