"""The lab's door: claim, heartbeat, answers, complete, fail. It has no database: its signed link is its permission."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Body, Depends, Request
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse

from arena.kit.access import signed_link
from arena.kit.db import SessionDep
from arena.kit.errors import Conflict, GavelError, Invalid, NotFound
from arena.kit.jobs import service
from arena.kit.jobs.models import Job
from arena.kit.jobs.pipeline import Pipeline, Work
from arena.kit.links import JOB
from arena.kit.schemas import Done, Out, Words
from arena.kit.site import Site

router = APIRouter(
    prefix="/lab/jobs/{link}", tags=["lab"], include_in_schema=False, dependencies=[Depends(signed_link)]
)
log = structlog.get_logger()

MOST_ANSWERS = 500
"""That are taken at once."""
DOOR_SECONDS = 24 * 3600


Told = Annotated[Words, AfterValidator(lambda words: words[:500])]
"""What a lab says of its work; people read it."""


_widths = TypeAdapter(dict[str, Annotated[int, Field(ge=1, le=1000)]])


class Claimed(Out):
    job_id: UUID
    kind: str
    fence: int
    lease_seconds: int
    contract: dict[str, Any]
    job_url: str
    """Where everything about it goes from now on."""


class Heard(Done):
    told: dict[str, Any] | None = None
    """What the work has to say to whoever does it (`Work.told`)."""


class Progress(BaseModel):
    done: int = Field(ge=0)
    total: int = Field(ge=0)
    note: Told = ""


class Heartbeat(BaseModel):
    fence: int
    progress: Progress | None = None


class Answers(BaseModel):
    fence: int
    answers: Annotated[list[dict[str, Any]], Field(max_length=MOST_ANSWERS)]


class Completion(BaseModel):
    fence: int
    result: dict[str, Any]


class Failure(BaseModel):
    fence: int
    reason: Told
    retry: bool = False
    counted: bool = True
    """False: the worker was told to go, so this was no attempt."""


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
    """The contract of a job that is now the caller's; 409 when there is nothing to do (taken, ended or waiting).

    In some queues it is another job's turn than the one that the caller was woken for: `job_url` says whose it is.
    What goes wrong here is answered, not raised: raising would roll back the note of it on the row.
    """
    _, named = await _work(request, session, job_id)
    work, turn = await _work(request, session, await _whose_turn(request, session, named))
    if work.prepare is None:
        return _nothing_to_do("This is not work for a lab.")
    owner, lanes = request.headers.get("x-gavel-worker", "lab"), _lanes(request, turn.queue)
    job = await service.claim(session, turn.id, owner, lanes)
    if job is None:
        return _nothing_to_do("The job is taken or has ended.")
    proof = service.Claim(job.id, job.fence)
    try:
        async with session.begin_nested():
            contract = await work.prepare(_site(request), session, job)
    except service.NotReady as waiting:
        await service.defer(session, job, waiting)
        return _nothing_to_do(waiting.reason)
    except GavelError as refusal:
        await service.fail(session, proof, refusal.message)
        await work.failed(session, job.subject, refusal.message)
        return _nothing_to_do(refusal.message)
    except Exception as error:
        log.exception("job_not_prepared", kind=job.kind, job=str(job.id))
        await service.retry(session, proof, _internal(error))
        return _nothing_to_do("The job could not be prepared.")
    claimed = Claimed(
        job_id=job.id,
        kind=job.kind,
        fence=job.fence,
        lease_seconds=int(service.LEASE.total_seconds()),
        contract=contract.model_dump(mode="json"),
        # Work that may take longer than a wake-up is worth keeps its door for as long as it may take.
        job_url=_site(request).links.job(str(job.id), max(DOOR_SECONDS, int(work.limit.total_seconds()))),
    )
    return JSONResponse(claimed.model_dump(mode="json"))


async def _whose_turn(request: Request, session: AsyncSession, named: Job) -> UUID:
    """The job for a worker that was woken for `named`, which is announced anew when it is not the one."""
    pipeline: Pipeline = request.app.state.pipeline
    choose = pipeline.turns.get(named.queue)
    first = await choose(session) if choose else None
    if first is None or first == named.id or not await service.give_way(session, named.id):
        return named.id
    return first


def _lanes(request: Request, queue: str) -> int | None:
    """What the lab says of itself decides nothing; people read it."""
    try:
        return _widths.validate_json(request.headers.get("x-gavel-lanes", "")).get(queue)
    except ValidationError:
        return None


def _nothing_to_do(message: str) -> JSONResponse:
    return JSONResponse(Conflict("job.not_available", message).body(), status_code=Conflict.status)


def _bad_form(code: str, message: str, error: ValidationError) -> Invalid:
    wrong = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
    return Invalid(code, message, fields=wrong[:20])


def _internal(error: Exception) -> str:
    return f"an internal error: {type(error).__name__}"


@router.post("/heartbeat")
async def heartbeat(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Heartbeat, Body()]
) -> Heard:
    progress = body.progress.model_dump() if body.progress else None
    job = await service.heartbeat(session, service.Claim(job_id, body.fence), progress)
    pipeline: Pipeline = request.app.state.pipeline
    return await _heard(session, pipeline.work(job.kind), job)


async def _heard(session: AsyncSession, work: Work, job: Job) -> Heard:
    said = await work.told(session, job.subject) if work.told is not None else None
    return Heard(told=said.model_dump(mode="json") if said is not None else None)


@router.post("/answers")
async def answers(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Answers, Body()]
) -> Heard:
    """Keep what the caller has so far; the same twice is kept once. Refused like a heartbeat, and counts as one."""
    work, job = await _work(request, session, job_id)
    if work.partial is None:
        raise Conflict("job.takes_no_answers", "This kind of job hands in nothing before it ends.")
    await service.heartbeat(session, service.Claim(job_id, body.fence))
    try:
        await work.partial(_site(request), session, job.subject, body.answers)
    except ValidationError as error:
        raise _bad_form("job.bad_answers", "The answers do not have the agreed form.", error) from error
    return await _heard(session, work, job)


@router.post("/complete")
async def complete(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Completion, Body()]
) -> JSONResponse:
    """Take a result. One that cannot be taken is an attempt that failed: the job goes back to the queue, here and now,
    because a worker that hands in nonsense cannot be trusted to say so itself."""
    work, job = await _work(request, session, job_id)
    if work.finish is None:
        raise Conflict("job.not_lab_work", "This kind of job is not finished by a lab worker.")
    proof = service.Claim(job_id, body.fence)
    await service.heartbeat(session, proof)
    try:
        async with session.begin_nested():
            await work.finish(_site(request), session, job.subject, body.result)
    except ValidationError as error:
        # The lab handles hostile files, so its word is checked like any outside input.
        refusal: GavelError = _bad_form("job.bad_result", "The result does not have the agreed form.", error)
    except GavelError as error:
        refusal = error
    except Exception as error:
        log.exception("result_not_taken", kind=job.kind, job=str(job_id))
        refusal = Conflict("job.result_not_taken", f"The result could not be taken: {_internal(error)}.")
    else:
        await service.complete(session, proof)
        return JSONResponse(Done().model_dump())
    log.warning("result_refused", kind=job.kind, job=str(job_id), code=refusal.code, detail=refusal.detail)
    await service.retry(session, proof, refusal.message)
    if work.refused is not None:
        await work.refused(session, job.subject)
    return JSONResponse(refusal.body(), status_code=refusal.status)


@router.post("/fail")
async def fail(
    request: Request, job_id: JobId, session: SessionDep, body: Annotated[Failure, Body()]
) -> Done:
    work, _ = await _work(request, session, job_id)
    proof = service.Claim(job_id, body.fence)
    log.warning("lab_job_failed", job=str(job_id), reason=body.reason, retry=body.retry)
    if body.retry:
        give_back = service.retry if body.counted else service.hand_back
        await give_back(session, proof, body.reason)
    else:
        job = await service.fail(session, proof, body.reason)
        await work.failed(session, job.subject, body.reason)
    return Done()
