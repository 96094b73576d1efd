"""The face of exports: what other domains use."""

from arena.exports.service import forget_attempts

__all__ = ["forget_attempts"]
