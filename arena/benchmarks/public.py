"""The face of benchmarks: what other domains use."""

from arena.benchmarks.contracts import BenchmarkFinished, Extent
from arena.benchmarks.rules import Accuracy
from arena.benchmarks.schemas import AccuracyOut, TaskOut
from arena.benchmarks.standing import Standing, accuracies, of_versions, was_there

__all__ = [
    "Accuracy",
    "AccuracyOut",
    "BenchmarkFinished",
    "Extent",
    "Standing",
    "TaskOut",
    "accuracies",
    "of_versions",
    "was_there",
]
