"""Which measurement of speed stands for a version."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.speed.contracts import SpeedResult, Who
from arena.speed.models import SpeedRacer, SpeedRun


@dataclass(frozen=True)
class Speed:
    """How many times as fast as the house a version wrote an answer of the declared length, from the request to the
    last token; with the 95 % interval of that."""

    ratio: float
    lo: float
    hi: float
    run_id: UUID
    rehearsal: bool


async def speeds(
    session: AsyncSession, versions: Collection[UUID], until: datetime | None = None
) -> dict[UUID, Speed]:
    """By version, from its newest measurement that is released and not void. A quiz is none: there everybody writes
    as much as he likes. With `until` those that had been released by then."""
    found: dict[UUID, Speed] = {}
    for run, who, version in await measurements(session, versions):
        if version in found or run.state != "done" or run.kind != "duel":
            continue
        if until is not None and run.released_at is not None and run.released_at > until:
            continue
        stands = _against_house(run, who)
        if stands is not None:
            found[version] = stands
    return found


async def measurements(
    session: AsyncSession, versions: Collection[UUID]
) -> Sequence[tuple[SpeedRun, Who, UUID]]:
    """Released measurements in which one of the versions raced as an entry, the newest first: void ones and quizzes
    too."""
    statement = (
        select(SpeedRun, SpeedRacer.who, SpeedRacer.submission_id)
        .join(SpeedRacer, SpeedRacer.run_id == SpeedRun.id)
        .where(SpeedRacer.submission_id.in_(versions), SpeedRacer.who != "house")
        .where(SpeedRun.released_at.is_not(None))
        .order_by(SpeedRun.measured_at.desc().nulls_last(), SpeedRun.created_at.desc())
    )
    return [(run, who, version) for run, who, version in (await session.execute(statement)).all()]


def _against_house(run: SpeedRun, who: Who) -> Speed | None:
    result = SpeedResult.model_validate(run.result)
    whole = next(one for one in result.metrics if one.metric == "whole")
    took = whole.a_to_house if who == "a" else whole.b_to_house
    if took is None:
        return None
    # Half the time is twice as fast, and the ends of the interval change places.
    rehearsal = bool((run.node or {}).get("rehearsal"))
    return Speed(1 / took.median, 1 / took.hi, 1 / took.lo, run.id, rehearsal)
