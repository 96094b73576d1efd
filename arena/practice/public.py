"""The face of practice: what other domains use."""

from arena.practice.policy import admit
from arena.practice.queries import describe, exchange
from arena.practice.schemas import PracticeOut

__all__ = ["PracticeOut", "admit", "describe", "exchange"]
