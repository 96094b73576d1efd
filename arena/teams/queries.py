"""Reads of teams."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.teams.models import Member, Team, TeamInvitation

now = func.clock_timestamp


async def team_of(session: AsyncSession, person_id: UUID) -> Team | None:
    statement = (
        select(Team)
        .join(Member, Member.team_id == Team.id)
        .where(Member.person_id == person_id, Member.left_at.is_(None))
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_team(session: AsyncSession, team_id: UUID) -> Team:
    """Read anew and held: what is decided about a team is decided one after the other."""
    hold = {"key_share": True}
    return await session.get_one(Team, team_id, with_for_update=hold, populate_existing=True)


async def member(session: AsyncSession, team_id: UUID, person_id: UUID) -> Member | None:
    statement = select(Member).where(
        Member.team_id == team_id, Member.person_id == person_id, Member.left_at.is_(None)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def members(session: AsyncSession, team_id: UUID) -> Sequence[tuple[Member, Person]]:
    """Who is in the team, in the order of joining."""
    statement = (
        select(Member, Person)
        .join(Person, Person.id == Member.person_id)
        .where(Member.team_id == team_id, Member.left_at.is_(None))
        .order_by(Member.created_at)
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def ever_members(session: AsyncSession, team_ids: Collection[UUID]) -> set[UUID]:
    """Everybody who is or was in one of the teams."""
    statement = select(Member.person_id).where(Member.team_id.in_(team_ids))
    return set((await session.execute(statement)).scalars())


async def open_invitations(session: AsyncSession, team_id: UUID) -> Sequence[TeamInvitation]:
    """Those that still work, the newest first."""
    statement = (
        select(TeamInvitation)
        .where(
            TeamInvitation.team_id == team_id,
            TeamInvitation.used_at.is_(None),
            TeamInvitation.expires_at > now(),
        )
        .order_by(TeamInvitation.created_at.desc())
    )
    return (await session.execute(statement)).scalars().all()
