"""The face of duels: what other domains use."""

from arena.duels.contracts import SIDES, DuelAnswered, DuelChanged, DuelRevealed, DuelStarted, SideName
from arena.duels.models import Duel
from arena.duels.queries import (
    SideView,
    answers,
    any_under_way,
    any_waiting,
    duel,
    duels_of,
    owners,
    revealed_duels,
    sides,
)
from arena.duels.schemas import DuelOut
from arena.duels.service import check_prompt, reveal, start

__all__ = [
    "SIDES",
    "Duel",
    "DuelAnswered",
    "DuelChanged",
    "DuelOut",
    "DuelRevealed",
    "DuelStarted",
    "SideName",
    "SideView",
    "answers",
    "any_under_way",
    "any_waiting",
    "check_prompt",
    "duel",
    "duels_of",
    "owners",
    "reveal",
    "revealed_duels",
    "sides",
    "start",
]
