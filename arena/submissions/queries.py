"""Reads of submissions."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from arena.accounts.public import Person
from arena.kit.errors import Conflict
from arena.kit.jobs import service as jobs
from arena.submissions.contracts import Staged
from arena.submissions.models import (
    ENDED,
    AdapterMeasure,
    Entry,
    SimilarityFlag,
    Submission,
    Upload,
    UploadPart,
)
from arena.submissions.schemas import CompetingOut, EntryOut, FlagOut, RosterRow, SubmissionOut
from arena.teams import public as teams

COMPETES = Entry.kind != "candidate"


async def with_entry(session: AsyncSession, submission_id: UUID) -> tuple[Entry, Submission] | None:
    statement = (
        select(Entry, Submission)
        .join(Submission, Submission.entry_id == Entry.id)
        .where(Submission.id == submission_id)
        .execution_options(populate_existing=True)
    )
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def describe(session: AsyncSession, entry: Entry, row: Submission) -> SubmissionOut:
    """The submission with what its newest job says about progress and waiting."""
    job = await jobs.latest(session, row.id)
    position = await jobs.position(session, job) if job is not None else 0
    uploads = await uploads_of(session, row.id) if row.state == "uploading" else []
    return SubmissionOut.of(entry, row, job, position, uploads)


async def uploads_of(session: AsyncSession, submission_id: UUID) -> Sequence[Upload]:
    statement = select(Upload).where(Upload.submission_id == submission_id).order_by(Upload.name)
    return (await session.execute(statement, execution_options={"populate_existing": True})).scalars().all()


async def parts_of(session: AsyncSession, upload_id: UUID) -> Sequence[UploadPart]:
    statement = select(UploadPart).where(UploadPart.upload_id == upload_id).order_by(UploadPart.begin)
    return (await session.execute(statement)).scalars().all()


async def entries_of(session: AsyncSession, person_id: UUID) -> list[EntryOut]:
    """The person's own, and those of the team that the person is in."""
    team = await teams.team_of(session, person_id)
    mine = Entry.holder.in_([person_id, team.id] if team else [person_id])
    entries = (
        await session.execute(select(Entry).where(mine, COMPETES).order_by(Entry.created_at))
    ).scalars()
    return [await entry_out(session, entry, person_id) for entry in entries.all()]


async def lock_holder(session: AsyncSession, entry: Entry) -> None:
    """One decision at a time for whoever holds the entry, who may have several entries and several tabs."""
    if entry.team_id is not None:
        await teams.lock_team(session, entry.team_id)
    else:
        owner = select(Person.id).where(Person.id == entry.owner_id)
        await session.execute(owner.with_for_update(key_share=True))


async def competing_entries(session: AsyncSession, team_id: UUID) -> Sequence[str]:
    """The names of the team's entries that still have a version on its way to the stage, or there."""
    statement = (
        select(Entry.name)
        .join(Submission, Submission.entry_id == Entry.id)
        .where(Entry.team_id == team_id, Submission.state.not_in(ENDED))
        .distinct()
        .order_by(Entry.name)
    )
    return (await session.execute(statement)).scalars().all()


async def entry_out(session: AsyncSession, entry: Entry, person_id: UUID) -> EntryOut:
    """The entry as the person sees it, with its versions, newest first."""
    newest_first = (
        select(Submission).where(Submission.entry_id == entry.id).order_by(Submission.version.desc())
    )
    rows = (await session.execute(newest_first)).scalars().all()
    submissions = [await describe(session, entry, row) for row in rows]
    row = await competing_version(session, entry.id)
    competing = CompetingOut(submission_id=row.id, version=row.version, chosen=row.chosen) if row else None
    team = await session.get_one(teams.Team, entry.team_id) if entry.team_id else None
    return EntryOut(
        id=entry.id,
        name=entry.name,
        kind=entry.kind,
        team=team.name if team else None,
        decides=team is None or team.captain_id == person_id,
        competing=competing,
        submissions=submissions,
    )


async def roster(session: AsyncSession, season_id: UUID) -> list[RosterRow]:
    version = aliased(Submission, _competing().subquery())
    statement = (
        select(Entry, version)
        .outerjoin(version, version.entry_id == Entry.id)
        .where(Entry.season_id == season_id, COMPETES)
        .order_by(Entry.created_at)
    )
    # The outer join gives no version for an entry that is not ready.
    rows: list[tuple[Entry, Submission | None]] = [
        (row[0], row[1]) for row in (await session.execute(statement)).all()
    ]
    return [
        RosterRow(
            entry_id=entry.id,
            name=entry.name,
            kind=entry.kind,
            submission_id=row.id if row is not None else None,
            version=row.version if row is not None else None,
            digest=row.digest if row is not None else None,
            ready=row is not None,
        )
        for entry, row in rows
    ]


async def owners(session: AsyncSession, entry_ids: Collection[UUID]) -> set[UUID]:
    """Who made these entries, and everybody who is or ever was in a team that holds one of them.

    Whoever leaves a team, before a vote or after it, does not become its judge. The house's entry is nobody's.
    """
    statement = select(Entry.owner_id, Entry.team_id).where(Entry.id.in_(entry_ids))
    found = (await session.execute(statement)).all()
    makers = {entry.owner_id for entry in found if entry.owner_id is not None}
    return makers | await teams.ever_members(session, {entry.team_id for entry in found if entry.team_id})


async def entries(session: AsyncSession, season_id: UUID) -> Sequence[Entry]:
    """Those that compete, and the house."""
    statement = select(Entry).where(Entry.season_id == season_id, COMPETES).order_by(Entry.created_at)
    return (await session.execute(statement)).scalars().all()


async def competing_version(session: AsyncSession, entry_id: UUID) -> Submission | None:
    """The version of the entry that goes on stage."""
    statement = _competing().where(Submission.entry_id == entry_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def competing(session: AsyncSession, season_id: UUID) -> dict[UUID, Submission]:
    """`competing_version` of each entry of a season that has one, by entry, the oldest entry first."""
    statement = _competing().join(Entry, Entry.id == Submission.entry_id).where(Entry.season_id == season_id)
    return {row.entry_id: row for row in (await session.execute(statement)).scalars()}


async def stage_adapters(session: AsyncSession, season_id: UUID) -> list[str]:
    """Digests of what answers for the season's competing versions, oldest entry first, each once."""
    rows = await competing(session, season_id)
    answering = [await staged(session, row) for row in rows.values() if row.artifact in ("adapter", "prompt")]
    return list(dict.fromkeys(one.adapter_digest for one in answering))


async def staged(session: AsyncSession, row: Submission) -> Staged:
    """What answers for a verified version. A system prompt speaks through the season's identity adapter, so that it
    costs the engine what any entry costs (infra/decisions/0004)."""
    if row.artifact == "adapter":
        return Staged(adapter_digest=row.digest or "")
    if row.artifact != "prompt":
        raise Conflict("submission.not_staged", "Only adapters and system prompts answer on stage.")
    house = aliased(Entry)
    statement = (
        select(Submission.digest)
        .join(house, house.id == Submission.entry_id)
        .join(Entry, Entry.season_id == house.season_id)
        .where(Entry.id == row.entry_id, house.kind == "house")
    )
    identity = (await session.execute(statement)).scalar_one()
    return Staged(adapter_digest=identity or "", system_digest=row.digest)


def _competing() -> Select[Submission]:
    """Of each entry the ready version that its owner chose, or else the newest ready one. Decided here alone."""
    return (
        select(Submission)
        .where(Submission.state == "ready", Submission.entry_id.in_(select(Entry.id).where(COMPETES)))
        .ext(distinct_on(Submission.entry_id))
        .order_by(Submission.entry_id, Submission.chosen.desc(), Submission.version.desc())
    )


async def measure_of(session: AsyncSession, submission_id: UUID) -> AdapterMeasure | None:
    statement = select(AdapterMeasure).where(AdapterMeasure.submission_id == submission_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def flags(session: AsyncSession, season_id: UUID, reviewed: bool) -> list[FlagOut]:
    """The season's similarity flags, open or reviewed, the likest first."""
    looked_at = SimilarityFlag.reviewed_at.is_not(None) if reviewed else SimilarityFlag.reviewed_at.is_(None)
    return await _flags(session, Entry.season_id == season_id, looked_at)


async def flag_out(session: AsyncSession, flag: SimilarityFlag) -> FlagOut:
    (described,) = await _flags(session, SimilarityFlag.id == flag.id)
    return described


async def _flags(session: AsyncSession, *wanted: ColumnElement[bool]) -> list[FlagOut]:
    other_entry, other, owner, other_owner, reviewer, team, other_team = (
        aliased(Entry), aliased(Submission), aliased(Person), aliased(Person), aliased(Person),
        aliased(teams.Team), aliased(teams.Team),
    )  # fmt: skip
    columns: list[Any] = [
        SimilarityFlag, Submission, Entry, owner, team, other, other_entry, other_owner, other_team, reviewer,
    ]  # fmt: skip
    statement = (
        select(*columns)
        .join(Submission, Submission.id == SimilarityFlag.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .join(owner, owner.id == Entry.owner_id)
        .join(other, other.id == SimilarityFlag.other_id)
        .join(other_entry, other_entry.id == other.entry_id)
        .join(other_owner, other_owner.id == other_entry.owner_id)
        .outerjoin(team, team.id == Entry.team_id)
        .outerjoin(other_team, other_team.id == other_entry.team_id)
        .outerjoin(reviewer, reviewer.id == SimilarityFlag.reviewed_by)
        .where(*wanted)
        .order_by(SimilarityFlag.cosine.desc(), SimilarityFlag.created_at)
    )
    return [FlagOut.of(*row) for row in (await session.execute(statement)).all()]
