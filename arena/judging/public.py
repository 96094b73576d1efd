"""The face of judging: what other domains use."""

from arena.judging.contracts import PanelAsked
from arena.judging.service import opened, ready_to_count, require_ready

__all__ = ["PanelAsked", "opened", "ready_to_count", "require_ready"]
