"""The face of ratings: what other domains use."""

from arena.ratings.contracts import RatingsComputed
from arena.ratings.pairing import RULE
from arena.ratings.queries import Moment, basis_of, course, newest, snapshot, snapshots
from arena.ratings.schemas import Pairings, SnapshotLine, SnapshotOut
from arena.ratings.suggesting import note, suggest
from arena.ratings.tallies import Counts, Weights, lead, votes_to_flip, winner
from arena.ratings.tallies import Duel as RatedDuel

__all__ = [
    "RULE",
    "Counts",
    "Moment",
    "Pairings",
    "RatedDuel",
    "RatingsComputed",
    "SnapshotLine",
    "SnapshotOut",
    "Weights",
    "basis_of",
    "course",
    "lead",
    "newest",
    "note",
    "snapshot",
    "snapshots",
    "suggest",
    "votes_to_flip",
    "winner",
]
