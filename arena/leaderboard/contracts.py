"""Facts about the board."""

from uuid import UUID

from arena.kit.facts import Fact

REFRESH = "leaderboard.refresh"


class BoardChanged(Fact):
    season_id: UUID
