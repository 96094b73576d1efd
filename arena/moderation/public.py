"""The face of moderation: what other domains use."""

from arena.moderation.rules import Action, Match, Verdict
from arena.moderation.service import (
    active_lists,
    add_record,
    check,
    check_all,
    ensure_lists,
    refusal,
    require,
)

__all__ = [
    "Action",
    "Match",
    "Verdict",
    "active_lists",
    "add_record",
    "check",
    "check_all",
    "ensure_lists",
    "refusal",
    "require",
]
