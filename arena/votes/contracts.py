"""Words of voting, and its facts."""

from typing import Literal
from uuid import UUID

from arena.kit.facts import Fact

Choice = Literal["left", "right", "tie", "both_bad"]
CHOICES: tuple[Choice, ...] = ("left", "right", "tie", "both_bad")


class BallotChanged(Fact):
    """Opened, or another vote was counted, or a judge submitted."""

    ballot_id: UUID
    duel_id: UUID
    episode_id: UUID


class BallotLocked(Fact):
    ballot_id: UUID
    duel_id: UUID
    episode_id: UUID
