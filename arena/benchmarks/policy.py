"""The one door to a run: loads it and checks who may see it. Not yours means not found."""

from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Permission, PublicCaller, Role, SignedIn
from arena.benchmarks import library, suites
from arena.benchmarks.models import BenchmarkRun
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden, NotFound
from arena.submissions import public as submissions


async def visible_run(run_id: UUID, caller: SignedIn, session: SessionDep) -> BenchmarkRun:
    """For those who hold the entry and for those who decide scores."""
    run = await session.get(BenchmarkRun, run_id)
    found = await submissions.with_entry(session, run.submission_id) if run is not None else None
    mine = found is not None and (
        caller.may(Permission.SCORE) or await submissions.may_see(session, caller, found[0])
    )
    if run is None or not mine:
        raise NotFound("run.not_found", "There is no such run, or it is not yours.")
    return run


VisibleRun = Annotated[BenchmarkRun, Depends(visible_run, scope="function")]


async def run_with_questions(run: VisibleRun, caller: SignedIn, session: SessionDep) -> BenchmarkRun:
    """Nobody but producers reads questions of a sealed seed: everybody is asked the same, and a later version could be
    trained on them."""
    if not caller.has(Role.PRODUCER):
        await _require_open(session, run)
    return run


RunWithQuestions = Annotated[BenchmarkRun, Depends(run_with_questions, scope="function")]


async def _require_open(session: AsyncSession, run: BenchmarkRun) -> None:
    published = await library.find(session, run.suite)
    if run.suite_digest != published.digest and await library.sealed(session, run.season_id):
        raise Forbidden("reproduce.sealed", "The season has not released the seed of its questions yet.")


class SeenRun(NamedTuple):
    run: BenchmarkRun
    entry: submissions.Entry
    submission: submissions.Submission


async def repeatable_run(run_id: UUID, caller: PublicCaller, session: SessionDep) -> SeenRun:
    """With all that its questions were made of, for everybody.

    Not while the season seals its seed, not for its owner either: with the seed come questions that nobody was asked
    yet. And a system prompt, which stands in every question, is shown only to those who hold it.
    """
    run = await session.get(BenchmarkRun, run_id)
    found = await submissions.with_entry(session, run.submission_id) if run is not None else None
    if run is None or found is None:
        raise NotFound("run.not_found", "There is no such run.")
    if caller.has(Role.PRODUCER):
        return SeenRun(run, *found)
    await _require_open(session, run)
    if run.suite not in suites.shipped():
        raise Forbidden(
            "reproduce.bank", "The questions of a bank that was imported belong to its producers."
        )
    entry, submission = found
    if submission.artifact == "prompt" and not await submissions.may_see(session, caller, entry):
        raise Forbidden("reproduce.private", "This entry is a system prompt, which is its owner's secret.")
    return SeenRun(run, entry, submission)


RepeatableRun = Annotated[SeenRun, Depends(repeatable_run, scope="function")]
