"""Words of the judges' desk, and its fact."""

from typing import Literal
from uuid import UUID

from arena.kit.facts import Fact
from arena.kit.schemas import Contract

SKIP_REASONS = ("unreadable", "not_my_field", "language", "offensive", "distracted", "other")
CONFLICT_REASONS = ("own_team", "close_to_maker", "advised", "recognised", "other")
"""What a judge may say; the pages know words for it. `other` takes a text."""

Abstention = Literal["flip", "malformed", "unreachable", "unconfigured", "off_air"]
"""Why a model gives no verdict: it preferred another answer in the other order, twice said no verdict, did not answer,
its endpoint is not set up on this site, an answer is off the air."""

PANEL = "judging.panel"


class PanelAsked(Fact):
    """Models of the season's panel are to judge this ballot's duel."""

    ballot_id: UUID


class PanelQuestion(Contract):
    """What a model of the panel is told of a duel, before the two sides are put into an order."""

    prompt: str
    turns: tuple[tuple[str, str, str], ...]
    """What was asked, what left said, what right said."""
    criteria: tuple[str, ...]
    """English names of the rubric."""
