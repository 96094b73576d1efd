"""What happens to submissions that have arrived (`uploads` brings them): verified or refused, sealed."""

from functools import partial
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.db import Json, flush_unless_taken
from arena.kit.errors import Conflict, TooMany
from arena.kit.jobs.models import Job
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.moderation.public import require
from arena.shows.public import Season, SeasonRules, season_rules
from arena.submissions.artifacts import CONFIG, MAX_CONFIG_BYTES, WEIGHTS
from arena.submissions.compare import keep_and_compare
from arena.submissions.contracts import (
    AdapterRef,
    SubmissionChanged,
    SubmissionVerified,
    VerifyContract,
    VerifyResult,
)
from arena.submissions.metrics import count_verdict
from arena.submissions.models import Entry, Submission, SubmissionState
from arena.submissions.queries import uploads_of
from arena.submissions.safetensors import adapter_digest, digest_of_hashes, engine_name, identity_adapter

ALIGNMENT = 4096
"""The canonical form pads its header, so it may be a few bytes longer than what was sent."""
HOUSE_NAME = "House"


def canonical(submission_id: UUID, name: str) -> str:
    """Where the lab puts its re-serialised files until the portal has checked and sealed them."""
    return f"incoming/{submission_id}/canonical/{name}"


def staged(submission_id: UUID, name: str) -> str:
    """A copy of `canonical` that no link can write to: what is hashed here is what gets sealed."""
    return f"incoming/{submission_id}/staged/{name}"


def sealed(digest: str, name: str) -> str:
    return f"sealed/{digest}/{name}"


async def make_entry(site: Site, session: AsyncSession, season: Season, owner: Person, name: str) -> Entry:
    """A new name on stage. Raises Invalid `moderation.…` for a name that may not be shown, Conflict for a taken one."""
    # Held is refused here, like blocked: there is no queue yet in which a name could wait for a moderator, and a name
    # that was let in would be on every page at once.
    await require(site, session, "entry.name", name, owner.id)
    most = SeasonRules.model_validate(season.rules).max_entries
    # Held, so that two requests at once cannot both be the last one allowed.
    await session.execute(select(Person.id).where(Person.id == owner.id).with_for_update(key_share=True))
    mine = select(func.count()).where(Entry.season_id == season.id, Entry.owner_id == owner.id)
    if (await session.execute(mine)).scalar_one() >= most:
        raise TooMany("entry.quota", f"A contestant may have {most} entries in this season.", limit=most)
    entry = Entry(season_id=season.id, owner_id=owner.id, name=name, kind="contestant")
    session.add(entry)
    taken = f"The name “{name}” is taken in this season. Choose another."
    await flush_unless_taken(session, Conflict("entry.name_taken", taken, name=name))
    return entry


async def prepare_verify(site: Site, session: AsyncSession, job: Job) -> VerifyContract:
    row = await session.get_one(Submission, job.subject)
    entry = await session.get_one(Entry, row.entry_id)
    track = (await season_rules(session, entry.season_id)).track
    links = site.links
    files = {upload.name: upload for upload in await uploads_of(session, row.id)}
    record(session, SubmissionChanged(submission_id=row.id))
    return VerifyContract(
        submission_id=str(row.id),
        base_model=track.base_model,
        max_rank=track.max_rank,
        max_bytes=track.max_bytes,
        config_url=links.upload(str(files[CONFIG].id)),
        weights_url=links.upload(str(files[WEIGHTS].id)),
        weights_sha256=files[WEIGHTS].sha256,
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
        count_verdict(session, row.refusal["code"])
        record(session, SubmissionChanged(submission_id=row.id))
        return
    await seal_canonical(site, row.id, result.digest)
    if result.measures is None:
        raise Conflict("job.bad_measures", "The lab has measured nothing on an adapter that it admitted.")
    alike = await keep_and_compare(session, row, result.digest, result.measures, partial(read_sealed, site))
    row.checks = [*row.checks, alike.model_dump(mode="json")]
    row.state = "verified"
    row.digest = result.digest
    row.rank = result.rank
    row.modules = list(result.modules or [])
    record(session, SubmissionVerified(submission_id=row.id))
    record(session, SubmissionChanged(submission_id=row.id))


async def seal_canonical(site: Site, submission_id: UUID, digest: str) -> None:
    """Put the lab's files under their hash.

    The lab opens hostile files: what it says about them is checked, not believed, and its links to `canonical` still
    write, so the files are copied out of its reach while they are hashed. Raises Conflict `store.hash_mismatch`.
    """
    storage = site.storage
    config = await storage.copy(canonical(submission_id, CONFIG), staged(submission_id, CONFIG))
    weights = await storage.copy(canonical(submission_id, WEIGHTS), staged(submission_id, WEIGHTS))
    if digest_of_hashes(config.sha256, weights.sha256) != digest:
        raise Conflict(
            "store.hash_mismatch", "The canonical files do not have the hash that the lab reported."
        )
    for name in (WEIGHTS, CONFIG):
        await storage.move_once(staged(submission_id, name), sealed(digest, name))


async def seal(site: Site, digest: str, config: bytes, weights: bytes) -> None:
    """Put a small adapter of our own under its hash. Written once: a second writer finds the same content there."""
    await site.storage.put_once(sealed(digest, WEIGHTS), weights)
    await site.storage.put_once(sealed(digest, CONFIG), config)


async def read_sealed(site: Site, digest: str) -> tuple[bytes, bytes]:
    """The config and the weights of a sealed adapter."""
    return await site.storage.read(sealed(digest, CONFIG)), await site.storage.read(sealed(digest, WEIGHTS))


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
    count_verdict(session, code)
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
