"""A version whose files nobody sent: they were made on this site and lie in the store already."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import Json
from arena.kit.ids import new_id
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.shows.public import Artifact
from arena.submissions.contracts import SubmissionChanged, SubmissionReceived
from arena.submissions.models import Entry, Submission, Upload, UploadPart
from arena.submissions.queries import lock_holder
from arena.submissions.uploads import next_version


@dataclass(frozen=True)
class StoredFile:
    key: str
    sha256: str
    size: int


async def receive(
    site: Site,
    session: AsyncSession,
    entry: Entry,
    artifact: Artifact,
    files: Mapping[str, StoredFile],
    licence: Json | None = None,
) -> Submission:
    """The entry's next version, as if its owner had sent these files: what follows is the same gate as for any upload.

    It counts as none of his uploads, and a track on which only data sets are sent takes the adapters that come of them.
    The files are copied: what was judged is forgotten, and what was made stays where it is.
    """
    await lock_holder(session, entry)
    row = Submission(
        id=new_id(),
        entry_id=entry.id,
        version=await next_version(session, entry),
        artifact=artifact,
        state="received",
        made_here=True,
        licence=licence,
        size_bytes=sum(file.size for file in files.values()),
        checks=[],
        modules=[],
    )
    session.add(row)
    await session.flush()
    for name, file in files.items():
        await _arrived(site, session, row.id, name, file)
    record(session, SubmissionReceived(submission_id=row.id))
    record(session, SubmissionChanged(submission_id=row.id))
    return row


async def _arrived(
    site: Site, session: AsyncSession, submission_id: UUID, name: str, file: StoredFile
) -> None:
    upload = Upload(
        id=new_id(),
        submission_id=submission_id,
        name=name,
        size=file.size,
        sha256=file.sha256,
        received=file.size,
    )
    key = f"incoming/{submission_id}/{upload.id}/whole"
    await site.storage.copy(file.key, key)
    session.add(upload)
    await session.flush()
    session.add(UploadPart(upload_id=upload.id, begin=0, length=file.size, key=key))
    await session.flush()
