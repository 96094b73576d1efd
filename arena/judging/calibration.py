"""Practice pairs: does a judge find the better answer where it is known, and say the same when it is shown again?"""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.judging.models import CalibrationAnswer, CalibrationItem
from arena.judging.rules import mirrored
from arena.judging.schemas import (
    AnswerCalibration,
    CalibrationItemOut,
    CalibrationSaid,
    CalibrationScore,
    CalibrationTask,
    NewCalibrationItem,
)
from arena.kit.db import flush_unless_taken
from arena.kit.errors import Conflict, NotFound
from arena.kit.site import Site


async def add(
    session: AsyncSession, season_id: UUID, asked: NewCalibrationItem, made_by: UUID
) -> CalibrationItem:
    row = CalibrationItem(season_id=season_id, made_by=made_by, **asked.model_dump())
    session.add(row)
    await session.flush()
    return row


async def retire(session: AsyncSession, item_id: UUID) -> None:
    """It is shown to nobody any more; what was said of it still counts."""
    (await _item(session, item_id)).retired = True


async def items(session: AsyncSession, season_id: UUID) -> list[CalibrationItemOut]:
    """Those in use, for producers."""
    through = dict(
        (
            await session.execute(
                select(CalibrationAnswer.item_id, func.count())
                .join(CalibrationItem, CalibrationItem.id == CalibrationAnswer.item_id)
                .where(CalibrationAnswer.time == CalibrationItem.times)
                .group_by(CalibrationAnswer.item_id)
            )
        ).all()
    )
    return [
        CalibrationItemOut(
            **{
                name: getattr(row, name) for name in ("id", "prompt", "left", "right", "gold", "why", "times")
            },
            answered=through.get(row.id, 0),
        )
        for row in await _in_use(session, season_id)
    ]


async def next_for(
    site: Site, session: AsyncSession, season_id: UUID, judge_id: UUID
) -> CalibrationTask | None:
    """What this judge has not said yet: in an order of his own, all first times before all repeats."""
    rows = {row.id: row for row in await _in_use(session, season_id)}
    todo = [(time, row.id) for row in rows.values() for time in range(1, row.times + 1)]
    done = {
        (answer.time, answer.item_id)
        for answer in await _answers(session, judge_id)
        if answer.item_id in rows
    }
    left = sorted(set(todo) - done, key=lambda one: (one[0], _shuffled(judge_id, one[1])))
    if not left:
        return None
    time, item_id = left[0]
    row = rows[item_id]
    return CalibrationTask.model_validate(
        {
            "item_id": item_id,
            "time": time,
            "prompt": row.prompt,
            "left": row.left,
            "right": row.right,
            "mirrored": _mirrored(site, item_id, judge_id, time),
            "done": len(done),
            "total": len(todo),
        }
    )


async def answer(
    site: Site, session: AsyncSession, item_id: UUID, judge_id: UUID, asked: AnswerCalibration
) -> CalibrationSaid | None:
    """Kept once; changing one's mind would measure nothing. Tells what is known after the item's last time."""
    row = await _item(session, item_id)
    earlier = {one.time: one for one in await _answers(session, judge_id) if one.item_id == item_id}
    known = earlier.get(asked.time)
    if known is not None and known.choice != asked.choice:
        raise Conflict("calibration.answered", "You have answered this practice pair already.")
    if asked.time > row.times or (asked.time == 2 and 1 not in earlier):
        raise Conflict("calibration.not_now", "This practice pair is not your next one. Load the page again.")
    if known is None:
        session.add(
            CalibrationAnswer(
                item_id=item_id,
                judge_id=judge_id,
                time=asked.time,
                choice=asked.choice,
                mirrored=_mirrored(site, item_id, judge_id, asked.time),
            )
        )
        await flush_unless_taken(
            session, Conflict("calibration.answered", "You have answered this practice pair already.")
        )
    if asked.time < row.times:
        return None
    return CalibrationSaid(
        gold=row.gold,
        why=row.why,
        agrees=asked.choice == row.gold if row.gold else None,
        steady=asked.choice == earlier[1].choice if row.times == 2 else None,
    )


async def score(session: AsyncSession, season_id: UUID, judge_id: UUID) -> CalibrationScore:
    """Of the season's items, those that are retired included."""
    statement = select(CalibrationItem).where(CalibrationItem.season_id == season_id)
    rows = {row.id: row for row in (await session.execute(statement)).scalars()}
    said = [one for one in await _answers(session, judge_id) if one.item_id in rows]
    with_gold = [one for one in said if rows[one.item_id].gold is not None]
    first = {one.item_id: one.choice for one in said if one.time == 1}
    again = [one for one in said if one.time == 2]
    return CalibrationScore(
        gold=len(with_gold),
        right=sum(one.choice == rows[one.item_id].gold for one in with_gold),
        repeats=len(again),
        steady=sum(one.choice == first[one.item_id] for one in again),
    )


def _mirrored(site: Site, item_id: UUID, judge_id: UUID, time: int) -> bool:
    """A repeat is shown the other way round."""
    first = mirrored(site.settings.secret_key.get_secret_value(), item_id, judge_id)
    return first if time == 1 else not first


def _shuffled(judge_id: UUID, item_id: UUID) -> bytes:
    return sha256(judge_id.bytes + item_id.bytes).digest()


async def _item(session: AsyncSession, item_id: UUID) -> CalibrationItem:
    row = await session.get(CalibrationItem, item_id)
    if row is None or row.retired:
        raise NotFound("calibration.not_found", "There is no such practice pair (any more).")
    return row


async def _in_use(session: AsyncSession, season_id: UUID) -> Sequence[CalibrationItem]:
    statement = (
        select(CalibrationItem)
        .where(CalibrationItem.season_id == season_id, ~CalibrationItem.retired)
        .order_by(CalibrationItem.created_at)
    )
    return (await session.execute(statement)).scalars().all()


async def _answers(session: AsyncSession, judge_id: UUID) -> Sequence[CalibrationAnswer]:
    statement = select(CalibrationAnswer).where(CalibrationAnswer.judge_id == judge_id)
    return (await session.execute(statement)).scalars().all()
