"""JSON shapes of the calendar."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from arena.kit.schemas import In, Out
from arena.shows.models import Season
from arena.shows.rules import (
    CalibrationRules,
    Deadlines,
    FlagRules,
    Frames,
    OverallWeights,
    Preferences,
    RatingRules,
    Sampling,
    SeasonRules,
    SpeedRules,
    Track,
    Weights,
    declared_flags,
    declared_overall,
    declared_preferences,
)


class SeasonOut(Out):
    id: UUID
    name: str
    track: Track
    sampling: Sampling
    deadlines: Deadlines
    speed: SpeedRules
    calibration: CalibrationRules
    weights: Weights
    ratings: RatingRules
    frames: Frames
    """In which a debate quotes an answer."""
    suite: str
    extent: Literal["air", "full"]
    """Which questions of a suite count."""
    overall_weights: OverallWeights | None
    """Of the overall score on the board. Null: the season has declared none."""
    flags: FlagRules | None
    """When a vote stands in its own column. Null: the season has declared none."""
    preferences: Preferences
    """Whose words producers may make preference pairs of, to train on."""
    judge_seconds: int
    hold_seconds: int
    max_prompt_chars: int
    max_entries: int
    max_versions: int
    versions_per_day: int
    closes_at: datetime | None
    rules_digest: str
    licence: str
    licence_url: str

    @classmethod
    def of(cls, season: Season) -> "SeasonOut":
        rules = SeasonRules.model_validate(season.rules)
        return cls(
            id=season.id,
            name=season.name,
            track=rules.track,
            sampling=rules.sampling,
            deadlines=rules.deadlines,
            speed=rules.speed,
            calibration=rules.calibration,
            weights=rules.weights,
            ratings=rules.ratings,
            overall_weights=declared_overall(season.rules),
            frames=rules.frames,
            suite=rules.suite,
            extent=rules.extent,
            flags=declared_flags(season.rules),
            preferences=declared_preferences(season.rules),
            judge_seconds=rules.judge_seconds,
            hold_seconds=rules.hold_seconds,
            max_prompt_chars=rules.max_prompt_chars,
            max_entries=rules.max_entries,
            max_versions=rules.max_versions,
            versions_per_day=rules.versions_per_day,
            closes_at=rules.closes_at,
            rules_digest=season.rules_digest,
            licence=rules.track.base.licence,
            licence_url=rules.track.base.licence_url,
        )


class EpisodeOut(Out):
    id: UUID
    season_id: UUID
    number: int
    title: str
    code: str
    state: Literal["planned", "live", "finished"]


class NewEpisode(In):
    title: Annotated[str, StringConstraints(min_length=1, max_length=80)]
