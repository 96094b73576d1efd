"""JSON shapes of duels. Before reveal no field here can tell which entry is on which side."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from arena.duels.contracts import Outcome, SideName
from arena.duels.models import Duel, DuelState
from arena.duels.queries import SideView
from arena.kit.schemas import Out
from arena.submissions.public import EntryKind


class EntryName(Out):
    id: UUID
    name: str
    kind: EntryKind


class SideOut(Out):
    text: str
    tokens: int
    finished: bool
    finish_reason: str | None
    ai_generated: Literal[True] = True
    entry: EntryName | None
    """Null until reveal, unless the reader is a producer."""


class DuelOut(Out):
    id: UUID
    episode_id: UUID
    number: int
    prompt: str
    state: DuelState
    reason: str | None
    forfeit: SideName | None
    """The side that failed twice by its own doing and lost without a vote."""
    revealed: bool
    left: SideOut
    right: SideOut

    @classmethod
    def of(cls, duel: Duel, sides: dict[SideName, SideView], see_names: bool) -> "DuelOut":
        def side(view: SideView) -> SideOut:
            entry = EntryName.model_validate(view.entry) if see_names or duel.revealed_at else None
            return SideOut(
                text=view.text,
                tokens=view.tokens,
                finished=view.finished,
                finish_reason=view.finish_reason,
                entry=entry,
            )

        return cls(
            id=duel.id,
            episode_id=duel.episode_id,
            number=duel.number,
            prompt=duel.prompt,
            state=duel.state,
            reason=duel.reason if see_names else None,
            forfeit=duel.forfeit,
            revealed=duel.revealed_at is not None,
            left=side(sides["left"]),
            right=side(sides["right"]),
        )


class AttemptOut(Out):
    """For producers: where it was tried, and what came of each side."""

    number: int
    node_id: UUID
    started_at: datetime
    ended_at: datetime | None
    left: Outcome | None
    right: Outcome | None
    reason: str | None
