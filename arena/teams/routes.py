"""Teams over HTTP. A person is in one team at most, so there is only ever “the team”: one's own.

How a team ends is asked at `submissions`, which knows what it still has in the show.
"""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Contestant, Person, read_link
from arena.kit.db import SessionDep
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.teams import queries, service
from arena.teams.models import Team, TeamInvitation
from arena.teams.policy import CaptainedTeam, OwnTeam, captain_only
from arena.teams.schemas import (
    InviteMember,
    NewCaptain,
    TeamInvitationMade,
    TeamInvitationState,
    TeamName,
    TeamOut,
)

router = APIRouter(tags=["teams"])


async def _out(session: AsyncSession, team: Team) -> TeamOut:
    await session.flush()
    return TeamOut.of(
        team, await queries.members(session, team.id), await queries.open_invitations(session, team.id)
    )


@router.get("/team")
async def my_team(caller: Contestant, session: SessionDep) -> TeamOut | None:
    """The caller's team; null when there is none."""
    team = await queries.team_of(session, caller.person_id)
    return await _out(session, team) if team else None


@router.post("/team", status_code=201)
async def found_team(request: Request, caller: Contestant, session: SessionDep, body: TeamName) -> TeamOut:
    """A new team, with the caller as its captain."""
    return await _out(
        session, await service.found(request.app.state.site, session, caller.somebody, body.name)
    )


@router.put("/team/name")
async def rename_team(
    request: Request, team: CaptainedTeam, caller: Contestant, session: SessionDep, body: TeamName
) -> TeamOut:
    await service.rename(request.app.state.site, session, team, caller.person_id, body.name)
    return await _out(session, team)


@router.put("/team/captain")
async def hand_over(team: CaptainedTeam, session: SessionDep, body: NewCaptain) -> TeamOut:
    await service.hand_over(session, team, body.person_id)
    return await _out(session, team)


@router.delete("/team/members/{person_id}")
async def leave_team(person_id: UUID, team: OwnTeam, caller: Contestant, session: SessionDep) -> Done:
    """Leave, or as the captain remove somebody."""
    team = await queries.lock_team(session, team.id)
    if caller.person_id not in (person_id, team.captain_id):
        raise captain_only()
    await service.part(session, team, person_id)
    return Done()


@router.post("/team/invitations", status_code=201)
async def invite_member(
    request: Request, team: CaptainedTeam, caller: Contestant, session: SessionDep, body: InviteMember
) -> TeamInvitationMade:
    """A link for one person. It is shown this once."""
    token, made = await service.invite(session, team, caller.person_id, body.hours)
    site: Site = request.app.state.site
    url = f"{site.settings.public_url}/contestant/team/join/{token}"
    return TeamInvitationMade(url=url, token=token, expires_at=made.expires_at)


@router.delete("/team/invitations/{invitation_id}")
async def take_invitation_back(invitation_id: UUID, team: CaptainedTeam, session: SessionDep) -> Done:
    await service.take_back(session, team, invitation_id)
    return Done()


@router.get("/team-invitations/{token}")
async def read_team_invitation(token: str, _: Contestant, session: SessionDep) -> TeamInvitationState:
    found, valid = await read_link(session, TeamInvitation, token)
    team = await session.get_one(Team, found.team_id)
    captain = await session.get_one(Person, team.captain_id)
    return TeamInvitationState(
        team=team.name, captain=captain.display_name, expires_at=found.expires_at, valid=valid
    )


@router.post("/team-invitations/{token}/accept")
async def join_team(token: str, caller: Contestant, session: SessionDep) -> TeamOut:
    return await _out(session, await service.join(session, caller.person_id, token))
