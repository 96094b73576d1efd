"""The face of votes: what other domains use."""

from arena.votes.contracts import BallotChanged, BallotLocked
from arena.votes.models import Ballot
from arena.votes.queries import (
    ballot,
    ballot_of,
    counted,
    interested,
    jury,
    overdue,
    submitted_verdicts,
    tallies,
)
from arena.votes.rules import Tally, too_close
from arena.votes.schemas import TallyOut
from arena.votes.service import lock_ballot, open_ballot

__all__ = [
    "Ballot",
    "BallotChanged",
    "BallotLocked",
    "Tally",
    "TallyOut",
    "ballot",
    "ballot_of",
    "counted",
    "interested",
    "jury",
    "lock_ballot",
    "open_ballot",
    "overdue",
    "submitted_verdicts",
    "tallies",
    "too_close",
]
