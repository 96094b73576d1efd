"""Benchmarks over HTTP."""

from fastapi import APIRouter

from arena.accounts.public import PublicCaller
from arena.benchmarks import library, queries
from arena.benchmarks.schemas import RunOut, SampleOut, SamplesOut, SuiteOut
from arena.kit.db import SessionDep
from arena.submissions.public import VisibleSubmission

router = APIRouter(tags=["benchmarks"])


@router.get("/suites/{suite_id}")
async def read_suite(suite_id: str, _: PublicCaller, session: SessionDep) -> SuiteOut:
    return SuiteOut.of(await library.find(session, suite_id))


@router.get("/submissions/{submission_id}/benchmark")
async def read_run(found: VisibleSubmission, session: SessionDep) -> RunOut | None:
    """The newest run of a submission; null before the first."""
    run = await queries.newest_run(session, found[1].id)
    return RunOut.of(run) if run else None


@router.get("/submissions/{submission_id}/samples")
async def read_samples(found: VisibleSubmission, session: SessionDep) -> SamplesOut:
    run = await queries.newest_run(session, found[1].id)
    rows = await queries.samples(session, run.id) if run else []
    return SamplesOut(items=[SampleOut.model_validate(row) for row in rows])
