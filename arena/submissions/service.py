"""What happens to entries and to versions that have their verdict (`uploads` brings them, `verdict` judges them)."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.db import db_now
from arena.kit.errors import Conflict, Forbidden, NotFound, TooMany
from arena.kit.jobs.outbox import record
from arena.kit.names import ENTRY_CHARS, clean_name
from arena.kit.site import Site
from arena.moderation.names import reserved, skeleton
from arena.moderation.public import require
from arena.shows.public import Season, SeasonRules, season_rules
from arena.submissions.adapter_config import AdapterConfig, read_config
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.checklist import line_of
from arena.submissions.contracts import (
    AdapterRef,
    Check,
    CompetingChanged,
    SubmissionChanged,
    SubmissionProbed,
)
from arena.submissions.metrics import count_verdict
from arena.submissions.models import Entry, Submission, SubmissionState
from arena.submissions.queries import COMPETES, competing_entries, lock_holder
from arena.submissions.refusals import AdapterRefused
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter
from arena.submissions.sealing import seal_adapter, sealed
from arena.teams import public as teams

HOUSE_NAME = "House"


async def make_entry(site: Site, session: AsyncSession, season: Season, owner: Person, name: str) -> Entry:
    """A new name on stage.

    Raises Invalid `name.invalid` or `moderation.…` for a name that may not be shown, Conflict for one that is taken or
    looks like another of the season.
    """
    name = clean_name(name, ENTRY_CHARS)
    own = reserved(name)
    if own is not None:
        raise _taken(name, own)
    # Held is refused here, like blocked: there is no queue yet in which a name could wait for a moderator, and a name
    # that was let in would be on every page at once.
    await require(site, session, "entry.name", name, owner.id)
    team = await teams.team_of(session, owner.id)
    entry = Entry(
        season_id=season.id,
        owner_id=owner.id,
        team_id=team.id if team else None,
        name=name,
        skeleton=skeleton(name),
        kind="contestant",
    )
    # Held, so that two requests at once cannot both be the last one allowed.
    await lock_holder(session, entry)
    await _refuse_over_quota(session, season, owner, team)
    try:
        async with session.begin_nested():
            session.add(entry)
    except IntegrityError as error:
        # Asked afterwards: of two at once, the second learns here what the first is called.
        alike = select(Entry.name).where(Entry.season_id == season.id, Entry.skeleton == skeleton(name))
        raise _taken(name, (await session.execute(alike)).scalar_one()) from error
    return entry


async def _refuse_over_quota(
    session: AsyncSession, season: Season, owner: Person, team: teams.Team | None
) -> None:
    """A team counts as one contestant, together with all that its members have ever made: neither joining nor leaving
    nor disbanding gives anybody more."""
    most = SeasonRules.model_validate(season.rules).max_entries
    made: ColumnElement[bool] = Entry.owner_id == owner.id
    if team is not None:
        if team.captain_id != owner.id:
            raise teams.captain_only()
        people = [person.id for _, person in await teams.members(session, team.id)]
        made = or_(Entry.owner_id.in_(people), Entry.team_id == team.id)
    mine = select(func.count()).where(Entry.season_id == season.id, made, COMPETES)
    if (await session.execute(mine)).scalar_one() >= most:
        raise TooMany("entry.quota", f"A contestant may have {most} entries in this season.", limit=most)


async def give_to_team(session: AsyncSession, entry: Entry, captain_id: UUID) -> None:
    """What a captain has made alone becomes the team's, for good."""
    team = await teams.team_of(session, captain_id)
    if team is None:
        raise NotFound("team.none", "You are in no team.")
    # The team before the entry, as whoever chooses a version does.
    if (await teams.lock_team(session, team.id)).captain_id != captain_id:
        raise teams.captain_only()
    await session.refresh(entry, with_for_update={"key_share": True})
    if entry.team_id is not None:
        raise Conflict("entry.of_a_team", "This entry belongs to a team already.")
    entry.team_id = team.id


async def disband(session: AsyncSession, team: teams.Team) -> None:
    """Only a team of which nothing competes any more may end: nobody would be left to answer for it."""
    left = await competing_entries(session, team.id)
    if left:
        names = ", ".join(f"“{name}”" for name in left)
        raise Conflict(
            "team.competes",
            f"The team still competes with {names}. Withdraw all versions first.",
            entries=names,
        )
    await teams.disband(session, team)


def _taken(name: str, other: str) -> Conflict:
    if name.casefold() == other.casefold():
        return Conflict(
            "entry.name_taken", f"The name “{name}” is taken in this season. Choose another.", name=name
        )
    sentence = f"The name “{name}” looks like “{other}”, which is taken in this season. Choose another."
    return Conflict("name.confusable", sentence, name=name, other=other)


async def sealed_config(site: Site, session: AsyncSession, entry: Entry, digest: str) -> AdapterConfig | None:
    """What the config of a sealed adapter says; None when it is not in the store any more, or not taken today."""
    base = (await season_rules(session, entry.season_id)).track.base
    try:
        return read_config(await site.storage.read(sealed(digest, CONFIG)), base, base.max_rank).config
    except NotFound:
        return None


def adapter_ref(site: Site, digest: str) -> AdapterRef:
    return AdapterRef(
        digest=digest,
        name=engine_name(digest),
        config_url=site.links.read(sealed(digest, CONFIG)),
        weights_url=site.links.read(sealed(digest, WEIGHTS)),
    )


async def mark(session: AsyncSession, submission_id: UUID, state: SubmissionState) -> None:
    """For the steps after verification: `benchmarking`, then `ready`."""
    row = await held(session, submission_id)
    row.move(state)
    record(session, SubmissionChanged(submission_id=row.id))


async def refuse(
    session: AsyncSession, submission_id: UUID, code: str, message: str, check: Check | None = None
) -> None:
    """For the steps after verification, when the version cannot go on stage after all. `check` joins its checklist."""
    row = await held(session, submission_id)
    row.move("refused")
    row.refusal = {"code": code, "message": message}
    if check is not None:
        row.checks = [*row.checks, check.model_dump(mode="json")]
    count_verdict(session, code)
    record(session, SubmissionChanged(submission_id=row.id))


NO_EFFECT = {
    "adapter": "The adapter answers every probe prompt exactly like the base model. Train it longer.",
    "prompt": "With this prompt the base model answers every probe prompt exactly as without it. Say more.",
}


async def refuse_without_effect(session: AsyncSession, row: Submission) -> None:
    """Measured on the show's engine. Of an adapter the probe has found it out before, unless that engine is of another
    build."""
    problem = AdapterRefused(f"{row.artifact}.no_effect", NO_EFFECT[row.artifact])
    await refuse(session, row.id, problem.code, problem.message, line_of("measured", [problem]))


async def failed(session: AsyncSession, submission_id: UUID, reason: str) -> None:
    """Our fault, not the contestant's: it does not count against the quota."""
    row = await held(session, submission_id)
    row.move("failed")
    row.refusal = {"code": "platform.fault", "message": f"The platform could not finish this: {reason}"}
    record(session, SubmissionChanged(submission_id=row.id))


async def held(session: AsyncSession, submission_id: UUID) -> Submission:
    """Read anew and held: its owner may withdraw it at the very moment in which the line moves it on."""
    hold = {"key_share": True}
    return await session.get_one(Submission, submission_id, with_for_update=hold, populate_existing=True)


# --- what its owner decides ---------------------------------------------------------------------------------------


async def choose(session: AsyncSession, entry: Entry, submission_id: UUID | None) -> None:
    """Let this ready version compete, or with None again the newest ready one. Raises Forbidden after the deadline."""
    # One choice at a time, so that there is one in the end. The clock is asked by whoever has his turn.
    await session.refresh(entry, with_for_update={"key_share": True})
    await refuse_when_closed(session, entry)
    row = await session.get(Submission, submission_id) if submission_id is not None else None
    if submission_id is not None and (row is None or row.entry_id != entry.id):
        raise NotFound("submission.not_found", "The entry has no such version.")
    chosen = Submission.entry_id == entry.id, Submission.chosen
    await session.execute(update(Submission).where(*chosen).values(chosen=False))
    if row is not None:
        row = await held(session, row.id)
        if row.state != "ready":
            raise Conflict("submission.not_ready", "Only a version that is ready for the stage can compete.")
        row.chosen = True
        await session.flush()
    record(session, CompetingChanged(season_id=entry.season_id))


async def withdraw(session: AsyncSession, entry: Entry, row: Submission) -> None:
    """Keep a version off the stage from now on. Duels that have begun, and all records, stay as they are.

    What is under way for it is carried through unseen, so that nothing has to be begun again when it is restored.
    """
    row = await held(session, row.id)
    if row.state == "uploading":
        raise Conflict("submission.uploading", "This version has not arrived. Cancel its upload instead.")
    if row.state == "withdrawn":
        raise Conflict("submission.withdrawn", "This version has been withdrawn already.")
    row.withdrawn_from, row.state, row.chosen = row.state, "withdrawn", False
    await _competes_or_not(session, entry, row)


async def restore(session: AsyncSession, entry: Entry, row: Submission) -> None:
    """Undo `withdraw`. Raises Forbidden after the deadline."""
    row = await held(session, row.id)
    await refuse_when_closed(session, entry)
    if row.withdrawn_from is None:
        raise Conflict("submission.not_withdrawn", "This version has not been withdrawn.")
    row.state, row.withdrawn_from = row.withdrawn_from, None
    await _competes_or_not(session, entry, row)


async def _competes_or_not(session: AsyncSession, entry: Entry, row: Submission) -> None:
    await session.flush()
    record(session, SubmissionChanged(submission_id=row.id))
    record(session, CompetingChanged(season_id=entry.season_id))


async def is_open(session: AsyncSession, entry: Entry) -> bool:
    """Whether its holder may still decide about it. A deadline is for those who compete."""
    if entry.kind == "candidate":
        return True
    closes_at = (await season_rules(session, entry.season_id)).closes_at
    return closes_at is None or await db_now(session) <= closes_at


async def refuse_when_closed(session: AsyncSession, entry: Entry) -> None:
    if not await is_open(session, entry):
        closes_at = (await season_rules(session, entry.season_id)).closes_at
        raise Forbidden(
            "entry.closed", "The deadline has passed: what competes is settled.", closed_at=closes_at
        )


# --- the house ----------------------------------------------------------------------------------------------------


async def ensure_house(site: Site, session: AsyncSession, season: Season) -> Entry:
    """The house entry: the untuned base model, served as an identity adapter (infra/decisions/0004).

    Nothing is to be found out about it by a probe: it changes nothing by construction, and no stranger made it.

    Called at each start, so that a house whose benchmark a fault of ours ended gets another try.
    """
    statement = select(Entry).where(Entry.season_id == season.id, Entry.kind == "house")
    entry = (await session.execute(statement)).scalar_one_or_none()
    if entry is not None:
        broken = select(Submission).where(Submission.entry_id == entry.id, Submission.state == "failed")
        for row in (await session.execute(broken)).scalars():
            row.state, row.refusal = "verified", None
            record(session, SubmissionProbed(submission_id=row.id))
        return entry
    base = SeasonRules.model_validate(season.rules).track.base
    config, weights = identity_adapter(base)
    digest = adapter_digest(config, weights)
    await seal_adapter(site, digest, config, weights)
    entry = Entry(
        season_id=season.id, owner_id=None, name=HOUSE_NAME, skeleton=skeleton(HOUSE_NAME), kind="house"
    )
    session.add(entry)
    await session.flush()
    row = Submission(
        entry_id=entry.id,
        version=1,
        state="verified",
        size_bytes=len(config) + len(weights),
        checks=[],
        digest=digest,
        modules=sorted(base.modules),
    )
    session.add(row)
    await session.flush()
    record(session, SubmissionProbed(submission_id=row.id))
    return entry
