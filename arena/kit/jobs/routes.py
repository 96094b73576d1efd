"""The lab's door: claim, heartbeat, complete, fail. A lab worker has no database; its signed link is its permission."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Body, Depends, Request
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse

from arena.kit.access import signed_link
from arena.kit.db import SessionDep
from arena.kit.errors import Conflict, Invalid, NotFound
from arena.kit.jobs import service
from arena.kit.jobs.models import Job
from arena.kit.jobs.pipeline import Pipeline, Work
from arena.kit.links import JOB
from arena.kit.schemas import Done, In, Out
from arena.kit.site import Site

router = APIRouter(
    prefix="/lab/jobs/{link}", tags=["lab"], include_in_schema=False, dependencies=[Depends(signed_link)]
)
log = structlog.get_logger()


class Claimed(Out):
    job_id: UUID
    kind: str
    fence: int
    lease_seconds: int
    contract: dict[str, Any]


class Progress(In):
    done: int
    total: int
    note: str = ""


class Heartbeat(In):
    fence: int
    progress: Progress | None = None


class Completion(In):
    fence: int
    result: dict[str, Any]


class Failure(In):
    fence: int
    reason: str
    retry: bool = False


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _job_id(request: Request, link: str) -> UUID:
    return UUID(_site(request).signer.read(JOB, link)["job"])


JobId = Annotated[UUID, Depends(_job_id)]


async def _work(request: Request, session: AsyncSession, job_id: UUID) -> tuple[Work, Job]:
    job = await session.get(Job, job_id)
    if job is None:
        raise NotFound("job.not_found", "There is no such job.")
    pipeline: Pipeline = request.app.state.pipeline
    return pipeline.work(job.kind), job


@router.post("/claim")
async def claim(request: Request, job_id: JobId, session: SessionDep) -> JSONResponse:
    """The contract of a job that is now the caller's; 409 when there is nothing to do (taken, ended or waiting)."""
    work, _ = await _work(request, session, job_id)
    owner = request.headers.get("x-gavel-worker", "lab")
    job = await service.claim(session, job_id, owner)
    if job is None or work.prepare is None:
        return _nothing_to_do("The job is taken or has ended.")
    try:
        contract = await work.prepare(_site(request), session, job)
    except service.NotReady as waiting:
        await service.defer(session, job, waiting)
        return _nothing_to_do(waiting.reason)
    claimed = Claimed(
        job_id=job.id,
        kind=job.kind,
        fence=job.fence,
        lease_seconds=int(service.LEASE.total_seconds()),
        contract=contract.model_dump(mode="json"),
    )
    return JSONResponse(claimed.model_dump(mode="json"))


def _nothing_to_do(message: str) -> JSONResponse:
    # Returned, not raised: raising would roll back the deferral that was just written.
    return JSONResponse(Conflict("job.not_available", message).body(), status_code=Conflict.status)


@router.post("/heartbeat")
async def heartbeat(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Heartbeat, Body()]
) -> Done:
    progress = body.progress.model_dump() if body.progress else None
    job = await service.heartbeat(session, service.Claim(job_id, body.fence), progress)
    if progress is not None:
        service.announce_progress(session, job)
    return Done()


@router.post("/complete")
async def complete(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Completion, Body()]
) -> Done:
    work, _ = await _work(request, session, job_id)
    job = await service.complete(session, service.Claim(job_id, body.fence))
    if work.finish is None:
        raise Conflict("job.not_lab_work", "This kind of job is not finished by a lab worker.")
    try:
        await work.finish(_site(request), session, job.subject, body.result)
    except ValidationError as error:
        # The lab handles hostile files, so its word is checked like any outside input.
        raise Invalid(
            "job.bad_result", "The result does not have the agreed form.", errors=str(error)
        ) from error
    return Done()


@router.post("/fail")
async def fail(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Failure, Body()]
) -> Done:
    work, _ = await _work(request, session, job_id)
    proof = service.Claim(job_id, body.fence)
    log.warning("lab_job_failed", job=str(job_id), reason=body.reason, retry=body.retry)
    if body.retry:
        await service.retry(session, proof, body.reason)
    else:
        job = await service.fail(session, proof, body.reason)
        await work.failed(session, job.subject, body.reason)
    return Done()
