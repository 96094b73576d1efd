"""Reads of the gateway: which versions somebody may call, and what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.gateway.models import Completion
from arena.gateway.rules import DAY, KEPT, UNDER_WAY
from arena.kit.errors import NotFound
from arena.practice.public import house_version
from arena.submissions.public import Entry, Submission
from arena.teams.public import team_of


@dataclass(frozen=True)
class CallableModel:
    """One version that somebody may call."""

    name: str
    owned_by: str
    entry: Entry
    submission: Submission


async def callable_models(session: AsyncSession, season_id: UUID, person_id: UUID) -> list[CallableModel]:
    """The house first, then the caller's own ready versions, by entry: the competing one under the entry's name, each
    under `NAME:vN`."""
    found: list[CallableModel] = []
    house = await house_version(session, season_id)
    if house is not None and house.digest is not None:
        entry = await session.get_one(Entry, house.entry_id)
        found.append(CallableModel(entry.name, "house", entry, house))
    team = await team_of(session, person_id)
    holders = [person_id, team.id] if team else [person_id]
    statement = (
        select(Entry, Submission)
        .join(Submission, Submission.entry_id == Entry.id)
        .where(Entry.season_id == season_id, Entry.holder.in_(holders))
        .where(Submission.state == "ready", Submission.digest.is_not(None))
        .order_by(Entry.created_at, Submission.chosen.desc(), Submission.version.desc())
    )
    for entry, submission in (await session.execute(statement)).all():
        if all(known.entry is not entry for known in found):
            found.append(CallableModel(entry.name, "you", entry, submission))
        found.append(CallableModel(f"{entry.name}:v{submission.version}", "you", entry, submission))
    return found


async def callable_model(session: AsyncSession, season_id: UUID, person_id: UUID, name: str) -> CallableModel:
    """Raises NotFound, for what is not there and for what is not the caller's alike."""
    models = await callable_models(session, season_id, person_id)
    for one in models:
        if one.name.casefold() == name.strip().casefold():
            return one
    raise NotFound(
        "gateway.model_not_found",
        f"There is no model “{name}” that you may call. GET /v1/models lists yours.",
        param="model",
    )


async def completion(session: AsyncSession, completion_id: UUID, lock: bool = False) -> Completion:
    statement = select(Completion).where(Completion.id == completion_id)
    statement = statement.execution_options(populate_existing=True)
    if lock:
        statement = statement.with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise unknown()
    return found


def unknown() -> NotFound:
    return NotFound("gateway.completion_not_found", "You have no such completion.")


async def under_way(session: AsyncSession, person_id: UUID) -> bool:
    statement = select(Completion.id).where(
        Completion.person_id == person_id, Completion.state.in_(UNDER_WAY)
    )
    return (await session.execute(statement)).first() is not None


async def tokens_today(session: AsyncSession, person_id: UUID) -> int:
    """Generated for the person within the last 24 hours."""
    statement = select(func.coalesce(func.sum(Completion.tokens), 0)).where(
        Completion.person_id == person_id, Completion.created_at > func.clock_timestamp() - DAY
    )
    return int((await session.execute(statement)).scalar_one())


async def forgettable(session: AsyncSession, person_id: UUID) -> Sequence[UUID]:
    """What is older than the day that quotas count and more than is remembered."""
    statement = (
        select(Completion.id)
        .where(Completion.person_id == person_id)
        .where(Completion.created_at < func.clock_timestamp() - DAY)
        .order_by(Completion.created_at.desc())
        .offset(KEPT)
    )
    return (await session.execute(statement)).scalars().all()
