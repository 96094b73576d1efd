"""The face of ratings: what other domains use."""

from arena.ratings.contracts import RatingsComputed
from arena.ratings.rules import Counts, Weights, lead, votes_to_flip, winner
from arena.ratings.rules import Duel as RatedDuel
from arena.ratings.service import newest

__all__ = ["Counts", "RatedDuel", "RatingsComputed", "Weights", "lead", "newest", "votes_to_flip", "winner"]
