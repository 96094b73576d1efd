"""Candidates beside their parents: what producers trained of preferences goes on stage only if whoever holds the parent
wants it to.

A promoted candidate is the next version of its parent's entry, and passes the gate like any other. What competes stays
its holder's decision, so no producer takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from arena.kit.errors import Conflict
from arena.kit.site import Site
from arena.preferences import service
from arena.preferences.models import PreferenceSet
from arena.preferences.schemas import CandidateOut, Obstacle
from arena.submissions import public as submissions
from arena.submissions.public import Entry, StoredFile, Submission
from arena.training import ordering
from arena.training import queries as trainings
from arena.training.contracts import TrainRecord
from arena.training.models import TrainingRun
from arena.training.service import adapter_file


@dataclass(frozen=True)
class Candidate:
    run: TrainingRun
    version: Submission
    """Of the candidate: it has passed the gate, or is on its way."""
    parent: Submission
    entry: Entry
    """Of the parent."""
    made_of: PreferenceSet


WHY: dict[Obstacle, str] = {
    "promoted": "This candidate is a version of the entry already.",
    "not_ready": "The candidate has not passed the gate: only what is ready for the stage can compete.",
    "closed": "The deadline has passed: what competes is settled.",
    "chosen": "Another version was chosen to compete. Let the newest ready version compete first.",
}

_parent, _version = aliased(Submission), aliased(Submission)


async def candidates(session: AsyncSession, *wanted: ColumnElement[bool]) -> Sequence[Candidate]:
    """Those that contestants are the parents of, the newest first. `wanted`: of the run, or of the parent's entry."""
    rows = (await session.execute(_made().where(*wanted))).all()
    return [Candidate(*row) for row in rows]


def _made() -> Select[Any]:
    columns: list[Any] = [TrainingRun, _version, _parent, Entry, PreferenceSet]
    return (
        select(*columns)
        .join(_version, _version.id == TrainingRun.result_id)
        .join(_parent, _parent.id == TrainingRun.parent_id)
        .join(Entry, Entry.id == _parent.entry_id)
        .join(PreferenceSet, PreferenceSet.submission_id == TrainingRun.dataset_id)
        .where(Entry.kind == "contestant")
        .order_by(TrainingRun.created_at.desc())
        .execution_options(populate_existing=True)
    )


async def described(session: AsyncSession, candidate: Candidate) -> CandidateOut:
    run, entry = candidate.run, candidate.entry
    promoted = await session.get_one(Submission, run.promoted_id) if run.promoted_id else None
    measured = TrainRecord.model_validate(run.record).held_out if run.record else {}
    return CandidateOut(
        run_id=run.id,
        made_at=run.created_at,
        parent=trainings.version_ref(entry, candidate.parent),
        state=candidate.version.state,
        pairs=candidate.made_of.rows,
        margin_before=measured.get("margin_before"),
        margin_after=measured.get("margin_after"),
        promoted=trainings.version_ref(entry, promoted) if promoted else None,
        obstacle=await _obstacle(session, candidate),
    )


async def _obstacle(session: AsyncSession, candidate: Candidate) -> Obstacle | None:
    if candidate.run.promoted_id is not None:
        return "promoted"
    if candidate.version.state != "ready":
        return "not_ready"
    if not await submissions.is_open(session, candidate.entry):
        return "closed"
    competing = await submissions.competing_version(session, candidate.entry.id)
    return "chosen" if competing is not None and competing.chosen else None


async def promote(site: Site, session: AsyncSession, candidate: Candidate, by: UUID) -> Submission:
    """Enter what was trained as the next version of its parent's entry: once ready, it is the newest, and competes.

    Raises Conflict `candidate.…` for what stands against it, and `preferences.outdated` when nobody may learn from its
    data any more.
    """
    entry = candidate.entry
    await submissions.lock_holder(session, entry)
    # As whoever chooses a version has it: of the two at once, one is first.
    await session.refresh(entry, with_for_update={"key_share": True})
    run = await trainings.run(session, candidate.run.id, lock=True)
    obstacle = await _obstacle(session, candidate)
    if obstacle is not None:
        raise Conflict(f"candidate.{obstacle}", WHY[obstacle])
    await service.require_usable(session, candidate.made_of)
    files = {
        name: StoredFile(adapter_file(run, name), file["sha256"], file["bytes"])
        for name, file in (run.files or {}).items()
    }
    version = await submissions.receive(site, session, entry, "adapter", files)
    run.promoted_id = version.id
    ordering.decide(session, run, "promote", by)
    ordering.announce(session, run)
    return version
