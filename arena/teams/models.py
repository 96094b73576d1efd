"""Teams, who is and was in them, and the links that invite to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from arena.accounts.public import OneTimeLink
from arena.kit.db import Row


class Team(Row):
    """People who compete together under one name, season after season. A disbanded team stays: its entries name it."""

    __tablename__ = "teams"

    name: Mapped[str]
    skeleton: Mapped[str]
    """`moderation.names.skeleton` of the name."""
    captain_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    disbanded_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_teams_skeleton", "skeleton", unique=True, postgresql_where="disbanded_at is null"),
    )


class Member(Row):
    """One person's stay in a team. It is kept when it has ended: who was in a team never judges its duels."""

    __tablename__ = "team_members"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"))
    left_at: Mapped[datetime | None]

    __table_args__ = (
        # In one team at a time, so that nobody competes against himself.
        Index("uq_team_members_person_id", "person_id", unique=True, postgresql_where="left_at is null"),
    )


class TeamInvitation(OneTimeLink):
    """To a team, by its captain."""

    __tablename__ = "team_invitations"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("teams.id"), index=True)
