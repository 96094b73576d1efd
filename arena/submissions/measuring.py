"""How long it takes to compare a new adapter with all stored ones, on a real database. For `gavel bench intake`."""

import asyncio
import time
from dataclasses import dataclass

import numpy as np
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.kit.db import make_engine, make_sessions
from arena.kit.ids import new_id
from arena.shows.public import Season, SeasonRules
from arena.submissions import similarity
from arena.submissions.compare import candidates
from arena.submissions.contracts import SKETCH_SIZE
from arena.submissions.models import AdapterMeasure, Entry, Submission


@dataclass(frozen=True)
class Timing:
    seconds: float
    """Read all sketches from PostgreSQL and estimate all cosines."""
    baseline_seconds: float
    """One numpy product over the same bytes, already in memory."""


def measure_similarity(stored: int, database_url: str) -> Timing:
    """Compare one new adapter with `stored` others, in a migrated database where nothing of it stays.

    The rows are made inside a transaction that is rolled back. Not to be called from a running event loop.
    """
    return asyncio.run(_measure(stored, database_url))


async def _measure(stored: int, database_url: str) -> Timing:
    engine = make_engine(database_url, pool_size=1)
    draw = np.random.default_rng(0)
    sketches = draw.normal(size=(stored, SKETCH_SIZE)).astype(np.float32)
    sketches /= np.linalg.norm(sketches, axis=1, keepdims=True)
    try:
        async with make_sessions(engine)() as session:
            entry = await _furnish(session, [similarity.pack(one) for one in sketches])
            started = time.perf_counter()
            await candidates(session, entry, sketches[0])
            seconds = time.perf_counter() - started
            await session.rollback()
    finally:
        await engine.dispose()
    kept = sketches.astype("<f2")
    started = time.perf_counter()
    np.dot(kept, sketches[0])
    return Timing(seconds, time.perf_counter() - started)


async def _furnish(session: AsyncSession, packed: list[bytes]) -> Entry:
    """A season with one stored adapter for each sketch, all of one rival; returns the entry that is compared."""
    rules = SeasonRules()
    season = Season(name="measured", rules=rules.model_dump(mode="json"), rules_digest=rules.digest)
    people = [Person(email=f"{new_id()}@example.org", display_name="Measured", roles=[]) for _ in range(2)]
    session.add_all([season, *people])
    await session.flush()
    rival, entry = (
        Entry(season_id=season.id, owner_id=person.id, name=str(person.id), skeleton=str(person.id))
        for person in people
    )
    session.add_all([rival, entry])
    await session.flush()
    ids = [new_id() for _ in packed]
    submissions = [
        {
            "id": id, "entry_id": rival.id, "version": version, "state": "verified", "size_bytes": 1,
            "checks": [], "digest": f"{version:064x}", "modules": [],
        }
        for version, id in enumerate(ids, start=1)
    ]  # fmt: skip
    measures = [
        {"id": new_id(), "submission_id": id, "scheme": similarity.SCHEME, "sketch": sketch, "xray": {}}
        for id, sketch in zip(ids, packed, strict=True)
    ]
    if packed:
        await session.execute(insert(Submission), submissions)
        await session.execute(insert(AdapterMeasure), measures)
    return entry
