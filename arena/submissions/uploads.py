"""Files on their way in: announced, appended to in pieces, complete.

Every piece is in the store and in the database before its bytes are acknowledged, so a cut line, a closed tab and a
restarted portal cost at most one piece. What arrives is only ever appended, by one request at a time: the newest.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect

from arena.kit.db import db_now, transaction
from arena.kit.errors import Conflict, Forbidden, GavelError, Invalid, NotFound, TooLarge, TooMany, TooSlow
from arena.kit.ids import new_id
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.shows.public import SeasonRules, season_rules
from arena.submissions import metrics
from arena.submissions.artifacts import check_files
from arena.submissions.contracts import SubmissionChanged, SubmissionReceived
from arena.submissions.dataset_checks import declared
from arena.submissions.models import REACHED, Entry, Submission, Upload, UploadPart
from arena.submissions.queries import parts_of, uploads_of
from arena.submissions.schemas import NewFile, NewSubmission
from arena.submissions.sealing import forget_canonical

PART_BYTES = 8 << 20
PART_SECONDS = 10.0
"""A piece, whichever comes first: in memory, in the store and, when a line breaks badly, to be sent again."""
WINDOW_SECONDS = 30.0
MIN_BYTES_PER_SECOND = 8 << 10
IDLE = timedelta(hours=24)
"""An upload that got nothing for so long is given up."""
DAY = timedelta(days=1)
NOT_COUNTED = ("failed", "cancelled")


# --- announced -----------------------------------------------------------------------------------------------


async def begin(site: Site, session: AsyncSession, entry: Entry, new: NewSubmission) -> Submission:
    """Make room for a version. The same files announced again give the upload that is under way.

    Whoever holds the entry is locked (`queries.lock_holder`): of two versions at once, one is first.
    """
    artifact, files = new.artifact, new.files
    rules = await season_rules(session, entry.season_id)
    try:
        check_files(artifact, {file.name: file.size for file in files}, rules.track)
    except GavelError as refusal:
        metrics.count(refusal.code)
        raise
    running = await _under_way(session, entry)
    if running is not None:
        if running.entry_id == entry.id and await _announced(session, running.id) == _as_set(files):
            if new.licence is not None:
                running.licence = await declared(site, session, artifact, new.licence, entry.owner_id)
            return running
        raise Conflict(
            "upload.in_progress",
            "Another upload of yours is under way. Finish or cancel it first.",
            submission_id=running.id,
        )
    await _refuse_after_deadline(session, rules)
    await _refuse_duplicate(session, entry, files)
    licence = await declared(site, session, artifact, new.licence, entry.owner_id)
    row = Submission(
        id=new_id(),
        entry_id=entry.id,
        version=await _counted_version(session, entry, rules),
        artifact=artifact,
        state="uploading",
        size_bytes=sum(file.size for file in files),
        licence=licence,
        checks=[],
        modules=[],
    )
    session.add(row)
    await session.flush()
    session.add_all(
        Upload(submission_id=row.id, name=file.name, size=file.size, sha256=file.sha256) for file in files
    )
    await session.flush()
    record(session, SubmissionChanged(submission_id=row.id))
    return row


async def _under_way(session: AsyncSession, entry: Entry) -> Submission | None:
    statement = (
        select(Submission)
        .join(Entry, Entry.id == Submission.entry_id)
        .where(Entry.holder == entry.holder, Submission.state == "uploading")
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def _announced(session: AsyncSession, submission_id: UUID) -> set[tuple[str, int, str]]:
    return {(row.name, row.size, row.sha256) for row in await uploads_of(session, submission_id)}


def _as_set(files: list[NewFile]) -> set[tuple[str, int, str]]:
    return {(file.name, file.size, file.sha256) for file in files}


async def _refuse_after_deadline(session: AsyncSession, rules: SeasonRules) -> None:
    if rules.closes_at is not None and await db_now(session) > rules.closes_at:
        raise Forbidden(
            "upload.window_closed", "The season no longer takes submissions.", closed_at=rules.closes_at
        )


async def _refuse_duplicate(session: AsyncSession, entry: Entry, files: list[NewFile]) -> None:
    """The same bytes again would get the same verdict. What failed through a fault of ours may come again."""
    statement = (
        select(Submission, Entry.name, func.count())
        .join(Entry, Entry.id == Submission.entry_id)
        .join(Upload, Upload.submission_id == Submission.id)
        .where(Entry.holder == entry.holder, REACHED.not_in(NOT_COUNTED))
        .where(tuple_(Upload.name, Upload.sha256).in_([(file.name, file.sha256) for file in files]))
        .group_by(Submission.id, Entry.name)
    )
    for same, name, equal in (await session.execute(statement)).all():
        if equal == len(files):
            raise Conflict(
                "upload.duplicate",
                f"These are exactly the files of version {same.version} of “{name}”.",
                version=same.version,
                entry=name,
            )


async def _counted_version(session: AsyncSession, entry: Entry, rules: SeasonRules) -> int:
    mine = Submission.entry_id == entry.id
    # What failed through a fault of ours, or never arrived, is not counted against the contestant.
    counted = select(func.count()).where(mine, REACHED.not_in(NOT_COUNTED), Submission.made_here.is_(False))
    if (await session.execute(counted)).scalar_one() >= rules.max_versions:
        raise TooMany(
            "upload.quota",
            f"This entry has used its {rules.max_versions} submissions of the season.",
            limit=rules.max_versions,
            per="season",
        )
    today = counted.where(Submission.created_at > func.clock_timestamp() - DAY)
    if (await session.execute(today)).scalar_one() >= rules.versions_per_day:
        raise TooMany(
            "upload.quota",
            f"This entry has used its {rules.versions_per_day} submissions of the last 24 hours.",
            limit=rules.versions_per_day,
            per="day",
        )
    return await next_version(session, entry)


async def next_version(session: AsyncSession, entry: Entry) -> int:
    """Whoever holds the entry is locked."""
    newest = select(func.coalesce(func.max(Submission.version), 0)).where(Submission.entry_id == entry.id)
    return (await session.execute(newest)).scalar_one() + 1


# --- appended to ------------------------------------------------------------------------------------------------


class Pace:
    """Refuses a sender who drips. `seen` is told of every chunk; the first window is free."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since, self._bytes = clock(), 0

    def seen(self, count: int) -> None:
        self._bytes += count
        elapsed = self._clock() - self._since
        if elapsed < WINDOW_SECONDS:
            return
        if self._bytes < MIN_BYTES_PER_SECOND * elapsed:
            raise TooSlow(
                "upload.too_slow",
                f"Less than {MIN_BYTES_PER_SECOND >> 10} KiB/s arrived. Send the rest when the line is better.",
            )
        self._since, self._bytes = self._clock(), 0


async def append(site: Site, upload_id: UUID, offset: int, body: AsyncIterator[bytes]) -> int:
    """Take in what comes, from byte `offset` on; returns how many bytes of the file are kept now.

    A line that breaks is no error: what came is kept, and the next request goes on from there. Raises Conflict when
    `offset` is not where the file ends, or when a newer request has taken over.
    """
    writer = await _take_over(site, upload_id, offset)
    chunks, held, since = list[bytes](), 0, time.monotonic()
    broken: Exception | None = None
    try:
        async for chunk in _timely(body):
            chunks.append(chunk)
            held += len(chunk)
            if held >= PART_BYTES or time.monotonic() - since > PART_SECONDS:
                await writer.write(b"".join(chunks))
                chunks, held, since = [], 0, time.monotonic()
    except (ClientDisconnect, TooSlow) as error:
        broken = error
    if rest := b"".join(chunks):
        await writer.write(rest)
    if isinstance(broken, TooSlow):
        raise broken
    return writer.offset


async def settle(session: AsyncSession, upload_id: UUID) -> int:
    """How many bytes of the file are kept, for good: what older requests still hold is not appended any more.

    Otherwise the rest of a request that was cut, still in the buffers of a busy machine, would move the end of the file
    between this answer and the next request, and a browser sends all its bytes before it hears that they do not fit.
    """
    row = await locked(session, upload_id)
    row.writer += 1
    return row.received


async def _timely(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    pace = Pace()
    while True:
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise TooSlow("upload.too_slow", f"Nothing arrived for {WINDOW_SECONDS:.0f} seconds.") from None
        pace.seen(len(chunk))
        yield chunk


class _Writer:
    """The one request that may append to an upload."""

    def __init__(self, site: Site, upload: Upload) -> None:
        self._site = site
        self._id, self._number, self._folder = upload.id, upload.writer, upload.submission_id
        self._size, self._sha256 = upload.size, upload.sha256
        self.offset = upload.received
        # Hashed on the way when the whole file comes in one request; otherwise read again at the end.
        self._hash = sha256() if self.offset == 0 else None

    async def write(self, part: bytes) -> None:
        """Keep one piece. With the last one the file is compared with its announced hash, then complete."""
        if self.offset + len(part) > self._size:
            raise TooLarge("upload.too_large", "More bytes came than were announced.", announced=self._size)
        key = f"incoming/{self._folder}/{self._id}/{self.offset:014d}-{self._number}"
        stored = asyncio.create_task(self._site.storage.put(key, part))
        if self._hash is not None:
            await asyncio.to_thread(self._hash.update, part)
        await stored
        last = self.offset + len(part) == self._size
        honest = not last or await self._digest(part) == self._sha256
        async with transaction(self._site.sessions, self._site.bus) as session:
            row = await locked(session, self._id)
            if row.writer != self._number:
                raise Conflict("upload.taken_over", "A newer request goes on with this upload.")
            _refuse_closed(await session.get_one(Submission, row.submission_id))
            row.touched_at = await db_now(session)
            if honest:
                session.add(UploadPart(upload_id=row.id, begin=self.offset, length=len(part), key=key))
                row.received = self.offset = self.offset + len(part)
                await session.flush()
                if last:
                    await _complete(session, row.submission_id)
            else:
                await session.execute(delete(UploadPart).where(UploadPart.upload_id == row.id))
                row.received = 0
        if not honest:
            raise Invalid(
                "upload.digest_mismatch",
                "The file that arrived is not the file that was announced. Send it again from the start.",
            )

    async def _digest(self, part: bytes) -> str:
        whole = self._hash
        if whole is None:
            whole = sha256()
            async with self._site.sessions() as session:
                parts = await parts_of(session, self._id)
            async for chunk in stored_bytes(self._site, parts):
                await asyncio.to_thread(whole.update, chunk)
            whole.update(part)
        return whole.hexdigest()


async def _take_over(site: Site, upload_id: UUID, offset: int) -> _Writer:
    async with transaction(site.sessions, site.bus) as session:
        row = await locked(session, upload_id)
        _refuse_closed(await session.get_one(Submission, row.submission_id))
        if offset != row.received:
            raise Conflict(
                "upload.offset_mismatch",
                f"The file is {row.received} bytes long so far; go on from there.",
                received=row.received,
            )
        row.writer += 1
        return _Writer(site, row)


def _refuse_closed(submission: Submission) -> None:
    if submission.state != "uploading":
        raise Conflict("upload.closed", "This upload is complete or was cancelled.")


async def _complete(session: AsyncSession, submission_id: UUID) -> None:
    """When nothing is missing any more, the line begins. The last byte decides whether it was in time."""
    submission = await session.get_one(Submission, submission_id)
    await session.refresh(submission, with_for_update=True)
    _refuse_closed(submission)
    if any(file.received < file.size for file in await uploads_of(session, submission_id)):
        return
    entry = await session.get_one(Entry, submission.entry_id)
    await _refuse_after_deadline(session, await season_rules(session, entry.season_id))
    submission.state = "received"
    record(session, SubmissionReceived(submission_id=submission.id))
    record(session, SubmissionChanged(submission_id=submission.id))


# --- given up ---------------------------------------------------------------------------------------------------


async def cancel(session: AsyncSession, submission: Submission) -> None:
    """At the contestant's word. Only what has not arrived can be cancelled."""
    await session.refresh(submission, with_for_update=True)
    _refuse_closed(submission)
    _give_up(session, submission, "upload.cancelled", "The upload was cancelled.")


async def give_up_idle(session: AsyncSession) -> None:
    """Uploads that got nothing for `IDLE` make room again."""
    fresh = select(Upload.submission_id).where(Upload.touched_at > func.clock_timestamp() - IDLE)
    statement = (
        select(Submission)
        .where(Submission.state == "uploading", Submission.id.not_in(fresh))
        .with_for_update(skip_locked=True)
    )
    for submission in (await session.execute(statement)).scalars().all():
        _give_up(session, submission, "upload.expired", "The upload was not finished within 24 hours.")


def _give_up(session: AsyncSession, submission: Submission, code: str, message: str) -> None:
    submission.state = "cancelled"
    submission.refusal = {"code": code, "message": message}
    record(session, SubmissionChanged(submission_id=submission.id))


async def forget_files(site: Site, session: AsyncSession) -> None:
    """Remove what was sent for versions that have their verdict: only the canonical form is ever used again.

    A version that a fault of ours ended keeps its files. At most a hundred pieces at a time.
    """
    statement = (
        select(UploadPart, Upload.submission_id)
        .join(Upload, Upload.id == UploadPart.upload_id)
        .join(Submission, Submission.id == Upload.submission_id)
        .where(REACHED.not_in(("uploading", "received", "failed")))
        .limit(100)
        .with_for_update(of=UploadPart, skip_locked=True)
    )
    judged = set[UUID]()
    for part, submission_id in (await session.execute(statement)).all():
        await site.storage.delete(part.key)
        await session.delete(part)
        judged.add(submission_id)
    for submission_id in judged:
        await forget_canonical(site, submission_id)


# --- reads ------------------------------------------------------------------------------------------------------


async def locked(session: AsyncSession, upload_id: UUID) -> Upload:
    statement = select(Upload).where(Upload.id == upload_id).with_for_update()
    found = (
        await session.execute(statement, execution_options={"populate_existing": True})
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("upload.not_found", "There is no such upload.")
    return found


async def stored_bytes(site: Site, parts: Sequence[UploadPart]) -> AsyncIterator[bytes]:
    """A file from its parts, in order."""
    for part in parts:
        async for chunk in site.storage.stream(part.key):
            yield chunk
