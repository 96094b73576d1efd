"""The face of teams: what other domains use."""

from arena.teams.models import Team
from arena.teams.policy import CaptainedTeam, captain_only
from arena.teams.queries import ever_members, lock_team, member, members, team_of
from arena.teams.service import disband

__all__ = [
    "CaptainedTeam",
    "Team",
    "captain_only",
    "disband",
    "ever_members",
    "lock_team",
    "member",
    "members",
    "team_of",
]
