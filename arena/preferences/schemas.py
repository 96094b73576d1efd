"""JSON shapes of preference sets."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from arena.duels.contracts import SideName
from arena.kit.schemas import In, Out
from arena.preferences.models import PreferenceSet
from arena.preferences.rules import Reason
from arena.shows.training import MAX_SEED
from arena.submissions.models import SubmissionState
from arena.submissions.public import SubmissionOut
from arena.training.schemas import TrainingOut, VersionRef
from arena.votes.public import TallyOut


class NewPreferenceSet(In):
    episodes: Annotated[list[UUID], Field(max_length=1000)] = []
    """Of which episodes; empty: of the whole season."""
    least: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0
    """Pairs that are less clear than this are left out: 0 keeps all but ties, 1 only those that all agreed on."""


class NewCandidate(In):
    """One more step for an adapter. It keeps its shape; the numbers are DPO's own, and the rest the season's budget."""

    parent: UUID
    """The version whose adapter is trained further, and compared with."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 5e-5
    beta: Annotated[float, Field(gt=0, le=10)] = 0.1
    """How hard the parent holds."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0


class SideLineage(Out):
    """Whose answer it was, and where its record is."""

    entry: UUID
    name: str
    submission: UUID
    system_prompt: bool
    """It was given a system prompt of its own, which the row does not have."""
    record: str | None
    """Hash of the answer's record: it stands in the episode's provenance file."""


class PreferencePairOut(Out):
    """One duel, one row."""

    duel: UUID
    episode: UUID
    number: int
    side: SideName
    """On which the preferred answer stood."""
    weight: float
    judges: TallyOut
    crowd: TallyOut | None
    """Null where the season has not declared that votes teach."""
    ledger_root: str
    chosen: SideLineage
    rejected: SideLineage


class LeftOut(Out):
    duel: UUID
    reason: Reason


class PreferenceSetOut(Out):
    id: UUID
    made_at: datetime
    made_by: str
    episodes: list[UUID]
    least: float
    rules_digest: str
    digest: str
    rows: int
    size_bytes: int
    left_out: dict[Reason, int]
    """How many duels gave no pair, by the first reason."""
    version: SubmissionOut
    """The candidate's version as which it is checked; `/submissions/{id}/dataset` has the report."""
    ai_generated: Literal[True] = True

    @classmethod
    def of(cls, row: PreferenceSet, made_by: str, version: SubmissionOut) -> "PreferenceSetOut":
        return cls(
            id=row.id,
            made_at=row.created_at,
            made_by=made_by,
            episodes=row.asked["episodes"],
            least=row.asked["least"],
            rules_digest=row.rules_digest,
            digest=row.digest,
            rows=row.rows,
            size_bytes=row.size_bytes,
            left_out=dict(Counter(one["reason"] for one in row.left_out)),
            version=version,
        )


class SinceSetOut(Out):
    """Beside the set that the season had made before."""

    id: UUID
    made_at: datetime
    added: list[UUID]
    removed: list[UUID]
    changed: list[UUID]
    """Duels whose pair is another one, or has another weight."""


Obstacle = Literal["promoted", "not_ready", "closed", "chosen"]
"""What stands against promoting a candidate: it was promoted, it has not passed the gate, the deadline for versions has
passed, or another version was chosen to compete."""


class CandidateOut(Out):
    """What producers trained of preferences, beginning with a version of a contestant's, as that contestant sees it."""

    run_id: UUID
    made_at: datetime
    parent: VersionRef
    state: SubmissionState
    """Of the candidate, which goes through the gate for itself."""
    pairs: int
    margin_before: float | None
    """On pairs kept out of training: by how much the preferred answer is the likelier one, in nats."""
    margin_after: float | None
    promoted: VersionRef | None
    """The version that was made of it."""
    obstacle: Obstacle | None


class PreferenceSetPage(PreferenceSetOut):
    pairs: list[PreferencePairOut]
    unused: list[LeftOut]
    outdated: list[LeftOut]
    """Pairs that would not be made any more: as long as there are any, the set is neither handed out nor trained on."""
    candidates: list[TrainingOut]
    """What was trained on it, the newest first: each beside the parent that it began with."""
    since: SinceSetOut | None
    """Null for the first."""
