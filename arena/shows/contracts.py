"""Facts about the calendar."""

from uuid import UUID

from arena.kit.facts import Fact


class EpisodePlanned(Fact):
    episode_id: UUID
    season_id: UUID
