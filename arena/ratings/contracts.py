"""Facts about ratings."""

from uuid import UUID

from arena.kit.facts import Fact

RECOMPUTE = "ratings.recompute"


class RatingsComputed(Fact):
    season_id: UUID
    snapshot_id: UUID
