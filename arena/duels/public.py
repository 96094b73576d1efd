"""The face of duels: what other domains use."""

from arena.duels.contracts import SIDES, DuelAnswered, DuelChanged, DuelRevealed, DuelStarted, SideName
from arena.duels.images import check_taken
from arena.duels.models import Answer, Duel
from arena.duels.program import OFF_AIR
from arena.duels.program_service import dumped, preview, require_over, steer
from arena.duels.provenance import LABELLED, seal
from arena.duels.queries import (
    SideView,
    Turns,
    all_answers,
    answers,
    any_under_way,
    any_waiting,
    decisions,
    decisions_of,
    duel,
    duels_of,
    owners,
    revealed_duels,
    seen_state,
    turns,
)
from arena.duels.schemas import DuelOut, OffAir, ProgramOut, Steer, off_air
from arena.duels.service import check_prompt, reveal, start
from arena.duels.turns import MAX_TURNS, DuelKind

__all__ = [
    "LABELLED",
    "MAX_TURNS",
    "OFF_AIR",
    "SIDES",
    "Answer",
    "Duel",
    "DuelAnswered",
    "DuelChanged",
    "DuelKind",
    "DuelOut",
    "DuelRevealed",
    "DuelStarted",
    "OffAir",
    "ProgramOut",
    "SideName",
    "SideView",
    "Steer",
    "Turns",
    "all_answers",
    "answers",
    "any_under_way",
    "any_waiting",
    "check_prompt",
    "check_taken",
    "decisions",
    "decisions_of",
    "duel",
    "duels_of",
    "dumped",
    "off_air",
    "owners",
    "preview",
    "require_over",
    "reveal",
    "revealed_duels",
    "seal",
    "seen_state",
    "start",
    "steer",
    "turns",
]
