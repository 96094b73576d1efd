"""The one door to a run: loads it and checks who may see it. Not yours means not found."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from arena.accounts.public import SignedIn
from arena.benchmarks.models import BenchmarkRun
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.submissions import public as submissions


async def visible_run(run_id: UUID, caller: SignedIn, session: SessionDep) -> BenchmarkRun:
    """For those who hold the entry and for producers."""
    run = await session.get(BenchmarkRun, run_id)
    found = await submissions.with_entry(session, run.submission_id) if run is not None else None
    if run is None or found is None or not await submissions.may_see(session, caller, found[0]):
        raise NotFound("run.not_found", "There is no such run, or it is not yours.")
    return run


VisibleRun = Annotated[BenchmarkRun, Depends(visible_run, scope="function")]
