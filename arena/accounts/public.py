"""The face of accounts: what other domains use."""

from arena.accounts.models import Person
from arena.accounts.policy import (
    Caller,
    Contestant,
    Judge,
    Moderator,
    Producer,
    PublicCaller,
    SeesMetrics,
    SeesNodes,
    SignedIn,
    current_caller,
)
from arena.accounts.queries import judges
from arena.accounts.rules import Permission, Role
from arena.accounts.service import ensure_operator

__all__ = [
    "Caller",
    "Contestant",
    "Judge",
    "Moderator",
    "Permission",
    "Person",
    "Producer",
    "PublicCaller",
    "Role",
    "SeesMetrics",
    "SeesNodes",
    "SignedIn",
    "current_caller",
    "ensure_operator",
    "judges",
]
