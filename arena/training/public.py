"""The face of training: what other domains use."""

from arena.training.policy import admit, admit_to_race
from arena.training.queries import one, race_out, run_of, trained_on
from arena.training.schemas import RaceOut, TrainingOut
from arena.training.service import forget_attempts

__all__ = [
    "RaceOut",
    "TrainingOut",
    "admit",
    "admit_to_race",
    "forget_attempts",
    "one",
    "race_out",
    "run_of",
    "trained_on",
]
