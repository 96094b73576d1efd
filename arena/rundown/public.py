"""The face of the rundown: what other domains use."""

from arena.rundown.clock import certify_closed, close_overdue, watch_surprises
from arena.rundown.contracts import ShowMoved
from arena.rundown.models import ShowEvent
from arena.rundown.queries import events
from arena.rundown.rules import Phase, Show, fold, stays

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
