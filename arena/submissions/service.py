"""What happens to submissions: received, verified or refused, sealed."""

from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.db import Json, flush_unless_taken
from arena.kit.errors import Conflict, Invalid
from arena.kit.ids import new_id
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import require
from arena.shows.public import Season, SeasonRules, season_rules
from arena.submissions.contracts import (
    AdapterRef,
    SubmissionChanged,
    SubmissionReceived,
    SubmissionVerified,
    VerifyContract,
    VerifyResult,
)
from arena.submissions.models import Entry, Submission, SubmissionState
from arena.submissions.safetensors import adapter_digest, engine_name, identity_adapter

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MAX_CONFIG_BYTES = 64 << 10
ALIGNMENT = 4096
"""The canonical form pads its header, so it may be a few bytes longer than what was sent."""
HOUSE_NAME = "House"


def incoming(submission_id: UUID, name: str) -> str:
    return f"incoming/{submission_id}/{name}"


def canonical(submission_id: UUID, name: str) -> str:
    """Where the lab puts its re-serialised files until the portal has checked and sealed them."""
    return f"incoming/{submission_id}/canonical/{name}"


def sealed(digest: str, name: str) -> str:
    return f"sealed/{digest}/{name}"


async def make_entry(site: Site, session: AsyncSession, season: Season, owner: Person, name: str) -> Entry:
    """A new name on stage. Raises Invalid `moderation.…` for a name that may not be shown, Conflict for a taken one."""
    # Held is refused here, like blocked: there is no queue yet in which a name could wait for a moderator, and a name
    # that was let in would be on every page at once.
    await require(site, session, "entry.name", name, owner.id)
    entry = Entry(season_id=season.id, owner_id=owner.id, name=name, kind="contestant")
    session.add(entry)
    taken = f"The name “{name}” is taken in this season. Choose another."
    await flush_unless_taken(session, Conflict("entry.name_taken", taken, name=name))
    return entry


async def receive(
    site: Site, session: AsyncSession, entry: Entry, config: bytes, weights: bytes
) -> Submission:
    """Keep the two files as they came and let the line verify them."""
    rules = await season_rules(session, entry.season_id)
    if not config or not weights:
        missing = CONFIG if not config else WEIGHTS
        raise Invalid("upload.empty_file", f"The file {missing} is empty.", file=missing)
    await session.execute(select(Entry.id).where(Entry.id == entry.id).with_for_update())
    version = await _next_version(session, entry, rules)
    row = Submission(
        id=new_id(),
        entry_id=entry.id,
        version=version,
        state="received",
        weights_sha256=sha256(weights).hexdigest(),
        size_bytes=len(config) + len(weights),
        checks=[],
        modules=[],
    )
    session.add(row)
    await session.flush()
    await site.storage.put(incoming(row.id, CONFIG), config)
    await site.storage.put(incoming(row.id, WEIGHTS), weights)
    record(session, SubmissionReceived(submission_id=row.id))
    return row


async def _next_version(session: AsyncSession, entry: Entry, rules: SeasonRules) -> int:
    newest = select(func.coalesce(func.max(Submission.version), 0)).where(Submission.entry_id == entry.id)
    # What failed through a fault of ours is not counted against the contestant.
    counted = select(func.count()).where(Submission.entry_id == entry.id, Submission.state != "failed")
    if (await session.execute(counted)).scalar_one() >= rules.max_versions:
        raise Conflict(
            "upload.quota",
            f"This entry has used its {rules.max_versions} submissions of the season.",
            limit=rules.max_versions,
        )
    return int((await session.execute(newest)).scalar_one()) + 1


async def prepare_verify(site: Site, session: AsyncSession, job: Job) -> VerifyContract:
    row = await session.get_one(Submission, job.subject)
    entry = await session.get_one(Entry, row.entry_id)
    track = (await season_rules(session, entry.season_id)).track
    links = site.links
    record(session, SubmissionChanged(submission_id=row.id))
    return VerifyContract(
        submission_id=str(row.id),
        base_model=track.base_model,
        max_rank=track.max_rank,
        max_bytes=track.max_bytes,
        config_url=links.read(incoming(row.id, CONFIG)),
        weights_url=links.read(incoming(row.id, WEIGHTS)),
        weights_sha256=row.weights_sha256 or "",
        sealed_config_put_url=links.write(canonical(row.id, CONFIG), MAX_CONFIG_BYTES),
        sealed_weights_put_url=links.write(canonical(row.id, WEIGHTS), track.max_bytes + ALIGNMENT),
    )


async def finish_verify(site: Site, session: AsyncSession, submission_id: UUID, body: Json) -> None:
    """Write the verdict down. A verified adapter is hashed again here and sealed under its own hash."""
    result = VerifyResult.model_validate(body)
    row = await session.get_one(Submission, submission_id)
    row.checks = [check.model_dump(mode="json") for check in result.checks]
    if result.verdict == "refused" or result.digest is None:
        refusal = result.refusal
        row.state = "refused"
        row.refusal = refusal.model_dump() if refusal else {"code": "adapter.refused", "message": "Refused."}
        record(session, SubmissionChanged(submission_id=row.id))
        return
    config = await site.storage.read(canonical(row.id, CONFIG))
    weights = await site.storage.read(canonical(row.id, WEIGHTS))
    digest = adapter_digest(config, weights)
    if digest != result.digest:
        # The lab opens hostile files; what it says about them is checked, not believed.
        raise Conflict(
            "store.hash_mismatch", "The canonical files do not have the hash that the lab reported."
        )
    await seal(site, digest, config, weights)
    row.state = "verified"
    row.digest = digest
    row.rank = result.rank
    row.modules = list(result.modules or [])
    record(session, SubmissionVerified(submission_id=row.id))
    record(session, SubmissionChanged(submission_id=row.id))


async def seal(site: Site, digest: str, config: bytes, weights: bytes) -> None:
    """Put the adapter under its hash. Written once: a second writer finds the same content already there."""
    await site.storage.put_once(sealed(digest, WEIGHTS), weights)
    await site.storage.put_once(sealed(digest, CONFIG), config)


def adapter_ref(site: Site, digest: str) -> AdapterRef:
    return AdapterRef(
        digest=digest,
        name=engine_name(digest),
        config_url=site.links.read(sealed(digest, CONFIG)),
        weights_url=site.links.read(sealed(digest, WEIGHTS)),
    )


async def mark(session: AsyncSession, submission_id: UUID, state: SubmissionState) -> None:
    """For the steps after verification: `benchmarking`, then `ready`."""
    row = await session.get_one(Submission, submission_id)
    row.state = state
    record(session, SubmissionChanged(submission_id=row.id))


async def refuse(session: AsyncSession, submission_id: UUID, code: str, message: str) -> None:
    """For the steps after verification, when the adapter cannot go on stage after all."""
    row = await session.get_one(Submission, submission_id)
    row.state = "refused"
    row.refusal = {"code": code, "message": message}
    record(session, SubmissionChanged(submission_id=row.id))


async def failed(session: AsyncSession, submission_id: UUID, reason: str) -> None:
    """Our fault, not the contestant's: it does not count against the quota."""
    row = await session.get_one(Submission, submission_id)
    row.state = "failed"
    row.refusal = {"code": "platform.fault", "message": f"The platform could not finish this: {reason}"}
    record(session, SubmissionChanged(submission_id=row.id))


async def ensure_house(site: Site, session: AsyncSession, season: Season) -> Entry:
    """The house entry: the untuned base model, served as an identity adapter (infra/decisions/0004).

    Called at each start, so that a house whose benchmark a fault of ours ended gets another try.
    """
    statement = select(Entry).where(Entry.season_id == season.id, Entry.kind == "house")
    entry = (await session.execute(statement)).scalar_one_or_none()
    if entry is not None:
        broken = select(Submission).where(Submission.entry_id == entry.id, Submission.state == "failed")
        for row in (await session.execute(broken)).scalars():
            row.state, row.refusal = "verified", None
            record(session, SubmissionVerified(submission_id=row.id))
        return entry
    base = SeasonRules.model_validate(season.rules).track.base
    config, weights = identity_adapter(base)
    digest = adapter_digest(config, weights)
    await seal(site, digest, config, weights)
    entry = Entry(season_id=season.id, owner_id=None, name=HOUSE_NAME, kind="house")
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
    record(session, SubmissionVerified(submission_id=row.id))
    return entry
