"""The face of the rundown: what other domains use."""

from arena.rundown.ballots import watch_surprises
from arena.rundown.contracts import ShowMoved
from arena.rundown.models import ShowEvent
from arena.rundown.queries import events
from arena.rundown.rules import Phase, Show, fold, stays
from arena.rundown.service import certify_closed, close_overdue

__all__ = [
    "Phase",
    "Show",
    "ShowEvent",
    "ShowMoved",
    "certify_closed",
    "close_overdue",
    "events",
    "fold",
    "stays",
    "watch_surprises",
]
