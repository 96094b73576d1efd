"""JSON shapes of ratings and of suggested pairs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from arena.kit.schemas import Out
from arena.ratings.contracts import Basis, BootstrapCheck, RatingRow, StyleEffect
from arena.ratings.models import RatingSnapshot
from arena.ratings.pairing import Plan, Stage
from arena.ratings.queries import basis_of


class SnapshotLine(Out):
    id: UUID
    at: datetime
    duels: int
    """Those that carry the ratings."""
    close_call: bool
    rules_digest: str

    @classmethod
    def of(cls, row: RatingSnapshot) -> "SnapshotLine":
        return cls.model_validate({**_line(row)})


class SnapshotOut(SnapshotLine):
    """Ratings of a date, with all that they follow from: `gavel ratings recompute` computes them again."""

    rows: list[RatingRow]
    effects: list[StyleEffect]
    """Of style, where the season controls for it."""
    check: BootstrapCheck | None
    basis: Basis | None
    """Null for a snapshot of an earlier release, which did not keep it."""

    @classmethod
    def of(cls, row: RatingSnapshot) -> "SnapshotOut":
        findings = row.findings or {"effects": [], "check": None}
        return cls.model_validate({**_line(row), **findings, "rows": row.rows, "basis": basis_of(row)})


def _line(row: RatingSnapshot) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.created_at,
        "duels": row.duels,
        "close_call": row.close_call,
        "rules_digest": row.rules_digest,
    }


class SuggestedPair(Out):
    a: UUID
    b: UUID
    chance: float | None
    """That the rule draws this pair first. Null, as the two below, while the board is frozen."""
    met: int
    """Duels that the two have had."""
    half_width: float | None
    """Of the interval of their difference, in points; null while one of them is not rated."""
    gain: float | None
    """By how many points one more duel is expected to narrow it to each side."""


class Pairings(Out):
    """Suggested next pairs, in the order in which they were drawn. The first is the draw; taking it keeps the ratings'
    weights exact, any other is the producer's own choice and is weighed as one."""

    stage: Stage
    """`balanced`: everybody meets everybody first. `shrinkage`: where one more duel tells the most."""
    rule: str
    seed: str
    pairs: list[SuggestedPair]

    @classmethod
    def of(cls, drawn: Plan, rule: str, most: int, hidden: bool) -> "Pairings":
        """`hidden`: nothing that follows from the ratings is told besides the order."""
        pairs = [
            SuggestedPair(
                a=UUID(one.a),
                b=UUID(one.b),
                chance=None if hidden else one.chance,
                met=one.met,
                half_width=one.doubt.half_width if one.doubt and not hidden else None,
                gain=one.doubt.gain if one.doubt and not hidden else None,
            )
            for one in drawn.drawn[:most]
        ]
        return cls(stage=drawn.stage, rule=rule, seed=drawn.seed, pairs=pairs)
