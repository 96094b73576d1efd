"""Reads of practice."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.errors import NotFound
from arena.kit.jobs import service as jobs
from arena.practice.contracts import Voice
from arena.practice.models import Exchange, PracticeAnswer
from arena.practice.rules import KEPT, UNDER_WAY
from arena.practice.schemas import PracticeOut
from arena.submissions.public import Entry, Submission, competing_version


def unknown() -> NotFound:
    return NotFound("practice.not_found", "You have no such practice.")


async def exchange(session: AsyncSession, exchange_id: UUID, lock: bool = False) -> Exchange:
    statement = select(Exchange).where(Exchange.id == exchange_id).execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise unknown()
    return found


async def answers(session: AsyncSession, exchange_id: UUID) -> dict[Voice, PracticeAnswer]:
    statement = select(PracticeAnswer).where(PracticeAnswer.exchange_id == exchange_id)
    rows = (await session.execute(statement, execution_options={"populate_existing": True})).scalars()
    return {row.voice: row for row in rows}


async def under_way(session: AsyncSession, person_id: UUID) -> bool:
    statement = select(Exchange.id).where(Exchange.person_id == person_id, Exchange.state.in_(UNDER_WAY))
    return (await session.execute(statement)).first() is not None


async def newest(session: AsyncSession, person_id: UUID, entry_id: UUID | None = None) -> Sequence[Exchange]:
    """The person's last exchanges, the newest first."""
    statement = select(Exchange).where(Exchange.person_id == person_id)
    if entry_id is not None:
        statement = statement.where(Exchange.entry_id == entry_id)
    statement = statement.order_by(Exchange.created_at.desc()).limit(KEPT)
    return (await session.execute(statement)).scalars().all()


async def house_version(session: AsyncSession, season_id: UUID) -> Submission | None:
    """The version of the season's house entry that goes on stage."""
    house = select(Entry.id).where(Entry.season_id == season_id, Entry.kind == "house")
    return await competing_version(session, (await session.execute(house)).scalar_one())


async def describe(session: AsyncSession, row: Exchange) -> PracticeOut:
    """The exchange with what is said so far, and why it waits."""
    job = await jobs.latest(session, row.id) if row.state in UNDER_WAY else None
    submission = await session.get_one(Submission, row.submission_id)
    return PracticeOut.of(row, submission.version, await answers(session, row.id), job)
