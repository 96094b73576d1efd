"""The attempts at a duel, as rows: begun, ended, ruled upon."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.contracts import Outcome
from arena.duels.models import Answer, DuelAttempt
from arena.duels.ruling import Ruling, Sides, ruling
from arena.kit.db import db_now

EXPIRED = "the worker went silent in the middle"

log = structlog.get_logger()


async def of(session: AsyncSession, duel_id: UUID) -> Sequence[DuelAttempt]:
    statement = select(DuelAttempt).where(DuelAttempt.duel_id == duel_id).order_by(DuelAttempt.number)
    return (await session.execute(statement)).scalars().all()


async def without_numbers(session: AsyncSession) -> set[str]:
    """Digests of the adapters that have computed NaN in a duel."""
    left = and_(Answer.side == "left", DuelAttempt.left == "not_numbers")
    right = and_(Answer.side == "right", DuelAttempt.right == "not_numbers")
    joined = select(Answer.digest).join(DuelAttempt, DuelAttempt.duel_id == Answer.duel_id)
    return set((await session.execute(joined.where(or_(left, right)))).scalars())


async def begin(session: AsyncSession, duel_id: UUID, node_id: UUID) -> DuelAttempt:
    attempt = DuelAttempt(duel_id=duel_id, number=len(await of(session, duel_id)) + 1, node_id=node_id)
    session.add(attempt)
    await session.flush()
    return attempt


async def end(session: AsyncSession, attempt_id: UUID, sides: Sides, reason: str | None) -> None:
    """Harmless for an attempt that another worker has ended meanwhile: its word stands."""
    attempt = await session.get_one(DuelAttempt, attempt_id, populate_existing=True, with_for_update=True)
    if attempt.ended_at is None:
        await _end(session, attempt, sides, reason)


async def abandoned(session: AsyncSession, duel_id: UUID) -> None:
    """End the attempt whose worker has not come back. The caller holds the duel's job, so nobody is at it."""
    for attempt in await of(session, duel_id):
        if attempt.ended_at is None:
            await _end(session, attempt, both("lease_expired"), EXPIRED)


async def _end(session: AsyncSession, attempt: DuelAttempt, sides: Sides, reason: str | None) -> None:
    now = await db_now(session)
    attempt.left, attempt.right = sides
    attempt.reason, attempt.ended_at = reason, now
    await session.flush()
    said = log.info if reason is None else log.warning
    said(
        "duel_attempt_ended",
        duel=str(attempt.duel_id),
        attempt=attempt.number,
        node=str(attempt.node_id),
        left=sides[0],
        right=sides[1],
        reason=reason,
    )


async def ruled(session: AsyncSession, duel_id: UUID) -> Ruling:
    """What follows from the attempts so far, none of which has succeeded."""
    attempts = await of(session, duel_id)
    return ruling([(one.left, one.right) for one in attempts if one.left and one.right])


def both(outcome: Outcome) -> Sides:
    return outcome, outcome
