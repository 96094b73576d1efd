"""Suites as a site has them: those that ship, those that were imported, and the seed that a season has drawn."""

from collections.abc import Sequence
from hashlib import sha256
from secrets import token_hex
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from arena.benchmarks import suites
from arena.benchmarks.contracts import SuiteSpec
from arena.benchmarks.models import ImportedSuite, SeasonSeed
from arena.kit.db import db_now, flush_unless_taken
from arena.kit.errors import Conflict, NotFound
from arena.kit.site import Site
from arena.nodes.public import commit
from arena.shows.public import season_rules
from arena.submissions.contracts import SuitesGiven


async def find(session: AsyncSession, suite_id: str) -> SuiteSpec:
    """The newest version of a suite; NotFound `suite.unknown`."""
    if suite_id in suites.shipped():
        return suites.load(suite_id)
    row = (
        await session.execute(
            select(ImportedSuite)
            .where(ImportedSuite.name == suite_id)
            .order_by(ImportedSuite.version.desc())
            .limit(1)
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("suite.unknown", "There is no such suite.", suite=suite_id[:60])
    return SuiteSpec.model_validate(row.spec)


async def every(session: AsyncSession) -> list[SuiteSpec]:
    """The newest version of each: those that ship first, then those that were imported, by id."""
    newest = (
        select(ImportedSuite)
        .ext(distinct_on(ImportedSuite.name))
        .order_by(ImportedSuite.name, ImportedSuite.version.desc())
    )
    imported = (await session.execute(newest)).scalars().all()
    return [*map(suites.load, suites.shipped()), *(SuiteSpec.model_validate(row.spec) for row in imported)]


async def of_season(session: AsyncSession, season_id: UUID, suite_id: str) -> SuiteSpec:
    """A suite as this season asks it: with the season's own seed once it has drawn one."""
    suite = await find(session, suite_id)
    drawn = await season_seed(session, season_id)
    return suite.model_copy(update={"seed": drawn.seed}) if drawn else suite


# --- files --------------------------------------------------------------------------------------------------------


def key(digest: str) -> str:
    """Where a file of a suite lies, by its sha256."""
    return f"suites/{digest}.jsonl"


async def links(site: Site, suite: SuiteSpec) -> dict[str, str]:
    """A signed link to each file that the suite needs, for a worker. Files that ship are put into the store here."""
    for digest in suite.files:
        if digest in suites.shipped_files():
            await site.storage.put_once(key(digest), suites.shipped_files()[digest].read_bytes())
    return {digest: site.links.read(key(digest)) for digest in suite.files}


async def read_file(site: Site, digest: str) -> bytes:
    """Raises NotFound `file.missing`."""
    shipped = suites.shipped_files().get(digest)
    return shipped.read_bytes() if shipped else await site.storage.read(key(digest))


async def given(site: Site, session: AsyncSession, season_id: UUID) -> SuitesGiven:
    """What a data set is compared with: all that the season asks."""
    rules = await season_rules(session, season_id)
    asked = [await of_season(session, season_id, one) for one in dict.fromkeys((rules.suite, *rules.suites))]
    files: dict[str, str] = {}
    for suite in asked:
        files |= await links(site, suite)
    return SuitesGiven(specs=[suite.model_dump(mode="json") for suite in asked], files=files)


# --- a season's seed ----------------------------------------------------------------------------------------------


async def season_seed(session: AsyncSession, season_id: UUID) -> SeasonSeed | None:
    statement = select(SeasonSeed).where(SeasonSeed.season_id == season_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def draw_seed(session: AsyncSession, season_id: UUID, by: UUID | None) -> SeasonSeed:
    """Nobody has seen the questions that it gives. Raises Conflict `suite.seed_drawn`: a season draws once."""
    row = SeasonSeed(season_id=season_id, seed=token_hex(32), drawn_by=by)
    session.add(row)
    await flush_unless_taken(
        session, Conflict("suite.seed_drawn", "This season has drawn its seed already; it keeps it.")
    )
    return row


async def release_seed(session: AsyncSession, season_id: UUID) -> SeasonSeed:
    """From now on everybody can make the questions. Raises Conflict `suite.no_seed`."""
    row = await season_seed(session, season_id)
    if row is None:
        raise Conflict("suite.no_seed", "This season has drawn no seed: its suites have their published one.")
    if row.released_at is None:
        row.released_at = await db_now(session)
    return row


def commitment(row: SeasonSeed) -> str:
    """Published from the draw on. There are too many seeds to try."""
    return commit(str(row.season_id), row.seed)


# --- importing ----------------------------------------------------------------------------------------------------


async def add(
    site: Site, session: AsyncSession, suite: SuiteSpec, files: Sequence[bytes], by: UUID | None
) -> SuiteSpec:
    """Keep a suite that was checked, as the next version of its id. Raises Conflict `suite.reserved`,
    `suite.shipped`, `suite.unchanged` or `suite.busy`.
    """
    if suite.id == suites.SURPRISE:
        raise Conflict("suite.reserved", suites.RESERVED, suite=suite.id)
    if suite.id in suites.shipped():
        raise Conflict(
            "suite.shipped", "A suite of this id comes with Gavel. Take another id.", suite=suite.id
        )
    last = select(func.max(ImportedSuite.version)).where(ImportedSuite.name == suite.id)
    version = 1 + ((await session.execute(last)).scalar_one() or 0)
    made = suite.model_copy(update={"version": version})
    if version > 1:
        before = await find(session, suite.id)
        if before.model_copy(update={"version": version, "canary": made.canary}) == made:
            raise Conflict("suite.unchanged", f"Version {before.version} of this suite is the same.")
    for body in files:
        await site.storage.put_once(key(sha256(body).hexdigest()), body)
    session.add(
        ImportedSuite(
            name=made.id,
            version=version,
            digest=made.digest,
            spec=made.model_dump(mode="json"),
            imported_by=by,
        )
    )
    await flush_unless_taken(
        session, Conflict("suite.busy", "Somebody else is importing a suite of this id. Try again.")
    )
    return made


async def sealed(session: AsyncSession, season_id: UUID) -> bool:
    """Whether the season has drawn a seed that nobody may know yet."""
    row = await season_seed(session, season_id)
    return row is not None and row.released_at is None
