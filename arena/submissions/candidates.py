"""Candidates: what producers make of a season's own shows. An entry of theirs that never goes on stage.

It goes through the same gates as anybody's, so that nothing goes unseen in it that would be seen in another's.
"""

from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.site import Site
from arena.moderation.names import skeleton
from arena.shows.public import Season
from arena.submissions.arrive import StoredFile, receive
from arena.submissions.artifacts import DATA_JSONL
from arena.submissions.models import Entry, Submission
from arena.submissions.sealing import sealed

ORIGIN = {
    "id": "other",
    "note": "Answers of the season's own shows, preferred as its judges, or judges and hall, have said. AI-generated.",
}
"""Where such data comes from, in the form in which everybody declares a licence."""


async def enter_dataset(
    site: Site, session: AsyncSession, season: Season, maker: Person, rows: bytes
) -> tuple[Entry, Submission]:
    """A new candidate, its first version these canonical rows, sealed under their hash. The lab checks them next."""
    digest = sha256(rows).hexdigest()
    key = sealed(digest, DATA_JSONL)
    await site.storage.put_once(key, rows)
    name = f"Preferences {digest[:8]}"
    entry = Entry(
        season_id=season.id, owner_id=maker.id, name=name, skeleton=skeleton(name), kind="candidate"
    )
    session.add(entry)
    await session.flush()
    row = await receive(
        site, session, entry, "dataset", {DATA_JSONL: StoredFile(key=key, sha256=digest, size=len(rows))}
    )
    row.licence = ORIGIN
    return entry, row


async def read_dataset(site: Site, digest: str) -> bytes:
    """The rows of a sealed data set, as small as those that are made here."""
    return await site.storage.read(sealed(digest, DATA_JSONL))
