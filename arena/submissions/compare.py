"""What happens after a passed inspection: the adapter is compared with all of the season's other owners' adapters.

The service half of `similarity`. A near copy is flagged for the producers with its evidence; it is admitted like any
other, because honest twins exist (same base, same data, same recipe) and only a person can tell them from theft.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.kit.db import db_now
from arena.kit.errors import Conflict
from arena.kit.jobs.outbox import record
from arena.shows.base_models import BaseModel
from arena.shows.public import Season, season_rules
from arena.submissions import similarity
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check, Measures, SubmissionChanged
from arena.submissions.models import AdapterMeasure, Entry, SimilarityFlag, Submission
from arena.submissions.queries import COMPETES
from arena.submissions.refusals import AdapterRefused
from arena.submissions.similarity import Likeness, Vector

CHECK = "similarity"
"""The line in the contestant's checklist."""
MAX_EXACT = 32
"""How many likely originals are looked at exactly. A crowd of copies cannot keep a transaction open for minutes, and
the likest of them are evidence enough."""
AT_ONCE = 256
"""Sketches in memory at a time (4 MiB)."""

SAME_BYTES = "SHA-256"
"""Stands for the calibration of a flag that needs none."""
NEAR = (
    "The adapter is nearly the same as another one of this season. The producers will look at it; "
    "until they say otherwise it competes like any other."
)
IDENTICAL = (
    "Somebody else of this season has sent in exactly the same before. The producers will look at it; "
    "until they say otherwise it competes like any other."
)

Files = tuple[bytes, bytes]
"""The config and the weights of a sealed adapter."""
ReadSealed = Callable[[str], Awaitable[Files]]
"""Gives them by the adapter's digest."""

log = structlog.get_logger()


async def keep_and_compare(
    session: AsyncSession, row: Submission, digest: str, measures: Measures, read: ReadSealed
) -> Check:
    """Keep what the lab measured on the adapter sealed as `digest`, flag what it copies, and say so in one check.

    Raises Conflict when the measures cannot be true.
    """
    entry = await session.get_one(Entry, row.entry_id)
    base = (await season_rules(session, entry.season_id)).track.base
    try:
        vector, xray = similarity.take(measures, base)
    except ValueError as error:
        raise Conflict("job.bad_measures", f"The lab's measures cannot be true: {error}.") from error
    # One comparison of a season at a time: of two copies that arrive together, the second must see the first.
    await session.get_one(Season, entry.season_id, with_for_update={"key_share": True})
    kept = AdapterMeasure(
        submission_id=row.id,
        scheme=similarity.SCHEME,
        sketch=similarity.pack(vector),
        xray=xray.model_dump(mode="json"),
    )
    session.add(kept)
    await session.flush()
    flags = 0
    near = await candidates(session, entry, vector)
    ours = await read(digest) if near else (b"", b"")
    for other_id, other_digest in near:
        likeness = await exact(base, ours, await read(other_digest))
        if likeness.cosine >= similarity.FLAG_COSINE:
            session.add(_flag(row.id, other_id, likeness))
            flags += 1
    await session.flush()
    log.info("adapter_compared", submission=str(row.id), flags=flags)
    return _check(flags)


async def compare_bytes(session: AsyncSession, row: Submission, digest: str) -> Check:
    """For what has no ΔW: flag who had sent in the very same canonical files before, and say so in one check."""
    entry = await session.get_one(Entry, row.entry_id)
    await session.get_one(Season, entry.season_id, with_for_update={"key_share": True})
    same = (
        select(Submission.id)
        .join(Entry, Entry.id == Submission.entry_id)
        .where(*_of_others(entry), Submission.artifact == row.artifact, Submission.digest == digest)
        .order_by(Submission.created_at)
        .limit(MAX_EXACT)
    )
    others = (await session.execute(same)).scalars().all()
    session.add_all(
        SimilarityFlag(
            submission_id=row.id,
            other_id=other,
            cosine=1.0,
            energy_share=1.0,
            modules=[],
            threshold=1.0,
            calibration=SAME_BYTES,
        )
        for other in others
    )
    await session.flush()
    return line_of(CHECK, [AdapterRefused("entry.identical", IDENTICAL)] if others else [], "warning")


def _of_others(entry: Entry) -> tuple[ColumnElement[bool], ...]:
    """Nobody can copy a candidate, which nobody sees; and promoted, it is its parent's holder's."""
    return (
        Entry.season_id == entry.season_id,
        COMPETES,
        Entry.holder != entry.holder,
        Entry.owner_id != entry.owner_id,
    )


async def candidates(session: AsyncSession, entry: Entry, vector: Vector) -> Sequence[tuple[UUID, str]]:
    """(submission, digest) of the season's other owners that the sketches put near the threshold, the likest first.

    The house has no owner and no copies: its ΔW is zero.
    """
    others = (
        select(AdapterMeasure.submission_id, Submission.digest, AdapterMeasure.sketch)
        .join(Submission, Submission.id == AdapterMeasure.submission_id)
        .join(Entry, Entry.id == Submission.entry_id)
        .where(*_of_others(entry), AdapterMeasure.scheme == similarity.SCHEME)
        .execution_options(yield_per=AT_ONCE)
    )
    near: list[tuple[float, UUID, str]] = []
    async for part in (await session.stream(others)).partitions():
        estimated = similarity.estimates(vector, (kept.sketch for kept in part))
        near += [
            (float(cosine), other.submission_id, other.digest)
            for cosine, other in zip(estimated, part, strict=True)
            if cosine >= similarity.FLAG_COSINE - similarity.MARGIN
        ]
    near.sort(key=lambda found: (-found[0], found[1]))
    if len(near) > MAX_EXACT:
        log.warning("many_near_duplicates", entry=str(entry.id), found=len(near), looked_at=MAX_EXACT)
    return [(other, digest) for _, other, digest in near[:MAX_EXACT]]


async def exact(base: BaseModel, ours: Files, theirs: Files) -> Likeness:
    """Two sealed adapters compared factor by factor, beside the event loop."""

    def work() -> Likeness:
        return similarity.compare(similarity.open_sealed(*ours, base), similarity.open_sealed(*theirs, base))

    return await asyncio.to_thread(work)


def _flag(submission_id: UUID, other_id: UUID, likeness: Likeness) -> SimilarityFlag:
    return SimilarityFlag(
        submission_id=submission_id,
        other_id=other_id,
        cosine=likeness.cosine,
        energy_share=likeness.energy_share,
        modules=[asdict(module) for module in likeness.modules],
        threshold=similarity.FLAG_COSINE,
        calibration=similarity.CALIBRATION,
    )


def _check(flags: int) -> Check:
    """What the contestant sees. Neither whose adapter it is like nor how much: he would aim by it."""
    return line_of(CHECK, [AdapterRefused("adapter.near_duplicate", NEAR)] if flags else [], "warning")


async def review(session: AsyncSession, flag: SimilarityFlag, person_id: UUID, note: str) -> None:
    """A producer has looked at it. Said once: his note is part of the record."""
    if flag.reviewed_at is not None:
        raise Conflict("similarity.reviewed", "This flag has been reviewed already.")
    flag.reviewed_at, flag.reviewed_by, flag.note = await db_now(session), person_id, note
    await session.flush()
    record(session, SubmissionChanged(submission_id=flag.submission_id))
