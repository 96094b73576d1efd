"""The door to a candidate: for those who hold its parent to see, for whoever decides about it to promote."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from arena.accounts.public import Contestant
from arena.kit.db import SessionDep
from arena.kit.errors import NotFound
from arena.preferences.candidates import Candidate, candidates
from arena.submissions import public as submissions
from arena.teams.public import captain_only
from arena.training.models import TrainingRun


async def decided_candidate(run_id: UUID, caller: Contestant, session: SessionDep) -> Candidate:
    for found in await candidates(session, TrainingRun.id == run_id):
        if not await submissions.holds(session, caller, found.entry):
            break
        if not await submissions.may_decide(session, caller, found.entry):
            raise captain_only()
        return found
    raise NotFound("candidate.not_found", "There is no such candidate beside a version of yours.")


DecidedCandidate = Annotated[Candidate, Depends(decided_candidate, scope="function")]
