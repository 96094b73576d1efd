"""What a vote's leaf is, who a voter is called, and who won. Pure functions."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt

import rfc8785

from arena.kit.merkle import leaf_hash
from arena.votes.contracts import CHOICES, Choice


def pseudonym(salt: str, voter: str) -> str:
    """The voter's name in the ledger of one ballot: 32 hex digits, not linkable to another ballot."""
    return hmac.new(bytes.fromhex(salt), voter.encode(), sha256).hexdigest()[:32]


def vote_leaf(ballot: str, number: int, voter: str, choice: Choice, received_at: str, nonce: str) -> str:
    """RFC 9162 leaf hash (hex) of the vote as canonical JSON."""
    entry: dict[str, str | int] = {
        "ballot": ballot,
        "number": number,
        "voter": voter,
        "choice": choice,
        "received_at": received_at,
        "nonce": nonce,
    }
    return leaf_hash(rfc8785.dumps(entry)).hex()


@dataclass(frozen=True)
class Tally:
    left: int = 0
    right: int = 0
    tie: int = 0
    both_bad: int = 0

    @classmethod
    def of(cls, counts: Mapping[Choice, int]) -> "Tally":
        return cls(*(counts.get(choice, 0) for choice in CHOICES))

    @property
    def total(self) -> int:
        return self.left + self.right + self.tie + self.both_bad

    @property
    def share_left(self) -> float:
        """Left's share with a draw as half; ½ when nobody voted."""
        return (self.left + (self.tie + self.both_bad) / 2) / self.total if self.total else 0.5


def too_close(tally: Tally) -> bool:
    """Whether chance could have decided it: left's share is within 1.96 standard errors of one half.

    The voters of one duel are taken as a sample of its audience (variance of a share at most 1/4n). What the vote says
    about the *entries* is the ratings' business, where the duel is the random unit.
    """
    return tally.total == 0 or abs(tally.share_left - 0.5) < 1.96 * sqrt(1 / (4 * tally.total))
