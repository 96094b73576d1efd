"""What a voter is called, how long a ballot is promised to be open, what sets off a surprise, who won. Pure."""

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import sqrt

import rfc8785

from arena.votes.contracts import CHOICES, BallotConfig


def pseudonym(salt: str, voter: str) -> str:
    """The voter's name in the ledger of one ballot: 32 hex digits, not linkable to another ballot."""
    return hmac.new(bytes.fromhex(salt), voter.encode(), sha256).hexdigest()[:32]


def digest_of(config: BallotConfig) -> str:
    return sha256(rfc8785.dumps(config.model_dump(mode="json"))).hexdigest()


def promised_end(config: BallotConfig, opens_at: datetime) -> datetime:
    """When the last channel has had its seconds. To close before that takes a second person."""
    return opens_at + timedelta(seconds=config.seconds + config.grace_seconds)


def set_off(taps: Iterable[tuple[datetime, str]], threshold: int, seconds: int) -> datetime | None:
    """When so many different voters had first asked within so many seconds. `taps`: when and who, in order of time."""
    recent: list[tuple[datetime, str]] = []
    asking: Counter[str] = Counter()
    gone = 0
    for at, voter in taps:
        recent.append((at, voter))
        asking[voter] += 1
        while recent[gone][0] <= at - timedelta(seconds=seconds):
            left = recent[gone][1]
            gone, asking[left] = gone + 1, asking[left] - 1
            if not asking[left]:
                del asking[left]
        if len(asking) >= threshold:
            return at
    return None


@dataclass(frozen=True)
class Tally:
    left: int = 0
    right: int = 0
    tie: int = 0
    both_bad: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Tally":
        return cls(*(counts.get(choice, 0) for choice in CHOICES))

    @property
    def four(self) -> tuple[int, int, int, int]:
        """In the order of `CHOICES`."""
        return self.left, self.right, self.tie, self.both_bad

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
