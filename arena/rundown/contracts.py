"""The producer's commands and the facts they leave."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from arena.duels.public import DuelKind
from arena.kit.facts import Fact
from arena.kit.schemas import In
from arena.votes.public import HALL, Channels, Level


class StartDuel(In):
    type: Literal["start_duel"]
    prompt: str
    entry_a: UUID
    entry_b: UUID
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    kind: DuelKind = "single"
    follow_ups: list[str] = Field(default=[], max_length=20)
    """What is asked in the later turns of a duel with follow-ups, in order."""
    turns: int | None = None
    """Of a debate; otherwise there are as many as prompts."""
    images: list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(default=[], max_length=20)
    """Digests of images that were put in before (`POST /episodes/{id}/images`), for base models that take them."""


class OpenVote(In):
    type: Literal["open_vote"]
    seconds: int = Field(default=60, ge=5, le=3600)
    channels: Channels = (HALL,)
    """Who sees the show later votes later by as much."""
    level: Level = 0


class LockVote(In):
    """Close the vote and have it counted a second time."""

    type: Literal["lock_vote"]


class Reveal(In):
    type: Literal["reveal"]


class Finish(In):
    type: Literal["finish"]


Command = Annotated[StartDuel | OpenVote | LockVote | Reveal | Finish, Field(discriminator="type")]


BallotAction = Literal[
    "prepare_ballot",
    "arm_ballot",
    "open_ballot",
    "agree_shorten",
    "close_ballot",
    "certify_ballot",
    "publish_ballot",
    "void_ballot",
    "surprise",
]
"""What is done to ballots stands in the show's log, too. They run beside its phases."""

SeatAction = Literal["make_seats", "remake_seats", "revoke_seat"]
"""So does what is done to seat codes."""


class ShowMoved(Fact):
    """A command was carried out; the show has a new version."""

    episode_id: UUID
    version: int


def channels(episode_id: UUID) -> list[str]:
    """The live channels that show what is on stage in an episode."""
    return [f"stage:{episode_id}", f"desk:{episode_id}", f"program:{episode_id}"]
