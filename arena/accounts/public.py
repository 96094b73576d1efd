"""The face of accounts: what other domains use."""

from arena.accounts.devices import forget_devices, known_devices
from arena.accounts.limits import guess, slow_down
from arena.accounts.models import OneTimeLink, Person
from arena.accounts.policy import (
    Caller,
    Contestant,
    DecidesScores,
    Judge,
    Moderator,
    Producer,
    PublicCaller,
    RunsNodes,
    SecondPerson,
    SeesMetrics,
    SeesNodes,
    Shown,
    SignedIn,
    current_caller,
    sign_device,
)
from arena.accounts.queries import jurors, link
from arena.accounts.rules import Permission, Role
from arena.accounts.service import digest, ensure_operator, read_link, usable_link, use_link

__all__ = [
    "Caller",
    "Contestant",
    "DecidesScores",
    "Judge",
    "Moderator",
    "OneTimeLink",
    "Permission",
    "Person",
    "Producer",
    "PublicCaller",
    "Role",
    "RunsNodes",
    "SecondPerson",
    "SeesMetrics",
    "SeesNodes",
    "Shown",
    "SignedIn",
    "current_caller",
    "digest",
    "ensure_operator",
    "forget_devices",
    "guess",
    "jurors",
    "known_devices",
    "link",
    "read_link",
    "sign_device",
    "slow_down",
    "usable_link",
    "use_link",
]
