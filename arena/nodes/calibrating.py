"""What happens to calibrations: asked for, one node after the other, judged."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import flush_unless_taken
from arena.kit.errors import Conflict, NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.models import JobState
from arena.kit.jobs.outbox import record
from arena.nodes import queries
from arena.nodes.calibration import Misfit, Shown, Verdict, judge
from arena.nodes.contracts import CalibrationAsked, LeasedNode, NodeChanged, NodeFreed
from arena.nodes.models import Calibration, Node, NodeCalibration
from arena.nodes.placement import Place
from arena.nodes.schemas import CalibrationOut
from arena.shows.public import CalibrationRules


async def ask(
    session: AsyncSession, hardware_class: str, base_model: str, rules: CalibrationRules, by: UUID
) -> Calibration:
    """Compare all nodes of the class that are up. Raises Conflict `calibration.…` when there is none, or when that is
    under way."""
    table = {place.id: place for place in await queries.table(session)}
    of_class = [place for place in table.values() if place.hardware_class == hardware_class]
    if not any(why_not(place, base_model, hardware_class) is None for place in of_class):
        known = ", ".join(sorted({place.hardware_class for place in table.values() if place.ready}))
        raise Conflict(
            "calibration.no_nodes",
            f"No engine of class {hardware_class} can be measured now. What is up is of class {known or 'none'}.",
            hardware_class=hardware_class,
        )
    asked = Calibration(
        hardware_class=hardware_class,
        base_model=base_model,
        rules=rules.model_dump(mode="json"),
        asked_by=by,
        state="queued",
    )
    session.add(asked)
    await flush_unless_taken(
        session, Conflict("calibration.under_way", f"Class {hardware_class} is being calibrated already.")
    )
    for place in of_class:
        reason = why_not(place, base_model, hardware_class)
        session.add(
            NodeCalibration(
                calibration_id=asked.id,
                node_id=place.id,
                turn="left_out" if reason else "waiting",
                reason=reason,
            )
        )
    await session.flush()
    await session.refresh(asked)
    record(session, CalibrationAsked(calibration_id=asked.id))
    return asked


def why_not(place: Place | None, base_model: str, hardware_class: str) -> str | None:
    """Why a node cannot be measured now; None: it can."""
    if place is None:
        return "it has left the site"
    reasons = {
        "it states another class now": place.hardware_class != hardware_class,
        "it serves another base model": place.base_model != base_model,
        "it is kept apart for probes": place.quarantine,
        "it is draining": place.draining,
        "it shows a key that no producer has accepted": not place.trusted,
        "its engine cannot be measured alone": "calibration" not in place.uses,
        "it is not ready": not place.ready,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


async def held(session: AsyncSession, calibration_id: UUID) -> Calibration:
    """To write on. Raises NotFound."""
    found = await session.get(Calibration, calibration_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("calibration.not_found", "There is no such calibration.")
    return found


async def turns(session: AsyncSession, calibration_id: UUID) -> Sequence[NodeCalibration]:
    """In the order in which the nodes came to the site."""
    statement = (
        select(NodeCalibration)
        .join(Node, Node.id == NodeCalibration.node_id)
        .where(NodeCalibration.calibration_id == calibration_id)
        .order_by(Node.created_at)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalars().all()


async def next_turn(session: AsyncSession, calibration: Calibration) -> NodeCalibration | None:
    """Whose turn it is. Who cannot be measured when it comes is left out, and the others go on."""
    calibration.state = "running"
    table = {place.id: place for place in await queries.table(session)}
    for turn in await turns(session, calibration.id):
        if turn.turn != "waiting":
            continue
        reason = why_not(table.get(turn.node_id), calibration.base_model, calibration.hardware_class)
        if reason is None:
            return turn
        _leave_out(turn, reason)
    return None


async def measured(session: AsyncSession, calibration_id: UUID, node: LeasedNode, shown: Shown) -> None:
    turn = await _turn(session, calibration_id, node.node_id)
    turn.turn, turn.shown = "measured", shown.model_dump(mode="json")
    turn.engine_build, turn.attestation = node.engine_build, node.attestation


async def left_out(session: AsyncSession, calibration_id: UUID, node_id: UUID, reason: str) -> None:
    _leave_out(await _turn(session, calibration_id, node_id), reason)


def _leave_out(turn: NodeCalibration, reason: str) -> None:
    turn.turn, turn.reason = "left_out", reason


async def _turn(session: AsyncSession, calibration_id: UUID, node_id: UUID) -> NodeCalibration:
    statement = select(NodeCalibration).where(
        NodeCalibration.calibration_id == calibration_id, NodeCalibration.node_id == node_id
    )
    return (await session.execute(statement)).scalar_one()


async def settle(session: AsyncSession, calibration_id: UUID) -> None:
    """Everybody has had a turn: judge. Who was left out keeps the mark, or the good name, that it had.

    So one that is alone with its showing is not cleared while another, which it was not compared with, has a good name:
    ranked work could run on both.
    """
    calibration = await held(session, calibration_id)
    rules = CalibrationRules.model_validate(calibration.rules)
    shown = {
        turn.node_id: (turn, Shown.model_validate(turn.shown))
        for turn in await turns(session, calibration_id)
        if turn.turn == "measured"
    }
    if not shown:
        _end(calibration, "failed", "No engine of the class could be measured.")
        return
    verdicts = judge({node_id: found for node_id, (_, found) in shown.items()}, rules.band, rules.tolerance)
    alone = sum(verdict.same_class for verdict in verdicts) == 1 and await _good_names_left_out(
        session, calibration_id
    )
    for verdict in verdicts:
        shown[verdict.node_id][0].verdict = verdict.model_dump(mode="json")
        if not (alone and verdict.same_class):
            await _mark(session, calibration, rules, verdict)
    _end(calibration, "done", None)


async def _good_names_left_out(session: AsyncSession, calibration_id: UUID) -> bool:
    left_out = (
        select(Node.id)
        .join(NodeCalibration, NodeCalibration.node_id == Node.id)
        .where(NodeCalibration.calibration_id == calibration_id, NodeCalibration.turn == "left_out")
        .where(Node.misfit.is_(None), Node.removed_at.is_(None))
    )
    return (await session.execute(left_out.limit(1))).first() is not None


async def _mark(
    session: AsyncSession, calibration: Calibration, rules: CalibrationRules, verdict: Verdict
) -> None:
    node = await session.get_one(Node, verdict.node_id, with_for_update=True, populate_existing=True)
    if verdict.same_class:
        node.misfit = None
    else:
        found = Misfit(
            calibration_id=calibration.id,
            hardware_class=calibration.hardware_class,
            band=rules.band,
            tolerance=rules.tolerance,
            verdict=verdict,
        )
        node.misfit = found.model_dump(mode="json")
    record(session, NodeChanged(node_id=node.id, state=node.state))
    # Ranked work may have waited for just this verdict.
    record(session, NodeFreed(node_id=node.id))


async def failed(session: AsyncSession, calibration_id: UUID, reason: str) -> None:
    """A fault of ours: no node is judged by half a comparison."""
    calibration = await held(session, calibration_id)
    if calibration.state in ("queued", "running"):
        _end(calibration, "failed", reason)


def _end(calibration: Calibration, state: str, reason: str | None) -> None:
    calibration.state, calibration.reason = state, reason  # type: ignore[assignment]
    calibration.ended_at = func.clock_timestamp()


async def calibrations(session: AsyncSession, limit: int = 50) -> Sequence[Calibration]:
    """The newest first."""
    statement = select(Calibration).order_by(Calibration.created_at.desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def describe(session: AsyncSession, row: Calibration) -> CalibrationOut:
    under_way = row.state in ("queued", "running")
    job = await jobs.latest(session, row.id) if under_way else None
    waits = job.reason if job is not None and job.state == JobState.QUEUED else None
    return CalibrationOut.of(row, await turns(session, row.id), waits)
