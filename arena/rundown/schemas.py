"""JSON shapes of the producer's hand."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.kit.schemas import In, Out
from arena.rundown.contracts import Command
from arena.rundown.rules import Phase


class CommandIn(In):
    expected_version: Annotated[int, Field(ge=0)]
    """The version of the show that the person giving the command was looking at."""
    key: Annotated[str, StringConstraints(min_length=8, max_length=64)]
    command: Command


class JoinLink(Out):
    channel: str
    path: str
    """Of the phone's page. Whoever joined by it votes when this channel does."""


class ShowOut(Out):
    version: int
    phase: Phase
    duel_id: UUID | None
    ballot_id: UUID | None
