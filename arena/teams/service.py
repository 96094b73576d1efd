"""What happens to teams: founded, joined, left, led by another, disbanded."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person, digest, link, usable_link, use_link
from arena.kit.db import db_now, flush_unless_taken
from arena.kit.errors import Conflict, NotFound
from arena.kit.ids import new_secret
from arena.kit.names import TEAM_CHARS, clean_name
from arena.kit.site import Site
from arena.moderation.names import reserved, skeleton
from arena.moderation.public import require
from arena.teams import queries
from arena.teams.models import Member, Team, TeamInvitation
from arena.teams.rules import MAX_MEMBERS


async def found(site: Site, session: AsyncSession, founder: Person, name: str) -> Team:
    """A new team of one, who is its captain.

    Raises Invalid `name.invalid` or `moderation.…` for a name that may not be shown, Conflict for one that is taken or
    when the founder is in a team already.
    """
    name = await _admitted(site, session, founder.id, name)
    await _refuse_when_in_a_team(session, founder.id)
    team = Team(name=name, skeleton=skeleton(name), captain_id=founder.id)
    session.add(team)
    await flush_unless_taken(session, _taken(name))
    await _add(session, team, founder.id)
    return team


async def rename(site: Site, session: AsyncSession, team: Team, by: UUID, name: str) -> None:
    name = await _admitted(site, session, by, name)
    team.name, team.skeleton = name, skeleton(name)
    await flush_unless_taken(session, _taken(name))


async def _admitted(site: Site, session: AsyncSession, by: UUID, name: str) -> str:
    name = clean_name(name, TEAM_CHARS)
    if reserved(name) is not None:
        raise _taken(name)
    await require(site, session, "team.name", name, by)
    return name


def _taken(name: str) -> Conflict:
    return Conflict(
        "team.name_taken",
        f"The name “{name}” is taken, or looks like one that is. Choose another.",
        name=name,
    )


async def invite(session: AsyncSession, team: Team, by: UUID, hours: int) -> tuple[str, TeamInvitation]:
    """The secret for the link (shown once) and its row."""
    await _refuse_when_full(session, team)
    secret = new_secret()
    made = TeamInvitation(
        token_sha256=digest(secret),
        team_id=team.id,
        expires_at=await db_now(session) + timedelta(hours=hours),
        created_by=by,
    )
    session.add(made)
    await session.flush()
    return secret, made


async def take_back(session: AsyncSession, team: Team, invitation_id: UUID) -> None:
    """A link that was sent to the wrong place works no more."""
    statement = (
        delete(TeamInvitation)
        .where(
            TeamInvitation.id == invitation_id,
            TeamInvitation.team_id == team.id,
            TeamInvitation.used_at.is_(None),
        )
        .returning(TeamInvitation.id)
    )
    if (await session.execute(statement)).first() is None:
        raise NotFound("team.no_such_invitation", "The team has no such open invitation.")


async def join(session: AsyncSession, person_id: UUID, token: str) -> Team:
    """Raises NotFound or Conflict `invitation.…` for a link that does not work, Conflict when it is not possible."""
    # The team before its links, as whoever takes one back does.
    if (sent := await link(session, TeamInvitation, digest(token))) is not None:
        await queries.lock_team(session, sent.team_id)
    invited = await usable_link(session, TeamInvitation, token)
    team = await queries.lock_team(session, invited.team_id)
    await _refuse_when_in_a_team(session, person_id)
    await _refuse_when_full(session, team)
    await _add(session, team, person_id)
    await use_link(session, invited, person_id)
    return team


async def _add(session: AsyncSession, team: Team, person_id: UUID) -> None:
    session.add(Member(team_id=team.id, person_id=person_id))
    # Asked before; this is for two tabs at once.
    await flush_unless_taken(session, _already())


async def _refuse_when_in_a_team(session: AsyncSession, person_id: UUID) -> None:
    if await queries.team_of(session, person_id) is not None:
        raise _already()


def _already() -> Conflict:
    return Conflict("team.already", "You are in a team already. Leave it first.")


async def _refuse_when_full(session: AsyncSession, team: Team) -> None:
    if len(await queries.members(session, team.id)) >= MAX_MEMBERS:
        raise Conflict("team.full", f"The team has its {MAX_MEMBERS} members.", limit=MAX_MEMBERS)


async def part(session: AsyncSession, team: Team, person_id: UUID) -> None:
    """End a stay, at the word of the member or of the captain. What the team has sent in stays the team's."""
    if person_id == team.captain_id:
        raise Conflict(
            "team.captain_stays",
            "The captain cannot leave. Hand the captaincy over first, or disband the team.",
        )
    member = await _member(session, team, person_id)
    member.left_at = await db_now(session)


async def hand_over(session: AsyncSession, team: Team, person_id: UUID) -> None:
    await _member(session, team, person_id)
    team.captain_id = person_id


async def _member(session: AsyncSession, team: Team, person_id: UUID) -> Member:
    member = await queries.member(session, team.id, person_id)
    if member is None:
        raise NotFound("team.no_such_member", "The team has no such member.")
    return member


async def disband(session: AsyncSession, team: Team) -> None:
    """The end of it; its name is free again. The caller has seen to it that nothing of the team still competes."""
    now = await db_now(session)
    team.disbanded_at = now
    await session.flush()
    left = update(Member).where(Member.team_id == team.id, Member.left_at.is_(None))
    await session.execute(left.values(left_at=now))
    unused = TeamInvitation.team_id == team.id, TeamInvitation.used_at.is_(None)
    await session.execute(delete(TeamInvitation).where(*unused))
