"""JSON shapes of teams."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.accounts.public import Person
from arena.kit.schemas import In, Out
from arena.teams.models import Member, Team, TeamInvitation
from arena.teams.rules import MAX_MEMBERS


class TeamName(In):
    name: Annotated[str, StringConstraints(max_length=400)]
    """At most 40 characters once it is normalised; `name.invalid` says what else is wrong with it."""


class InviteMember(In):
    hours: int = Field(default=72, ge=1, le=24 * 30)


class NewCaptain(In):
    person_id: UUID


class MemberOut(Out):
    person_id: UUID
    name: str
    captain: bool
    joined_at: datetime


class OpenInvitation(Out):
    """The link itself is shown only once, when it is made."""

    id: UUID
    created_at: datetime
    expires_at: datetime


class TeamInvitationMade(Out):
    url: str
    token: str
    expires_at: datetime


class TeamInvitationState(Out):
    team: str
    captain: str
    expires_at: datetime
    valid: bool


class TeamOut(Out):
    id: UUID
    name: str
    captain_id: UUID
    members: list[MemberOut]
    max_members: int
    invitations: list[OpenInvitation]

    @classmethod
    def of(
        cls, team: Team, members: Sequence[tuple[Member, Person]], invitations: Sequence[TeamInvitation]
    ) -> "TeamOut":
        return cls(
            id=team.id,
            name=team.name,
            captain_id=team.captain_id,
            members=[
                MemberOut(
                    person_id=person.id,
                    name=person.display_name,
                    captain=person.id == team.captain_id,
                    joined_at=member.created_at,
                )
                for member, person in members
            ],
            max_members=MAX_MEMBERS,
            invitations=[OpenInvitation.model_validate(one) for one in invitations],
        )
