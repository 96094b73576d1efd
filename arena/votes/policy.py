"""Who votes as whom. A viewer is a device; a signed-in person is that person on any device; judges judge instead."""

from typing import Annotated

from fastapi import Depends

from arena.accounts.public import PublicCaller, Role
from arena.kit.errors import Forbidden, Unauthenticated


async def voter(caller: PublicCaller) -> str:
    if caller.has(Role.JUDGE):
        raise Forbidden("vote.judges_judge", "Judges give a verdict instead of a viewer's vote.")
    if caller.person is not None:
        return f"p-{caller.person.id}"
    if caller.device is None:
        raise Unauthenticated("vote.no_device", "This phone has not joined yet. Open the show's page first.")
    return caller.device


Voter = Annotated[str, Depends(voter, scope="function")]
