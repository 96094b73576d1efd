"""The face of the rundown: what other domains use."""

from arena.rundown.contracts import ShowMoved
from arena.rundown.models import ShowEvent
from arena.rundown.queries import events
from arena.rundown.rules import Phase, Show, fold
from arena.rundown.service import lock_overdue

__all__ = ["Phase", "Show", "ShowEvent", "ShowMoved", "events", "fold", "lock_overdue"]
