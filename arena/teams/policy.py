"""The one door to a team: its members see it, its captain decides. Everybody else finds nothing."""

from typing import Annotated

from fastapi import Depends

from arena.accounts.public import Contestant
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden, NotFound
from arena.teams import queries
from arena.teams.models import Team


def captain_only() -> Forbidden:
    return Forbidden("team.captain_only", "Only the captain of your team can do this.")


async def own_team(caller: Contestant, session: SessionDep) -> Team:
    team = await queries.team_of(session, caller.person_id)
    if team is None:
        raise NotFound("team.none", "You are in no team.")
    return team


async def captained_team(
    team: Annotated[Team, Depends(own_team, scope="function")], caller: Contestant, session: SessionDep
) -> Team:
    """Held, and asked again under the lock: the captaincy may just have been handed over."""
    team = await queries.lock_team(session, team.id)
    if team.captain_id != caller.person_id:
        raise captain_only()
    return team


OwnTeam = Annotated[Team, Depends(own_team, scope="function")]
CaptainedTeam = Annotated[Team, Depends(captained_team, scope="function")]
