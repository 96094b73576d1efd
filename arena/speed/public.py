"""The face of speed: what other domains use."""

from arena.speed.contracts import SpeedReleased
from arena.speed.queries import unreleased_questions
from arena.speed.standing import Speed, measurements, speeds

__all__ = ["Speed", "SpeedReleased", "measurements", "speeds", "unreleased_questions"]
