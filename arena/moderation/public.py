"""The face of moderation: what other domains use."""

from arena.moderation.engine import MAX_MATCHES, Engine
from arena.moderation.rules import Action, Match, Verdict, strongest
from arena.moderation.service import (
    active_lists,
    add_record,
    check,
    check_all,
    check_growing,
    ensure_lists,
    refusal,
    require,
    rules_in_force,
    shows_growing,
)
from arena.moderation.wordlists import Term, word_list

__all__ = [
    "MAX_MATCHES",
    "Action",
    "Engine",
    "Match",
    "Term",
    "Verdict",
    "active_lists",
    "add_record",
    "check",
    "check_all",
    "check_growing",
    "ensure_lists",
    "refusal",
    "require",
    "rules_in_force",
    "shows_growing",
    "strongest",
    "word_list",
]
