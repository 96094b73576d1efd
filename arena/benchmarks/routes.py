"""Benchmarks over HTTP."""

from fastapi import APIRouter

from arena.accounts.public import Producer, PublicCaller, Role, SignedIn
from arena.benchmarks import library, queries, scores, service
from arena.benchmarks.policy import VisibleRun
from arena.benchmarks.schemas import RunOut, SampleOut, SamplesOut, SuiteOut
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
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


@router.post("/runs/{run_id}/cancel")
async def cancel_run(run: VisibleRun, caller: SignedIn, session: SessionDep) -> RunOut:
    """End a run that was ordered. What was answered stays, and `resume` goes on from there."""
    if run.ordered_by != caller.person_id and not caller.has(Role.PRODUCER):
        # Whoever sees that it goes badly would.
        raise Forbidden("run.not_yours", "Only who has ordered a run, or a producer, can cancel it.")
    cancelled = await service.cancel(session, run.id)
    scores.decide(session, cancelled, "cancel", caller.person_id)
    return RunOut.of(cancelled)


@router.post("/runs/{run_id}/resume")
async def resume_run(run: VisibleRun, _: Producer, session: SessionDep) -> RunOut:
    """Go on with a run that was cancelled or has failed: only what has no answer yet is asked."""
    return RunOut.of(await service.resume(session, run.id))
