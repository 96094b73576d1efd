"""The face of the rundown: what other domains use."""

from arena.rundown.contracts import ShowMoved
from arena.rundown.queries import events, show
from arena.rundown.rules import Phase, Show
from arena.rundown.service import lock_overdue

__all__ = ["Phase", "Show", "ShowMoved", "events", "lock_overdue", "show"]
