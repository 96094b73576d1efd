"""The face of shows: what other domains use."""

from arena.shows.models import Episode, Season
from arena.shows.queries import all_seasons, current_season, episode, on_air, season_rules
from arena.shows.rules import Artifact, CalibrationRules, Deadlines, Sampling, SeasonRules, SpeedRules, Track
from arena.shows.schemas import EpisodeOut
from arena.shows.service import ensure_season

__all__ = [
    "Artifact",
    "CalibrationRules",
    "Deadlines",
    "Episode",
    "EpisodeOut",
    "Sampling",
    "Season",
    "SeasonRules",
    "SpeedRules",
    "Track",
    "all_seasons",
    "current_season",
    "ensure_season",
    "episode",
    "on_air",
    "season_rules",
]
