"""What becomes of one vote: it is counted, it has been counted before, or it is refused. Pure functions, and the words
of every refusal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from arena.kit.errors import Conflict, Forbidden, GavelError, Invalid, TooMany, Unavailable
from arena.votes.contracts import TAKES_VOTES, BallotConfig, BallotState, Level
from arena.votes.ledger import Line


@dataclass(frozen=True, slots=True)
class Cast:
    """One vote as a gateway received it."""

    ballot: UUID
    voter: str
    """Pseudonym."""
    choice: str
    n: int
    level: Level
    channel: str
    at: datetime
    """On the database's clock."""


class Previous(NamedTuple):
    """A voter's newest line."""

    line: Line
    at: datetime
    changes: int


@dataclass(frozen=True, slots=True)
class Window:
    """When votes are taken. Only the row itself, held, tells; a copy of it may be a second old."""

    state: BallotState
    opens_at: datetime | None
    closes_at: datetime | None

    def takes(self, at: datetime, delay: timedelta) -> bool:
        """Whoever sees the show later votes in a window that is as much later."""
        if self.state not in TAKES_VOTES or self.opens_at is None or self.closes_at is None:
            return False
        return self.opens_at <= at - delay <= self.closes_at


Verdict = Literal[
    "count",
    "repeat",
    "vote.key_reuse",
    "vote.superseded",
    "vote.window_closed",
    "vote.too_fast",
    "vote.no_more_changes",
]


def decide(previous: Previous | None, cast: Cast, config: BallotConfig, open: bool) -> Verdict:
    """`open`: the window of this cast's channel takes it. A retry finds its receipt, whenever it comes."""
    if previous is not None:
        if cast.n == previous.line.n:
            return "repeat" if cast.choice == previous.line.choice else "vote.key_reuse"
        if cast.n < previous.line.n:
            return "vote.superseded"
    if not open:
        return "vote.window_closed"
    if previous is not None:
        if previous.changes >= config.max_changes:
            return "vote.no_more_changes"
        if (cast.at - previous.at).total_seconds() < config.change_seconds:
            return "vote.too_fast"
    return "count"


def delays_of(config: BallotConfig) -> dict[str, timedelta]:
    """Channel -> how much later it sees the show."""
    return {one.id: timedelta(seconds=one.delay_seconds) for one in config.channels}


REFUSALS: dict[str, tuple[type[GavelError], str]] = {
    "vote.window_closed": (Forbidden, "The vote is closed. Your tap was not counted."),
    "vote.no_such_option": (Invalid, "There is no such option on this ballot."),
    "vote.level": (
        Forbidden,
        "This vote asks for more than this phone has shown. Type your seat code, confirm an e-mail address or sign in "
        "where it says, and vote again.",
    ),
    "vote.key_reuse": (
        Conflict,
        "This count has been used for another choice. A changed vote takes the next one.",
    ),
    "vote.superseded": (Conflict, "A newer vote of yours has been counted already."),
    "vote.no_more_changes": (
        Conflict,
        "You have changed this vote as often as is allowed. The last one counts.",
    ),
    "vote.too_fast": (TooMany, "That was too quick after your last vote. Try again in a moment."),
    "vote.busy": (TooMany, "Very many are voting just now. Your phone tries again by itself."),
    "vote.try_again": (
        Unavailable,
        "Your vote could not be counted just now. Your phone tries again by itself.",
    ),
    "vote.not_here": (Conflict, "The votes of this shard are written by another process."),
}


def refusal(code: str, **detail: Any) -> GavelError:
    kind, sentence = REFUSALS[code]
    return kind(code, sentence, **detail)


def too_fast(seconds: float) -> GavelError:
    return refusal("vote.too_fast", retry_ms=max(1, round(seconds * 1000)))
