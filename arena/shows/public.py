"""The face of shows: what other domains use."""

from arena.shows.models import Episode, Season
from arena.shows.queries import all_seasons, current_season, episode, on_air, season_rules
from arena.shows.rules import (
    Artifact,
    CalibrationRules,
    Deadlines,
    FlagRules,
    OverallWeights,
    Preferences,
    Sampling,
    SeasonRules,
    SpeedRules,
    StyleFeature,
    Track,
    Weights,
    declared_flags,
    declared_overall,
    declared_preferences,
)
from arena.shows.schemas import EpisodeOut
from arena.shows.service import ensure_season

__all__ = [
    "Artifact",
    "CalibrationRules",
    "Deadlines",
    "Episode",
    "EpisodeOut",
    "FlagRules",
    "OverallWeights",
    "Preferences",
    "Sampling",
    "Season",
    "SeasonRules",
    "SpeedRules",
    "StyleFeature",
    "Track",
    "Weights",
    "all_seasons",
    "current_season",
    "declared_flags",
    "declared_overall",
    "declared_preferences",
    "ensure_season",
    "episode",
    "on_air",
    "season_rules",
]
