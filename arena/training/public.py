"""The face of training: what other domains use."""

from arena.training.policy import admit, admit_to_race
from arena.training.queries import one, race_out, run_of, trained_on
from arena.training.races import start_overdue
from arena.training.schemas import RaceOut, TrainingOut
from arena.training.service import end_pauses, forget_attempts

__all__ = [
    "RaceOut",
    "TrainingOut",
    "admit",
    "admit_to_race",
    "end_pauses",
    "forget_attempts",
    "one",
    "race_out",
    "run_of",
    "start_overdue",
    "trained_on",
]
