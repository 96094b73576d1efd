"""The face of exports: what other domains use."""

from arena.exports.service import expire, forget_attempts

__all__ = ["expire", "forget_attempts"]
