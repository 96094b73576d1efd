"""The judges' desk over HTTP. Sides are the duel's own; which way a judge sees them is his desk's business."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from arena.accounts.public import Judge, Producer, PublicCaller
from arena.judging import calibration, policy, queries, reporting, service, views
from arena.judging.policy import BallotJuror, DuelJuror
from arena.judging.schemas import (
    AnswerCalibration,
    CalibrationItemOut,
    CalibrationSaid,
    CalibrationTask,
    ConflictOut,
    DeclareConflict,
    DeskOut,
    DraftOut,
    ExcusalOut,
    Excuse,
    GiveVerdict,
    JudgingReport,
    JuryOut,
    KeepDraft,
    NewCalibrationItem,
    PanelOut,
    VerdictOut,
)
from arena.kit.db import SessionDep
from arena.kit.errors import Forbidden
from arena.kit.schemas import Done
from arena.kit.site import Site
from arena.shows.public import current_season
from arena.votes import public as votes

router = APIRouter(tags=["judging"])


@router.post("/ballots/{ballot_id}/verdicts")
async def give_verdict(
    request: Request, ballot_id: UUID, juror: BallotJuror, session: SessionDep, body: GiveVerdict
) -> VerdictOut:
    """Give a verdict, or change it until the lock. Within a second look the same again confirms it."""
    site: Site = request.app.state.site
    return VerdictOut.model_validate(await service.give(site, session, ballot_id, juror, body))


@router.get("/ballots/{ballot_id}/my-verdict")
async def my_verdict(ballot_id: UUID, caller: Judge, session: SessionDep) -> VerdictOut | None:
    verdict = await queries.verdict_of(session, ballot_id, caller.person_id)
    return VerdictOut.model_validate(verdict) if verdict else None


@router.get("/ballots/{ballot_id}/panel")
async def read_panel(ballot_id: UUID, _: PublicCaller, session: SessionDep) -> PanelOut:
    """What models said of the duel, for anybody after the reveal."""
    ballot = await votes.ballot(session, ballot_id)
    if ballot.state != "published":
        raise Forbidden("ballot.not_revealed", "What the panel of models said is told with the reveal.")
    return await views.panel(session, ballot_id)


@router.get("/duels/{duel_id}/desk")
async def read_desk(request: Request, duel_id: UUID, caller: Judge, session: SessionDep) -> DeskOut:
    """Everything that one judge's desk needs of a duel, besides the stage."""
    site: Site = request.app.state.site
    return await views.desk(
        site, session, duel_id, caller.person_id, await policy.bar(session, caller, duel_id)
    )


@router.put("/duels/{duel_id}/draft")
async def keep_draft(duel_id: UUID, juror: DuelJuror, session: SessionDep, body: KeepDraft) -> DraftOut:
    return DraftOut.model_validate(await service.keep_draft(session, duel_id, juror, body))


@router.post("/duels/{duel_id}/excusal")
async def excuse(duel_id: UUID, juror: DuelJuror, session: SessionDep, body: Excuse) -> ExcusalOut:
    """Skip this duel, or declare that one must not judge it. A skip can be taken back until the lock."""
    return ExcusalOut.model_validate(await service.excuse(session, duel_id, juror, body))


@router.delete("/duels/{duel_id}/excusal")
async def take_back_skip(duel_id: UUID, juror: DuelJuror, session: SessionDep) -> Done:
    await service.take_back(session, duel_id, juror)
    return Done()


@router.get("/duels/{duel_id}/jury")
async def read_jury(duel_id: UUID, _: Producer, session: SessionDep) -> JuryOut:
    """How far each judge is, who stands aside and why, who should take a break. Nothing of what they say."""
    return await reporting.jury(session, duel_id)


@router.get("/judging/conflicts")
async def list_conflicts(caller: Judge, session: SessionDep) -> list[ConflictOut]:
    """One's own."""
    return await views.conflicts(session, caller.person_id)


@router.post("/judging/conflicts", status_code=201)
async def declare_conflict(caller: Judge, session: SessionDep, body: DeclareConflict) -> ConflictOut:
    """Beforehand, for all duels of an entry."""
    row = await service.declare(session, caller.person_id, body.entry_id, body.reason)
    return next(one for one in await views.conflicts(session, caller.person_id) if one.id == row.id)


@router.get("/judging/conflicts/all")
async def all_conflicts(_: Producer, session: SessionDep) -> list[ConflictOut]:
    return await views.conflicts(session, None)


@router.delete("/judging/conflicts/{conflict_id}")
async def lift_conflict(conflict_id: UUID, _: Producer, session: SessionDep) -> Done:
    """Declared by mistake, as the judge has told the producers."""
    await service.lift(session, conflict_id)
    return Done()


@router.get("/judging/calibration/next")
async def next_calibration(request: Request, caller: Judge, session: SessionDep) -> CalibrationTask | None:
    site: Site = request.app.state.site
    season = await current_season(session)
    return await calibration.next_for(site, session, season.id, caller.person_id)


@router.post("/judging/calibration/{item_id}/answers")
async def answer_calibration(
    request: Request, item_id: UUID, caller: Judge, session: SessionDep, body: AnswerCalibration
) -> CalibrationSaid | None:
    """Tells what is known of the pair after its last time; null when it will be shown again."""
    site: Site = request.app.state.site
    return await calibration.answer(site, session, item_id, caller.person_id, body)


@router.get("/judging/calibration")
async def list_calibration(_: Producer, session: SessionDep) -> list[CalibrationItemOut]:
    return await calibration.items(session, (await current_season(session)).id)


@router.post("/judging/calibration", status_code=201)
async def add_calibration(caller: Producer, session: SessionDep, body: NewCalibrationItem) -> Done:
    season = await current_season(session)
    await calibration.add(session, season.id, body, caller.person_id)
    return Done()


@router.delete("/judging/calibration/{item_id}")
async def retire_calibration(item_id: UUID, _: Producer, session: SessionDep) -> Done:
    await calibration.retire(session, item_id)
    return Done()


@router.get("/judging/report")
async def read_report(
    _: Producer, session: SessionDep, episode: Annotated[UUID | None, Query()] = None
) -> JudgingReport:
    """How far the judges agree and how each leans, over published ballots of the season or of one episode."""
    return await reporting.report(session, await current_season(session), episode)
