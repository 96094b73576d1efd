"""What of two answers may be on air: pure, of the record, the clock, and what moderation and people have decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Literal

from arena.duels.rules import released

Air = Literal["flowing", "held", "aired", "replaced", "dumped"]
"""`held`: nothing more is cleared until a person says so. `aired`: all of it is on air. The last two show a card."""
OFF_AIR: tuple[Air, ...] = ("replaced", "dumped")
UNDER_WAY: tuple[Air, ...] = ("flowing", "held")


@dataclass(frozen=True)
class Line:
    """One side as the buffer sees it."""

    recorded: Sequence[datetime]
    """When each token was written down, in order, on the database's clock."""
    ended: bool
    """The model has finished."""
    air: Air
    cleared: int
    """How many tokens moderation has passed."""
    aired: int
    """How many are on air already."""

    @property
    def closed(self) -> bool:
        """Nothing more comes of this side, so the other one need not wait for it."""
        return self.air not in UNDER_WAY or (self.ended and self.aired == len(self.recorded))


def on_air(left: Line, right: Line, now: datetime, hold: timedelta) -> tuple[int, int]:
    """How many tokens of each side are on air now: cleared, older than the hold, and at equal pace."""
    due = _due(left, now, hold), _due(right, now, hold)
    done = _done(left, due[0]), _done(right, due[1])
    shown = released(*due, *done)
    return max(left.aired, shown[0]), max(right.aired, shown[1])


def _due(line: Line, now: datetime, hold: timedelta) -> int:
    """What this side could have on air if it were alone."""
    if line.air not in UNDER_WAY:
        return line.aired
    young = (index for index, at in enumerate(line.recorded) if at > now - hold)
    return max(line.aired, min(line.cleared, next(young, len(line.recorded))))


def _done(line: Line, due: int) -> bool:
    return line.air not in UNDER_WAY or (line.ended and due == len(line.recorded))


def tokens_before(pieces: Sequence[str], chars: int) -> int:
    """How many tokens lie wholly within the first `chars` characters."""
    return sum(1 for end in accumulate(map(len, pieces)) if end <= chars)


def next_on_air(line: Line, hold: timedelta) -> datetime | None:
    """When the next token of a side is old enough; None when none waits."""
    if line.air not in UNDER_WAY or line.aired >= len(line.recorded):
        return None
    return line.recorded[line.aired] + hold
