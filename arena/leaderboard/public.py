"""The face of the leaderboard: what other domains use."""

from arena.leaderboard.contracts import BoardChanged
from arena.leaderboard.schemas import Board
from arena.leaderboard.service import board

__all__ = ["Board", "BoardChanged", "board"]
