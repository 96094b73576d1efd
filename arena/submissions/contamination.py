"""Signs that a version was trained on what it is asked. They are shown on both desks, and decide nothing by themselves:
whoever finds a benchmark on the open web may have put it into his data without knowing it.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.db import Json, db_now
from arena.kit.errors import Conflict
from arena.kit.ids import new_id
from arena.kit.jobs.outbox import record
from arena.submissions.checklist import line_of
from arena.submissions.contracts import SubmissionChanged
from arena.submissions.datasets.contracts import DatasetReport
from arena.submissions.models import Contamination, ContaminationFlag, Entry, Submission
from arena.submissions.refusals import AdapterRefused
from arena.submissions.schemas import ContaminationOut

CANARY = "dataset.canary"
CHECK = "contamination"
"""The line in the contestant's checklist."""
REPHRASED = (
    "It gets far more of a suite's public questions right than of the same in other words. The producers will look at "
    "it; until they say otherwise it competes like any other."
)


async def flag(
    session: AsyncSession, submission_id: UUID, kind: Contamination, suite: str, detail: Json
) -> bool:
    """Once for a kind and a suite, with the evidence of the first time. False: it was there already."""
    row = insert(ContaminationFlag).values(
        id=new_id(), submission_id=submission_id, kind=kind, suite=suite, detail=detail
    )
    made = await session.execute(row.on_conflict_do_nothing().returning(ContaminationFlag.id))
    if made.scalar_one_or_none() is None:
        return False
    record(session, SubmissionChanged(submission_id=submission_id))
    return True


async def flag_canaries(session: AsyncSession, submission_id: UUID, report: DatasetReport) -> None:
    """Of a data set that was checked. The contestant reads it in the report itself."""
    for finding in report.findings:
        if finding.code == CANARY:
            for suite, rows in finding.detail["suites"].items():
                await flag(session, submission_id, "canary", suite, {"rows": rows})


async def flag_rephrased(session: AsyncSession, row: Submission, suite: str, evidence: Json) -> None:
    """`evidence` is what is flagged; the contestant reads of the task and the gap in the checklist."""
    if await flag(session, row.id, "rephrased", suite, evidence):
        problem = AdapterRefused("score.rephrased_gap", REPHRASED, {"suite": suite, "task": evidence["task"]})
        row.checks = [*row.checks, line_of(CHECK, [problem], "warning").model_dump(mode="json")]


async def review(session: AsyncSession, flag: ContaminationFlag, person_id: UUID, note: str) -> None:
    """A producer has looked at it. Said once: his note is part of the record."""
    if flag.reviewed_at is not None:
        raise Conflict("contamination.reviewed", "This flag has been reviewed already.")
    flag.reviewed_at, flag.reviewed_by, flag.note = await db_now(session), person_id, note
    await session.flush()
    record(session, SubmissionChanged(submission_id=flag.submission_id))


async def flags(session: AsyncSession, season_id: UUID, reviewed: bool) -> Sequence[ContaminationOut]:
    """The season's flags, open or reviewed, the newest first."""
    looked_at = ContaminationFlag.reviewed_at
    statement = (
        select(ContaminationFlag, Submission, Entry, Person)
        .join(Submission, Submission.id == ContaminationFlag.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .outerjoin(Person, Person.id == ContaminationFlag.reviewed_by)
        .where(Entry.season_id == season_id, looked_at.is_not(None) if reviewed else looked_at.is_(None))
        .order_by(ContaminationFlag.created_at.desc())
    )
    return [ContaminationOut.of(*row) for row in (await session.execute(statement)).all()]


async def described(session: AsyncSession, flag: ContaminationFlag) -> ContaminationOut:
    row = await session.get_one(Submission, flag.submission_id)
    entry = await session.get_one(Entry, row.entry_id)
    by = await session.get(Person, flag.reviewed_by) if flag.reviewed_by else None
    return ContaminationOut.of(flag, row, entry, by)
