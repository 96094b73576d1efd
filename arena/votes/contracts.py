"""Words of voting: what a ballot is, what a vote is, and their facts. No database here: the verifier, the writer and
the pages' client are built from the same words."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from arena.kit.facts import Fact
from arena.kit.schemas import Contract

Choice = Literal["left", "right", "tie", "both_bad"]
"""What a duel's voters and judges may say."""
CHOICES: tuple[Choice, ...] = ("left", "right", "tie", "both_bad")

BallotKind = Literal["duel", "question", "surprise", "prize"]
"""Which answer is better; what is asked next; whether the surprise comes now; who gets the hall's prize."""
BallotState = Literal[
    "draft", "armed", "open", "closing", "closed", "counting", "certified", "published", "void"
]
"""A ballot goes through these in this order and never back; `void` ends it from any state before `published`,
or before `certified` where the producers then know the result.

`armed`: its configuration is fixed and hashed. `closing`: closed for the first channel, still open for one that sees
the show later, or waiting for what a gateway had received in time. `closed`: the ledger takes nothing more. `counting`:
the ledger is counted again, apart from the writer's tally. `certified`: both are equal, root and tally are signed.
`published`: the evidence is out."""
TAKES_VOTES: tuple[BallotState, ...] = ("open", "closing")
FINAL: tuple[BallotState, ...] = ("certified", "published")
"""The count is signed: only now does anybody see a split."""

ExcusalKind = Literal["skip", "conflict"]

Level = Literal[0, 1, 2, 3]
"""How sure it is who votes: 0 a signed device token, 1 and a proof of work, 2 and a seat code, e-mail or SMS, 3 signed
in."""

OptionId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
ChannelId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,16}$")]
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Option(Contract):
    id: OptionId
    zh: str = ""
    en: str = ""
    """Empty texts: the page knows words for the id (`left`, `tie`, …)."""
    subject: str | None = None
    """What it stands for: an entry or a question of the bank."""


class Channel(Contract):
    """A way of seeing the show. Who sees it later votes in a window that is as much later."""

    id: ChannelId
    delay_seconds: int = Field(default=0, ge=0, le=120)


HALL = Channel(id="hall")
STREAM = "stream"
"""The other way of seeing a show that the producer's pages offer; how late it comes is asked with each vote."""


class BallotConfig(Contract):
    """All that decides a ballot's result besides the votes. Hashed when the ballot is armed, never changed after."""

    kind: BallotKind
    question_zh: str = Field(default="", max_length=300)
    question_en: str = Field(default="", max_length=300)
    options: tuple[Option, ...] = Field(min_length=1, max_length=20)
    seconds: int = Field(ge=5, le=3600)
    channels: tuple[Channel, ...] = (HALL,)
    level: Level = 0
    """The least that a voter has to show."""
    max_changes: int = Field(default=10, ge=0, le=100)
    change_seconds: float = Field(default=1, ge=0, le=60)
    """Between two votes of one voter."""
    threshold: int | None = Field(default=None, ge=1)
    """Of a surprise: distinct voters within `window_seconds` that set it off."""
    window_seconds: int | None = Field(default=None, ge=1, le=600)
    salt_commitment: Hex32
    """SHA-256 of the salt that makes pseudonyms; the salt itself is never published."""
    rules_digest: Hex32
    """Of the season's rules, the rule by which votes are flagged among them."""
    shards: int | None = Field(default=None, ge=1, le=64)
    """Into how many parts its ledger is divided: a voter is known to one of them alone, whatever the site's number is
    by then. None: a ballot of an earlier release, with the site's."""

    @model_validator(mode="after")
    def _hangs_together(self) -> "BallotConfig":
        if len({option.id for option in self.options}) < len(self.options):
            raise ValueError("options: two have the same id")
        if len({channel.id for channel in self.channels}) < len(self.channels) or not self.channels:
            raise ValueError("channels: there must be one at least, and no two with the same id")
        if (self.kind == "surprise") != (self.threshold is not None and self.window_seconds is not None):
            raise ValueError("threshold, window_seconds: a surprise needs both, no other ballot takes them")
        if self.kind != "surprise" and len(self.options) < 2:
            raise ValueError("options: a choice needs two at least")
        return self

    @property
    def grace_seconds(self) -> int:
        """How long after `closes_at` the last channel still votes."""
        return max(channel.delay_seconds for channel in self.channels)


class BallotChanged(Fact):
    """Moved on in its life, or another vote was counted, or a judge submitted."""

    ballot_id: UUID
    duel_id: UUID | None
    episode_id: UUID


class BallotLocked(Fact):
    """Certified: the count is signed and the root is public."""

    ballot_id: UUID
    duel_id: UUID | None
    episode_id: UUID


class SurpriseTriggered(Fact):
    """Enough voters asked for it within the window."""

    ballot_id: UUID
    episode_id: UUID
