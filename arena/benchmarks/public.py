"""The face of benchmarks: what other domains use."""

from arena.benchmarks.contracts import BenchmarkFinished
from arena.benchmarks.standing import accuracy
from arena.benchmarks.rules import Accuracy
from arena.benchmarks.schemas import AccuracyOut

__all__ = ["Accuracy", "AccuracyOut", "BenchmarkFinished", "accuracy"]
