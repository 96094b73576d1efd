"""The face of speed: what other domains use."""

from arena.speed.queries import unreleased_questions

__all__ = ["unreleased_questions"]
